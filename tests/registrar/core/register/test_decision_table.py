"""Listener x device x cluster switch (sip-wire 11): which answer comes, before any other rule matters."""

from __future__ import annotations

import pytest

OK, CHALLENGE, MISMATCH = "200", "407", "403 port mismatch"
FORBIDDEN, TLS_FAILURE = "403", "403 TLS"


def verdict(reply: bytes) -> str:
    text = reply.decode()
    status = text.split("SIP/2.0 100 Trying", 1)[-1].split("SIP/2.0 ", 1)[1][:3]
    if "SIP OAuth Registration port Mismatch" in text:
        assert "\r\nRetry-After: 35\r\n" in text
        return f"{status} port mismatch"
    return f"{status} TLS" if "TLS authentication failure" in text else status


@pytest.mark.parametrize(
    ("listener", "mode", "device", "dn", "certificate", "token", "expected"),
    [
        # 5090: TLS without a client certificate
        pytest.param("oauth", True, "CSFALICE", "1010", (), "", CHALLENGE, id="5090 oauth device, no token"),
        pytest.param("oauth", True, "CSFALICE", "1010", (), "good", OK, id="5090 oauth device, good token"),
        pytest.param("oauth", True, "CSFALICE", "1010", (), "old", CHALLENGE, id="5090 oauth device, expired"),
        pytest.param("oauth", True, "CSFSECURE", "1030", (), "", MISMATCH, id="5090 encrypted, no token"),
        pytest.param("oauth", True, "CSFSECURE", "1030", (), "good", MISMATCH, id="5090 encrypted, good token"),
        pytest.param("oauth", True, "CSFPLAIN", "1040", (), "good", MISMATCH, id="5090 plain device"),
        pytest.param("oauth", False, "CSFALICE", "1010", (), "good", MISMATCH, id="5090 switch off, oauth"),
        pytest.param("oauth", False, "CSFPLAIN", "1040", (), "", MISMATCH, id="5090 switch off, plain device"),
        pytest.param("oauth", False, "CSFNOBODY", "9", (), "", MISMATCH, id="5090 switch off, any device"),
        pytest.param("oauth", True, "CSFALICE", "1010", ("x",), "good", MISMATCH, id="5090 over mutual TLS"),
        pytest.param("oauth", True, "CSFNOBODY", "9", (), "good", "404", id="5090 unknown device"),
        # 5091: mutual TLS with Expressway-C
        pytest.param("mra", True, "CSFALICE", "1010", ("expc.example.com",), "", CHALLENGE, id="5091 no token"),
        pytest.param("mra", True, "CSFALICE", "1010", ("EXPC.example.com",), "good", OK, id="5091 good token"),
        pytest.param("mra", True, "CSFPLAIN", "1040", ("expc.example.com",), "good", MISMATCH, id="5091 plain"),
        pytest.param("mra", False, "CSFALICE", "1010", ("expc.example.com",), "good", MISMATCH, id="5091 off"),
        # 5061: mutual TLS with the phone's own certificate
        pytest.param(
            "sips", True, "CSFSECURE", "1030", ("CSFSECURE",), "", OK, id="5061 encrypted with its LSC"
        ),
        pytest.param("sips", True, "CSFSECURE", "1030", ("csfsecure",), "", OK, id="5061 names ignore case"),
        pytest.param(
            "sips", True, "CSFSECURE", "1030", ("CSF Encrypted",), "", OK, id="5061 names the profile"
        ),
        pytest.param("sips", True, "CSFSECURE", "1030", ("CSFALICE",), "", TLS_FAILURE, id="5061 other's LSC"),
        pytest.param("sips", True, "CSFSECURE", "1030", (), "", TLS_FAILURE, id="5061 without an LSC"),
        pytest.param("sips", True, "CSFALICE", "1010", ("CSFALICE",), "good", MISMATCH, id="5061 oauth device"),
        pytest.param(
            "sips", False, "CSFALICE", "1010", ("CSFALICE",), "", OK, id="5061 oauth device, switch off"
        ),
        pytest.param("sips", True, "CSFPLAIN", "1040", ("CSFPLAIN",), "", FORBIDDEN, id="5061 plain device"),
        # 5060
        pytest.param("sip-tcp", True, "CSFPLAIN", "1040", (), "", OK, id="5060 plain device over TCP"),
        pytest.param("sip-udp", True, "CSFPLAIN", "1040", (), "", OK, id="5060 plain device over UDP"),
        pytest.param("sip-tcp", False, "CSFPLAIN", "1040", (), "", OK, id="5060 plain device, switch off"),
        pytest.param(
            "sip-tcp", True, "CSFALICE", "1010", (), "good", MISMATCH, id="5060 oauth device with token"
        ),
        pytest.param("sip-udp", True, "CSFALICE", "1010", (), "", MISMATCH, id="5060 oauth device over UDP"),
        pytest.param("sip-tcp", True, "CSFSECURE", "1030", (), "", FORBIDDEN, id="5060 encrypted device"),
        pytest.param("sip-tcp", False, "CSFALICE", "1010", (), "", FORBIDDEN, id="5060 oauth, switch off"),
    ],
)
def test_the_port_decides_first(
    bench_of, phone_of, peer_of, listener, mode, device, dn, certificate, token, expected
):
    bench = bench_of(oauth_mode=mode)
    phone = phone_of(name=device, dn=dn)
    phone.transport = listener.removeprefix("sip-") if listener.startswith("sip-") else "tls"
    flow = bench.open(listener, tls_peer=peer_of(*certificate) if certificate else None)
    made = {"": None, "good": bench.token(), "old": bench.token(age=7200)}[token]
    assert verdict(bench.send(flow, phone.register(token=made))) == expected


@pytest.mark.parametrize("certificate", [None, "stranger.example.com", "*.example.com"])
def test_5091_closes_on_a_certificate_that_is_not_in_the_table(bench, peer_of, certificate):
    flow = bench.open("mra", tls_peer=peer_of(certificate) if certificate else None)
    assert bench.closed == [flow]
    assert bench.sent == {}


def test_a_token_on_the_wrong_port_is_never_looked_at(bench, phone):
    phone.transport = "tcp"
    reply = bench.send(bench.open("sip-tcp"), phone.register(token="not.even.close"))
    assert verdict(reply) == MISMATCH
