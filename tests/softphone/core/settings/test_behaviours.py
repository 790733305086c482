"""Each scripted misbehaviour does its one wrong thing, and nothing else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import md5
from typing import Any

from simulator.core.events import (
    PhonePortDecided,
)
from simulator.core.sip import Request, Response, reply_to
from simulator.core.tls.settings import Credential
from softphone.core.registration.transitions import State
from softphone.core.settings.behaviours import DESCRIPTIONS, Behaviour
from softphone.core.settings.profile import PortOverride

Make = Callable[..., Any]
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"
ONE_NODE = {"failover": False}


def header(request: Request, name: str) -> str:
    return request.headers.get(name) or ""


MISMATCH = [("Retry-After", "35"), ("Warning", '399 UCM2-PUB "SIP OAuth Registration port Mismatch"')]


def refusing(status: int, *extra: tuple[str, str]) -> Callable[[Request], Response]:
    return lambda request: reply_to(request, status, to_tag="5", extra=extra)


def tokens_sent(it: Any) -> list[str]:
    return [header(r, "Proxy-Authorization")[-2:-1] for r in it.requests()]


def plain(cnf: Make, transport: str) -> bytes:
    edits = (("<sipOAuthMode>1", "<sipOAuthMode>0"), ("SecurityMode>3", "SecurityMode>1"))
    return cnf(*edits, ("LayerProtocol>3", f"LayerProtocol>{transport}"))  # type: ignore[no-any-return]


def test_each_behaviour_has_a_description() -> None:
    assert set(DESCRIPTIONS) == set(Behaviour)


def misbehaving(bench: Make, *behaviours: Behaviour, **more: Any) -> Any:
    return bench(behaviours=frozenset(behaviours), failover=False, **more)


def test_never_refresh(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.NEVER_REFRESH).start().advance(1000)
    assert len(it.requests()) == 2
    assert it.phone.registered_at == SUB1


def test_reuse_expired_token(bench: Make, tokens: Make) -> None:
    source = tokens(lifetime=10)
    it = misbehaving(bench, Behaviour.REUSE_EXPIRED_TOKEN, tokens=source).start()
    it.ucm.refused = {f"token-{1:020}"}
    it.advance(116)
    assert tokens_sent(it) == ["", "1", "1", "1", "1", "1"]
    assert it.phone.last_failure.code == "E_TOKEN_REFUSED"
    assert source.made == 1


def test_send_token_first(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.SEND_TOKEN_FIRST).start()
    assert tokens_sent(it) == ["1"]


def test_never_send_token(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.NEVER_SEND_TOKEN, Behaviour.SEND_TOKEN_FIRST).start()
    assert tokens_sent(it) == ["", "", "", ""]
    assert it.phone.last_refusal.status == 407


def test_send_token_anywhere(bench: Make, cnf: Make) -> None:
    both = (Behaviour.SEND_TOKEN_ANYWHERE, Behaviour.SEND_TOKEN_FIRST)
    it = misbehaving(bench, *both, config=plain(cnf, "1")).start()
    assert (it.to, tokens_sent(it)) == ([f"{SUB1}:5060"], ["1"])


def secure(cnf: Make) -> tuple[bytes, Any]:
    """A file of row 11 and the LSC it names."""
    chain = b"-----BEGIN CERTIFICATE-----\n" + b64encode(b"lsc") + b"\n-----END CERTIFICATE-----\n"
    hashed = md5(b"lsc", usedforsecurity=False).hexdigest()
    config = cnf(("<sipOAuthMode>1", "<sipOAuthMode>0"), ("<certHash>", f"<certHash>{hashed}"))
    return config, Credential(chain, b"key")


def test_row_11_presents_the_LSC_and_no_client_certificate_does_not(bench: Make, cnf: Make) -> None:
    config, credential = secure(cnf)
    right = bench(config=config, credential=credential)
    right.ucm.bearer = False
    assert right.start().phone.state == State.REGISTERED
    assert (right.to, right.opened[0].tls.credential) == ([f"{SUB1}:5061"], credential)
    wrong = misbehaving(bench, Behaviour.NO_CLIENT_CERTIFICATE, config=config, credential=credential).start()
    assert (wrong.to, wrong.opened[0].tls.credential) == ([f"{SUB1}:5061"], None)


def test_present_client_certificate(bench: Make, cnf: Make) -> None:
    _, credential = secure(cnf)
    it = misbehaving(bench, Behaviour.PRESENT_CLIENT_CERTIFICATE, credential=credential).start()
    assert (it.to, it.opened[0].tls.credential) == ([f"{SUB1}:5090"], credential)


def test_skip_server_verification(bench: Make) -> None:
    tls = misbehaving(bench, Behaviour.SKIP_SERVER_VERIFICATION).start().opened[0].tls
    assert (tls.verify, tls.check_hostname) == (False, False)
    right = bench().start().opened[0].tls
    assert (right.verify, right.check_hostname) == (True, True)


def test_ignore_423(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.IGNORE_423, requested_expires=30)
    it.ucm.script += [refusing(423, ("Min-Expires", "90"))] * 9
    it.start()
    assert [header(r, "Expires") for r in it.requests()] == ["30"] * 4
    assert it.phone.last_refusal.status == 423


def test_wrong_port(bench: Make) -> None:
    assert misbehaving(bench, Behaviour.WRONG_PORT).start().to == [f"{SUB1}:5091"]
    other = misbehaving(bench, Behaviour.WRONG_PORT, port_override=PortOverride(element="sipPort")).start()
    assert other.to == [f"{SUB1}:5060"]
    late = bench(**ONE_NODE)
    late.phone.set_behaviours(frozenset({Behaviour.WRONG_PORT}), PortOverride(port=5099))
    assert late.start().to == [f"{SUB1}:5099"]
    assert late.events(PhonePortDecided)[0].port == 5099


def test_hop_to_legacy_port(bench: Make, cnf: Make) -> None:
    it = misbehaving(bench, Behaviour.HOP_TO_LEGACY_PORT)
    it.ucm.script += [refusing(403, *MISMATCH)] * 2
    it.start()
    assert it.to == [f"{SUB1}:5090", f"{SUB1}:5060"]
    assert it.phone.state == State.BACKING_OFF
    _, credential = secure(cnf)
    other = misbehaving(bench, Behaviour.HOP_TO_LEGACY_PORT, credential=credential)
    other.ucm.script += [refusing(403, *MISMATCH)] * 2
    assert other.start().to == [f"{SUB1}:5090", f"{SUB1}:5061"]


def test_wrong_device_name_and_directory_number(bench: Make) -> None:
    both = (Behaviour.WRONG_DEVICE_NAME, Behaviour.WRONG_DIRECTORY_NUMBER)
    first = misbehaving(bench, *both).start().requests()[0]
    assert 'devicename.ccm.cisco.com="CSFADAX"' in header(first, "Contact")
    assert header(first, "To") == f"<sip:200199@{SUB1}>"


def test_refresh_with_new_call_id(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.REFRESH_WITH_NEW_CALL_ID).start().advance(240)
    assert len({r.call_id for r in it.requests()}) == 3


def test_cseq_not_increasing(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.CSEQ_NOT_INCREASING).start().advance(240)
    numbers = [r.cseq.number - it.requests()[0].cseq.number for r in it.requests()]
    assert numbers == [0, 1, 1, 1]


def test_close_without_unregister(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.CLOSE_WITHOUT_UNREGISTER).start().stop()
    assert it.phone.state == State.STOPPED
    assert len(it.requests()) == 2
    assert it.flows == {}


def test_ignore_retry_after(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.IGNORE_RETRY_AFTER)
    it.ucm.script.append(refusing(403, ("Retry-After", "9999")))
    assert it.start().advance(61).phone.state == State.REGISTERED
