"""How flows begin and end, and what arrives on them: the same on both networks."""

from __future__ import annotations

import pytest

from certs.authority import Authority, IssuedCertificate
from certs.spec import CertSpec
from simulator.core.actor.flow import CloseFlow, SendData
from simulator.core.events import FlowClosed, TlsEstablished, TlsFailed
from simulator.core.tls.settings import ClientAuth, ClientTls, ServerTls, TlsVersion
from tests.drivers.bench import Bench, Talker
from tests.drivers.conftest import NOW

UNKNOWN_CA = 48


def trusting(ca: Authority, version: TlsVersion, **more: object) -> ClientTls:
    settings: dict[str, object] = {"minimum": version, "maximum": version, **more}
    return ClientTls(server_name="ucm", trust=(ca.certificate,), **settings)  # type: ignore[arg-type]


def serving(node: IssuedCertificate, version: TlsVersion) -> ServerTls:
    return ServerTls(credential=node.credential, minimum=version, maximum=version)


# --- TLS ----------------------------------------------------------------------------------------------------


async def test_two_actors_talk_over_tls(
    bench: Bench, ca: Authority, node: IssuedCertificate, version: TlsVersion
) -> None:
    ucm, phone = Talker("ucm", reply=bytes.upper), Talker("phone")
    _, address = await bench.serve(ucm, name="oauth", tls=serving(node, version))
    await bench.network.join(phone)
    flow = await bench.connect(phone, address, tls=trusting(ca, version))
    bench.say(phone, flow, b"register")
    await bench.until(lambda: phone.heard[flow] == b"REGISTER", "the answer")
    for name in ("ucm", "phone"):
        assert [event.version for event in bench.of(name, TlsEstablished)] == [f"TLSv{version}"]


async def test_a_server_certificate_of_an_unknown_authority_is_refused_with_its_alert(
    bench: Bench, foreign_ca: Authority, node: IssuedCertificate, version: TlsVersion
) -> None:
    ucm, phone = Talker("ucm"), Talker("phone")
    _, address = await bench.serve(ucm, name="oauth", tls=serving(node, version))
    await bench.network.join(phone)
    flow = bench.dial(phone, address, tls=trusting(foreign_ca, version))
    await bench.until(lambda: flow in phone.ends and bench.of("ucm", TlsFailed), "both sides to know")
    refusal = phone.ends[flow].refusal
    assert refusal is not None
    assert (refusal.by, refusal.alert) == ("us", UNKNOWN_CA)
    assert [(e.by, e.alert, e.role) for e in bench.of("phone", TlsFailed)] == [("us", UNKNOWN_CA, "client")]
    assert [(e.by, e.alert, e.role) for e in bench.of("ucm", TlsFailed)] == [("peer", UNKNOWN_CA, "server")]
    assert ucm.calls == [], "a connection that never became a flow"
    assert phone.calls == ["flow_ended"]


async def test_a_client_certificate_of_an_unknown_authority_is_refused_with_its_alert(
    bench: Bench, ca: Authority, foreign_ca: Authority, node: IssuedCertificate, version: TlsVersion
) -> None:
    ucm, phone = Talker("ucm"), Talker("phone")
    mutual = ServerTls(
        credential=node.credential,
        client_auth=ClientAuth.REQUIRED,
        trust=(ca.certificate,),
        minimum=version,
        maximum=version,
    )
    _, address = await bench.serve(ucm, name="mra", tls=mutual)
    await bench.network.join(phone)
    shown = foreign_ca.issue(CertSpec(common_name="expc", sans=("expc",), key="ec256"), now=NOW).credential
    flow = bench.dial(phone, address, tls=trusting(ca, version, credential=shown))
    await bench.until(lambda: flow in phone.ends, "an end of the flow")
    assert [(e.by, e.alert) for e in bench.of("ucm", TlsFailed)] == [("us", UNKNOWN_CA)]
    assert ucm.calls == []
    # In TLS 1.3 the client is done before the server has judged its certificate (RFC 8446 4.4.4).
    assert phone.calls == (["flow_ended"] if version == "1.2" else ["flow_opened", "flow_ended"])


async def test_no_common_version_is_refused(bench: Bench, ca: Authority, node: IssuedCertificate) -> None:
    ucm, phone = Talker("ucm"), Talker("phone")
    _, address = await bench.serve(ucm, name="oauth", tls=serving(node, "1.3"))
    await bench.network.join(phone)
    flow = bench.dial(phone, address, tls=trusting(ca, "1.2"))
    await bench.until(lambda: flow in phone.ends, "an end of the flow")
    refusal = phone.ends[flow].refusal
    assert refusal is not None
    assert (refusal.by, refusal.alert_name) == ("peer", "protocol_version")
    assert [e.alert_name for e in bench.of("ucm", TlsFailed)] == ["protocol_version"]


async def test_plain_words_to_a_tls_port_end_the_connection(
    bench: Bench, node: IssuedCertificate, version: TlsVersion
) -> None:
    ucm, phone = Talker("ucm"), Talker("phone")
    _, address = await bench.serve(ucm, name="oauth", tls=serving(node, version))
    await bench.network.join(phone)
    flow = await bench.connect(phone, address)
    bench.say(phone, flow, b"OPTIONS sip:ucm SIP/2.0\r\n\r\n")
    await bench.until(lambda: flow in phone.ends, "an end of the flow")
    assert len(bench.of("ucm", TlsFailed)) == 1
    assert ucm.calls == []


# --- ends ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=["tcp", "1.2", "1.3"])
def secured(
    request: pytest.FixtureRequest, ca: Authority, node: IssuedCertificate
) -> tuple[ServerTls | None, object]:
    """What both sides bring: nothing, or TLS of one version."""
    if request.param == "tcp":
        return None, None
    return serving(node, request.param), trusting(ca, request.param)


async def test_an_orderly_end_is_told_to_the_other_side_only(bench: Bench, secured: tuple) -> None:  # type: ignore[type-arg]
    server_tls, client_tls = secured
    ucm, phone = Talker("ucm"), Talker("phone")
    _, address = await bench.serve(ucm, tls=server_tls)
    await bench.network.join(phone)
    flow = await bench.connect(phone, address, tls=client_tls)
    bench.hang_up(phone, flow)
    await bench.until(lambda: ucm.ends, "an end at the node")
    assert [(end.by, end.clean) for end in ucm.ends.values()] == [("peer", True)]
    assert phone.ends == {}
    await bench.until(lambda: bench.of("phone", FlowClosed), "the phone's event")
    assert [(e.by, e.clean) for e in bench.of("phone", FlowClosed)] == [("us", True)]
    assert [(e.by, e.clean) for e in bench.of("ucm", FlowClosed)] == [("peer", True)]


async def test_what_is_said_before_the_end_arrives_before_the_end(bench: Bench, secured: tuple) -> None:  # type: ignore[type-arg]
    """Half-closed: the node answers somebody who has gone, and that harms nobody."""
    server_tls, client_tls = secured
    ucm, phone = Talker("ucm", reply=bytes.upper), Talker("phone")
    _, address = await bench.serve(ucm, tls=server_tls)
    await bench.network.join(phone)
    flow = await bench.connect(phone, address, tls=client_tls)
    text = b"unregister " * 2000
    phone.todo += [SendData(flow, text), CloseFlow(flow)]
    bench.network.run(phone)
    await bench.until(lambda: ucm.ends, "an end at the node")
    assert list(ucm.heard.values()) == [text]
    assert ucm.calls[0] == "flow_opened"
    assert ucm.calls[-1] == "flow_ended"
    assert [end.by for end in ucm.ends.values()] == ["peer"]
    assert phone.heard[flow] == b"", "who has closed is told nothing more"


async def test_a_vanished_peer_is_a_reset(bench: Bench, secured: tuple) -> None:  # type: ignore[type-arg]
    server_tls, client_tls = secured
    ucm, phone = Talker("ucm"), Talker("phone")
    _, address = await bench.serve(ucm, tls=server_tls)
    await bench.network.join(phone)
    await bench.connect(phone, address, tls=client_tls)
    await bench.until(lambda: ucm.facts, "the accepted flow")
    await bench.network.drop(phone)
    await bench.until(lambda: ucm.ends, "an end at the node")
    (end,) = ucm.ends.values()
    assert (end.by, end.clean) == ("network", False)
    assert "reset" in end.detail.lower()


async def test_a_flow_given_up_while_it_is_dialled_is_never_told_of(bench: Bench, secured: tuple) -> None:  # type: ignore[type-arg]
    server_tls, client_tls = secured
    ucm, phone = Talker("ucm"), Talker("phone")
    _, address = await bench.serve(ucm, tls=server_tls)
    await bench.network.join(phone)
    flow = bench.dial(phone, address, tls=client_tls)
    bench.hang_up(phone, flow)
    again = await bench.connect(phone, address, tls=client_tls)
    assert flow not in phone.facts
    assert flow not in phone.ends
    assert again in phone.facts


async def test_much_arrives_whole_in_both_directions(bench: Bench, secured: tuple) -> None:  # type: ignore[type-arg]
    """Within what a connection may have unsent: more than any socket's buffer takes at once."""
    server_tls, client_tls = secured
    ucm, phone = Talker("ucm", reply=lambda data: data), Talker("phone")
    _, address = await bench.serve(ucm, tls=server_tls)
    await bench.network.join(phone)
    flow = await bench.connect(phone, address, tls=client_tls)
    text = bytes(range(256)) * (3 << 10)
    bench.say(phone, flow, text[:1000], text[1000:])
    await bench.until(lambda: len(phone.heard[flow]) == len(text), "the echo of 768 KiB")
    assert phone.heard[flow] == text


async def test_one_flow_that_says_much_does_not_disturb_another(bench: Bench) -> None:
    ucm, phone = Talker("ucm", reply=bytes.upper), Talker("phone")
    _, address = await bench.serve(ucm)
    await bench.network.join(phone)
    busy, quiet = await bench.connect(phone, address), await bench.connect(phone, address)
    bench.say(phone, busy, *(b"x" * 1000 for _ in range(300)))
    bench.say(phone, quiet, b"me")
    await bench.until(lambda: phone.heard[quiet] == b"ME", "an answer on the quiet flow")
    await bench.until(lambda: phone.heard[busy] == b"X" * 300_000, "all answers on the busy flow")
