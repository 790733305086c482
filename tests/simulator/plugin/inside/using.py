"""Runs inside a pytest of its own (test_plugin.py): everything the fixtures offer, used as a user would."""

import socket
import ssl
from urllib.request import urlopen

import pytest

LAST = {}
"""What one test leaves for the next to compare with: they run in the order of this file."""


def test_the_endpoints_are_open_and_free_ports(ucmsim_lab):
    assert set(ucmsim_lab.endpoints["ucm-pub"]) >= {"sip", "sips", "oauth", "mra", "config", "https", "ssh"}
    assert ucmsim_lab.endpoint("oauth", "ucm-pub") == ucmsim_lab.endpoint("oauth")
    for role in ("sip", "sips", "oauth", "mra", "config", "https", "ssh"):
        socket.create_connection(ucmsim_lab.endpoint(role)).close()
    assert ucmsim_lab.endpoint("oauth")[1] not in (5060, 5061, 5090, 5091)
    LAST["lab"], LAST["endpoints"] = ucmsim_lab, ucmsim_lab.endpoints


def test_an_unknown_endpoint_is_named_with_those_there_are(ucmsim_lab):
    with pytest.raises(LookupError, match=r"no endpoint 'mars' .*oauth"):
        ucmsim_lab.endpoint("mars")


def test_a_client_trusts_the_ca_file(ucmsim_lab):
    context = ssl.create_default_context(cafile=ucmsim_lab.ca_file)
    host, port = ucmsim_lab.endpoint("oauth")
    with socket.create_connection((host, port)) as raw, context.wrap_socket(raw, server_hostname=host) as tls:
        assert tls.version() == "TLSv1.2"


def test_an_lsc_opens_the_mutual_tls_port(ucmsim_lab):
    context = ssl.create_default_context()
    context.load_cert_chain(*ucmsim_lab.lsc("CSFDAVE"))
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(ucmsim_lab.endpoint("sips")) as raw,
        context.wrap_socket(raw, server_hostname="ucm") as tls,
    ):
        tls.sendall(b"\r\n\r\n")
        assert tls.recv(2) == b"\r\n"
    with pytest.raises(LookupError, match="CSFALICE has no certificate"):
        ucmsim_lab.lsc("CSFALICE")


def test_the_configuration_is_served(ucmsim_lab):
    with urlopen(ucmsim_lab.config_url("CSFALICE")) as answer:
        assert str(ucmsim_lab.endpoint("oauth")[1]).encode() in answer.read()


def test_tokens_are_good_or_wrong_as_asked(ucmsim_lab, ucmsim_token):
    good = ucmsim_lab.control.post("/tokens/inspect", {"token": ucmsim_token("alice", lifetime=60)})
    assert good["accepted"]
    assert good["claims"]["sub"] == "alice"
    bad = ucmsim_lab.control.post("/tokens/inspect", {"token": ucmsim_token("alice", mutate="expired")})
    assert bad["problem"] == "expired"


def test_a_phone_registers_and_unregisters(ucmsim_lab, ucmsim_phone):
    phone = ucmsim_phone("CSFALICE")
    assert phone.state == "registered"
    found = ucmsim_lab.assert_registered("CSFALICE", node="ucm-pub")
    assert found["user"] == "alice"
    assert "CSFALICE registered" in ucmsim_lab.ladder()
    assert phone.stop() == "stopped"
    ucmsim_lab.assert_not_registered("CSFALICE")
    ucmsim_phone("CSFALICE")
    ucmsim_phone("CSFBOB")


def test_the_next_test_finds_the_lab_as_after_its_start(ucmsim_lab, ucmsim_phone):
    assert ucmsim_lab is LAST["lab"]
    assert ucmsim_lab.control.registrations() == []
    kinds = {record["kind"] for record in ucmsim_lab.control.records()}
    started = {"lab:built", "service:started", "keys:loaded"}
    assert kinds <= {*started, "expressway:zone_configured", "expressway:discovered"}
    assert ucmsim_phone("CSFALICE", start=False).state == "idle"


def test_a_phone_can_be_told_to_misbehave(ucmsim_lab, ucmsim_phone):
    phone = ucmsim_phone("CSFALICE", behaviours=["never-send-token"])
    assert phone.failure["code"] == "E_TOKEN_REFUSED"
    ucmsim_lab.assert_rejected("token_absent", device="CSFALICE")


def test_a_misbehaviour_ends_with_its_test(ucmsim_lab, ucmsim_phone):
    assert ucmsim_phone("CSFALICE").state == "registered"


def test_a_refusal_can_be_asserted_and_looked_at(ucmsim_lab, ucmsim_phone):
    phone = ucmsim_phone("CSFALICE", token={"user": "bob"})
    assert phone.refusal["status"] == 403
    assert ucmsim_lab.assert_rejected("subject-device-mismatch", device="CSFALICE")["status"] == 403
    assert "subject_device_mismatch" in ucmsim_lab.explain()


def test_resets_keep_the_ports(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFALICE")
    before = ucmsim_lab.endpoints
    for _ in range(3):
        ucmsim_lab.reset()
    assert ucmsim_lab.endpoints == before == LAST["endpoints"]


def test_a_token_outlives_a_reset(ucmsim_lab, ucmsim_token):
    token = ucmsim_token("alice")
    ucmsim_lab.reset()
    assert ucmsim_lab.control.post("/tokens/inspect", {"token": token})["accepted"]


def test_time_can_pass(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFALICE", behaviours=["never-refresh"])
    ucmsim_lab.advance(121)
    ucmsim_lab.assert_not_registered("CSFALICE")


def test_a_node_can_be_restarted(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFCAROL")
    ucmsim_lab.restart("ucm-pub")
    assert any(record["kind"] == "service:stopped" for record in ucmsim_lab.control.records())
    ucmsim_lab.assert_not_registered("CSFCAROL")


def test_the_phone_refuses_the_server(ucmsim_lab):
    host, port = ucmsim_lab.endpoint("oauth")
    context = ssl.create_default_context(cafile=ucmsim_lab.pki / "expressway-ca.pem")
    with socket.create_connection((host, port)) as raw, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(raw, server_hostname=host)
    for name in ("unknown_ca", "unknown-ca", 48):
        assert ucmsim_lab.assert_tls_alert(name, by="client")["actor"] == "ucm-pub"


def test_the_server_refuses_the_phone(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFDAVE", behaviours=["no-client-certificate"])
    for by in ("server", "ucm-pub", None):
        ucmsim_lab.assert_tls_alert("handshake_failure", by=by)


async def test_a_coroutine_uses_the_same_fixtures(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFALICE")
    ucmsim_lab.assert_registered("CSFALICE")


class TestShapes:
    pytestmark = pytest.mark.ucmsim(tls="1.3")

    def test_a_mark_shapes_the_lab(self, ucmsim_lab, ucmsim_phone):
        assert ucmsim_lab is not LAST["lab"]
        ucmsim_phone("CSFALICE")
        up = [r for r in ucmsim_lab.control.records() if r["kind"] == "tls:established"]
        assert {record["version"] for record in up} == {"TLSv1.3"}
        LAST["1.3"] = ucmsim_lab

    @pytest.mark.ucmsim(tls="1.3")
    def test_labs_of_equal_shape_are_one(self, ucmsim_lab):
        assert ucmsim_lab is LAST["1.3"]
        assert ucmsim_lab.control.registrations() == []

    @pytest.mark.ucmsim(
        phones=[{"device": "CSFZED", "user": "zed", "dn": "1099"}, {"device": "CSFBOB", "known": False}]
    )
    def test_marks_add_up_and_change_what_they_name(self, ucmsim_lab, ucmsim_phone):
        assert ucmsim_phone("CSFZED").state == ucmsim_phone("CSFALICE").state == "registered"
        assert ucmsim_phone("CSFBOB").state != "registered"
        version = next(r["version"] for r in ucmsim_lab.control.records() if r["kind"] == "tls:established")
        assert version == "TLSv1.3"


@pytest.mark.ucmsim(lab="lab.yaml")
def test_a_lab_file_is_found_beside_the_test(ucmsim_lab, ucmsim_phone):
    assert set(ucmsim_lab.endpoints) - {"dns", "dns-outside"} == {"ucm-one", "ucm-two"}
    ucmsim_phone("CSFEVE")
    ucmsim_lab.assert_registered("CSFEVE", node="ucm-one")


@pytest.mark.ucmsim(
    lab={
        "phones": [{"device": "CSFMRA", "user": "mia", "dn": "1", "deployment": "mra"}],
        "expressways": [{"name": "expc"}],
    }
)
def test_a_whole_lab_in_the_mark(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFMRA")
    ucmsim_lab.assert_registered("CSFMRA", node="ucm-pub")
