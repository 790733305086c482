"""Every Reason is reached by bytes through the actor, and answered as its row of REPLIES says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import pytest

from registrar.core.register.reasons import REPLIES, Reason
from simulator.core.events import RegistrarRejected, SipMalformed

OTHER_MAC = "005056867e66"


def malformed(lab):
    return lab.send(lab.open(), lab.phone.register().replace(b"User-Agent: ", b"User-Agent "))


def bad_request(lab):
    return lab.send(lab.open(), lab.phone.register().replace(b" REGISTER\r\nUser", b" INVITE\r\nUser"))


def method_not_allowed(lab):
    return lab.send(lab.open(), lab.phone.register(method="INVITE"))


def no_dialog(lab):
    return lab.send(lab.open(), lab.phone.register(method="BYE"))


def throttled(lab):
    lab.use(throttled=True)
    return lab.send(lab.open(), lab.phone.register())


def mutual_tls_on_oauth_port(lab):
    return lab.send(lab.open(tls_peer=lab.peer("CSFALICE")), lab.phone.register())


def peer_not_in_table(lab):
    lab.use(unknown_expressway="forbid")
    return lab.send(lab.open("mra", tls_peer=lab.peer("stranger")), lab.phone.register())


def oauth_mode_off(lab):
    lab.use(oauth_mode=False)
    return lab.send(lab.open(), lab.phone.register())


def device_unknown(lab):
    lab.phone.name = "CSFNOBODY"
    return lab.send(lab.open(), lab.phone.register())


def profile_not_oauth(lab):
    lab.phone.name = "CSFSECURE"
    return lab.send(lab.open(), lab.phone.register())


def not_oauth_device_on_mra_port(lab):
    lab.phone.name = "CSFSECURE"
    return lab.send(lab.open("mra", tls_peer=lab.peer("expc.example.com")), lab.phone.register())


def oauth_device_on_legacy_port(lab):
    return lab.send(lab.open("sip-udp"), lab.phone.register())


def secure_device_on_plain_port(lab):
    lab.phone.name = "CSFSECURE"
    return lab.send(lab.open("sip-tcp"), lab.phone.register())


def plain_device_on_secure_port(lab):
    lab.phone.name = "CSFPLAIN"
    return lab.send(lab.open("sips", tls_peer=lab.peer("CSFPLAIN")), lab.phone.register())


def lsc_missing(lab):
    lab.phone.name = "CSFSECURE"
    return lab.send(lab.open("sips"), lab.phone.register())


def lsc_name_mismatch(lab):
    lab.phone.name = "CSFSECURE"
    return lab.send(lab.open("sips", tls_peer=lab.peer("SEP000000000001")), lab.phone.register())


def multiple_credentials(lab):
    two = 'Proxy-Authorization: Bearer token="a"\r\nProxy-Authorization: Bearer token="b"\r\n'
    return lab.send(lab.open(), lab.phone.register(credentials=two))


def token_refused(lab):
    flow = lab.open()
    for _ in range(3):
        assert b" 407 " in lab.send(flow, lab.phone.register(token="rubbish"))
    return lab.send(flow, lab.phone.register(token="rubbish"))


def token_forbidden(lab):
    return lab.send(lab.open(), lab.phone.register(token=lab.bench.token("mallory")))


def subject_device_mismatch(lab):
    lab.phone.name, lab.phone.dn = "CSFBOB", "1020"
    return lab.send(lab.open(), lab.phone.register(token=lab.bench.token("alice")))


def line_unknown(lab):
    lab.phone.dn = "9999"
    return lab.send(lab.open(), lab.phone.register(token=lab.bench.token()))


def dn_mismatch(lab):
    lab.phone.dn = "1020"
    return lab.send(lab.open(), lab.phone.register(token=lab.bench.token()))


def star_with_expires(lab):
    return lab.send(lab.open(), lab.phone.register(token=lab.bench.token(), contact="*"))


def star_unsupported(lab):
    return lab.send(lab.open(), lab.phone.register(token=lab.bench.token(), contact="*", expires=0))


def too_many_contacts(lab):
    two = f"{lab.phone.contact}, <sip:other@192.0.2.99>"
    return lab.send(lab.open(), lab.phone.register(token=lab.bench.token(), contact=two))


def expires_too_brief(lab):
    return lab.send(lab.open(), lab.phone.register(token=lab.bench.token(), expires=59))


def cseq_out_of_order(lab):
    flow = lab.open()
    lab.bench.register(lab.phone, flow)
    return lab.bench.register(lab.phone, flow, cseq=lab.phone.cseq)


def contact_mismatch(lab):
    flow = lab.open()
    lab.bench.register(lab.phone, flow)
    lab.phone.port += 1
    return lab.bench.register(lab.phone, flow)


def active_for_another_client(lab):
    lab.bench.register(lab.phone, lab.open())
    lab.phone.mac, lab.phone.call_id, lab.phone.host = OTHER_MAC, "other@192.0.2.11", "192.0.2.11"
    return lab.bench.register(lab.phone, lab.open(host="192.0.2.11"))


class Lab:
    def __init__(self, bench_of: Callable, phone, peer_of: Callable) -> None:
        self._bench_of = bench_of
        self.bench = bench_of()
        self.phone = phone
        self.peer = peer_of

    def use(self, **how: object) -> None:
        self.bench = self._bench_of(**how)

    def open(self, listener: str = "oauth", **how: object):
        self.phone.transport = "tls" if listener in ("oauth", "mra", "sips") else listener.removeprefix("sip-")
        return self.bench.open(listener, **how)

    def send(self, flow, data: bytes) -> bytes:
        return self.bench.send(flow, data)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_reached_and_answered_as_its_row_says(bench_of, phone, peer_of, reason):
    lab = Lab(bench_of, phone, peer_of)
    reply = globals()[reason.value](lab).decode()
    final = "SIP/2.0 " + reply.rpartition("SIP/2.0 ")[2] if "100 Trying" in reply else reply
    rule = REPLIES[reason]
    assert final.startswith(f"SIP/2.0 {rule.status} {rule.phrase}\r\n")
    warning = f'\r\nWarning: 399 ucm-pub "{rule.warning}"\r\n'
    assert (warning in final) if rule.warning else ("Warning:" not in final)
    assert ("\r\nRetry-After: 35\r\n" in final) is rule.retry_after
    assert ("\r\nMin-Expires: 60\r\n" in final) is (rule.status == 423)
    assert ("\r\nAllow: REGISTER, OPTIONS, REFER\r\n" in final) is (rule.status == 405)
    assert lab.bench.ucm.counts[reason] == 1
    if reason in (Reason.MALFORMED, Reason.METHOD_NOT_ALLOWED, Reason.NO_DIALOG):
        malformed_events = lab.bench.events(SipMalformed)
        assert len(malformed_events) == (1 if reason is Reason.MALFORMED else 0)
        return
    event = lab.bench.events(RegistrarRejected)[-1]
    assert (event.reason, event.status) == (reason.value, rule.status)
    assert (event.cause, event.mark) == (int(rule.cause), rule.mark)
    assert event.detail


def test_the_table_is_total_and_every_row_says_how_sure_it_is():
    assert set(REPLIES) == set(Reason)
    for reason, rule in REPLIES.items():
        assert rule.mark in ("documented", "observed", "assumed")
        assert 400 <= rule.status < 600
        for field in fields(rule):
            if field.name in ("source", "explanation", "remedy", "verify", "phrase"):
                assert getattr(rule, field.name), f"{reason}: {field.name} is empty"


def test_closing_on_an_unknown_expressway_is_reported_without_a_status(bench, peer_of):
    bench.open("mra", tls_peer=peer_of("stranger.example.com"))
    event = bench.events(RegistrarRejected)[-1]
    assert (event.reason, event.status, event.cause) == ("peer_not_in_table", 0, 11)
    assert event.detail == "offered: stranger.example.com"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"), b"505 Version Not Supported"),
        ((b"REGISTER sip:ucm-pub.example.com SIP", b"REGISTER tel:1010 SIP"), b"416 Unsupported URI Scheme"),
        ((b"Expires: 3600", b"Expires: soon"), b"400 Bad Request"),
        ((b"Contact: <sip:", b"Contact: <tel:"), b"400 Bad Request"),
    ],
)
def test_a_broken_request_gets_the_status_it_deserves(bench, phone, change, status):
    data = phone.register(token=bench.token())
    assert change[0] in data
    reply = bench.send(bench.open(), data.replace(*change))
    assert reply.startswith(b"SIP/2.0 " + status)
    assert bench.events(RegistrarRejected)[-1].status == int(status[:3])
