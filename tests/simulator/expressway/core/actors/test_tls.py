"""The TLS values an Expressway-C gives, in real handshakes over memory: who refuses whom, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Any

import pytest

from certs.authority import Authority, IssuedCertificate
from certs.contexts import client_context, server_context
from certs.identity import read
from certs.spec import CertSpec
from simulator.core.actor.flow import Address, FlowEnd, OpenFlow
from simulator.core.entropy import SeededEntropy
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.core.tls.session import TlsRefused, TlsSession, TlsUp
from simulator.core.tls.settings import ClientAuth, ClientTls, ServerTls, TlsVersion
from simulator.expressway.core.actors.expressway_c import ExpresswayC
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.sip.zone import UcmNode


@dataclass(frozen=True)
class Pki:
    tomcat: IssuedCertificate
    tomcat_ca: Authority
    expc: IssuedCertificate
    expc_ca: Authority


@pytest.fixture(scope="module")
def pki() -> Pki:
    now = Instant(time())
    tomcat_ca = Authority.create("Tomcat CA", now=now, key="ec256")
    expc_ca = Authority.create("Expressway CA", now=now, key="ec256")
    return Pki(
        tomcat=tomcat_ca.issue(CertSpec(common_name="ucm1", sans=("ucm1",), key="ec256"), now=now),
        tomcat_ca=tomcat_ca,
        expc=expc_ca.issue(CertSpec(common_name="expc", sans=("expc.example.com",), key="ec256"), now=now),
        expc_ca=expc_ca,
    )


def exchange(a: TlsSession, b: TlsSession) -> tuple[list[Any], list[Any]]:
    """Carries bytes both ways until neither has more to say; returns the events of each."""
    while a.has_output or b.has_output:
        b.receive_data(a.data_to_send())
        a.receive_data(b.data_to_send())
    return a.events(), b.events()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize(
    ("expc_trusts", "ucm_trusts", "server_name", "who", "alert"),
    [
        pytest.param(True, True, None, None, None, id="both trust: the zone comes up"),
        pytest.param(
            False, True, None, "we refused UCM's certificate", 48, id="Tomcat's issuer is unknown to us"
        ),
        pytest.param(True, False, None, "UCM refused the handshake", 48, id="our issuer is unknown to UCM"),
        pytest.param(True, True, "other", "we refused UCM's certificate", 42, id="Tomcat has another name"),
    ],
)
def test_a_ceoauth_zone_s_handshake(
    make_bench: Callable[..., Any],
    pki: Pki,
    version: TlsVersion,
    expc_trusts: bool,
    ucm_trusts: bool,
    server_name: str | None,
    who: str | None,
    alert: int | None,
) -> None:
    bench = make_bench(
        nodes={"ucm1": UcmNode(host="ucm1", address=Address("10.10.10.1", 5091), server_name=server_name)},
        settings=ExpresswaySettings(minimum=version, maximum=version),
    )
    bench.expc.set_credential(pki.expc.credential)
    bench.expc.set_trust(((pki.tomcat_ca if expc_trusts else pki.expc_ca).certificate,))
    phone = bench.phone()
    bench.send(phone, bench.register(host="ucm1"))
    asked: OpenFlow = bench.opened[-1]
    assert asked.tls is not None
    ucm_tls = ServerTls(
        credential=pki.tomcat.credential,
        client_auth=ClientAuth.REQUIRED,
        trust=((pki.expc_ca if ucm_trusts else pki.tomcat_ca).certificate,),
        maximum=version,
    )
    client = TlsSession.client(client_context(asked.tls), asked.tls.server_name, identify=read)
    server = TlsSession.server(server_context(ucm_tls), identify=read)
    ours, theirs = exchange(client, server)
    for event in ours:
        if isinstance(event, TlsUp):
            ucm = bench.accept()
        if isinstance(event, TlsRefused):
            bench.end(asked.flow, FlowEnd(by=event.refusal.by, clean=False, refusal=event.refusal))
    status = bench.expc.zone_state("ucm1")
    if who is None:
        (up,) = [event for event in theirs if isinstance(event, TlsUp)]
        assert up.facts.peer is not None
        assert up.facts.peer.names == ("expc", "expc.example.com")
        assert status.state == "active"
        assert bench.request(ucm).method == "REGISTER"
    else:
        assert status.state == "failed"
        assert status.detail.startswith(f"{who} (alert {alert} ")
        assert bench.response(phone).status == 408


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_phone_s_handshake_at_the_edge_needs_no_certificate(pki: Pki, version: TlsVersion) -> None:
    clock = ManualClock(time())
    expc = ExpresswayC(
        address=Address("203.0.113.1", 5061),
        credential=pki.expc.credential,
        trust=(pki.tomcat_ca.certificate,),
        nodes={},
        entropy=SeededEntropy(1),
        journal=EventLog(clock).journal(ActorId("expc")),
        flows=FlowIds(),
        settings=ExpresswaySettings(minimum=version, maximum=version),
    )
    (listen,) = expc.listens()
    assert listen.tls is not None
    tls = ClientTls(server_name="expc.example.com", trust=(pki.expc_ca.certificate,))
    client = TlsSession.client(client_context(tls), tls.server_name, identify=read)
    server = TlsSession.server(server_context(listen.tls), identify=read)
    ours, theirs = exchange(client, server)
    assert [type(event) for event in (*ours, *theirs)] == [TlsUp, TlsUp]
    assert theirs[0].facts.peer is None
