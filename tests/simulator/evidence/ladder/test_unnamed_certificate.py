"""A client alone, which refuses a certificate before it has read its names: the ladder leaves them out."""

from __future__ import annotations

from simulator.core.events import FlowOpened, TlsFailed
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import ManualClock
from simulator.evidence.ladder import rows_of


def test_a_certificate_whose_names_nobody_read_is_just_a_certificate() -> None:
    log = EventLog(ManualClock(1585566199.2))
    journal = log.journal(ActorId("jabber"))
    flow = FlowId(1)
    journal.add(FlowOpened(transport="tls", local="10.0.0.3:49152", remote="192.0.2.1:8443"), flow=flow)
    refused = TlsFailed(
        role="client", by="us", alert=48, alert_name="unknown_ca", reason="CERTIFICATE_VERIFY_FAILED"
    )
    journal.add(refused, flow=flow)
    texts = [row.text for row in rows_of(log.records())]
    assert any(text.startswith("ServerHello, certificate") for text in texts)
    assert not any("certificate ," in text or text.endswith(" ") for text in texts)
