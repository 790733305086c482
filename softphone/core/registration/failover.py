"""Where the phone is connected, and where it goes when that is lost: the next node, or the next edge.

The part of its life (`life`) that opens and drops connections.
"""

from __future__ import annotations

from typing import Literal

from simulator.core.events import (
    Event,
    PhoneFailed,
    PhoneFailedOver,
    PhonePortDecided,
    PhoneRefused,
    PhoneWarned,
)
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from softphone.core.device_file.ports import PortDecision, PortPlan
from softphone.core.device_file.problems import Finding
from softphone.core.device_file.view import ConfigView
from softphone.core.registration.context import PhoneContext
from softphone.core.registration.dialog import Registration
from softphone.core.registration.download import Provisioning
from softphone.core.registration.edge_keep_alive import CALL_CHECK, INTERVAL, PATIENCE, EdgeWatch
from softphone.core.registration.node_list import NodeList
from softphone.core.registration.standby import Standby
from softphone.core.registration.transitions import Input, State
from softphone.core.settings.backoff import Backoff
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import Deployment
from softphone.core.sip import messages
from softphone.core.sip.connection import Connection

STABLE = 10.0
"""Seconds a registration must last before its loss counts as news and not as one more failure. [assumed]"""


class Failover:
    def __init__(self, outfit: PhoneContext, backoff: Backoff) -> None:
        self._outfit = outfit
        self._profile = outfit.profile
        self._conduct = outfit.conduct
        self._journal = outfit.journal
        self._backoff = backoff
        self.state = State.IDLE
        self.due: dict[Input, Instant] = {}
        """Timers that run: the input each will become, and when."""
        self.config: ConfigView | None = None
        self.rounds = NodeList(outfit)
        self.provisioning = Provisioning(outfit)
        self.decision: PortDecision | None = None
        self.flow: FlowId | None = None
        self.connection: Connection | None = None
        self.registration: Registration | None = None
        self.standby = Standby(outfit)
        self._edge_watch = EdgeWatch(outfit.entropy.child("stun"), outfit.out)
        self._alarm = messages.INITIALIZED
        self._afterwards: Literal["stop", "start"] = "stop"
        self._since = Instant(0.0)
        self.registered_at: str | None = None
        self.last_refusal: PhoneRefused | None = None
        self.last_failure: PhoneFailed | None = None

    # --- connecting ---------------------------------------------------------------------------------------

    def _try_nodes(self, plan: PortPlan, now: Instant) -> State:
        self.rounds.begin(plan)
        for decision in self.rounds.left:
            self._warn(decision.findings)
            self._emit(
                PhonePortDecided(
                    row=decision.row,
                    node=decision.host,
                    port=decision.port,
                    transport=decision.transport,
                    element=decision.element,
                )
            )
        return self._connect_next("", now)

    def _connect_next(self, why: str, now: Instant) -> State:
        decision = self.rounds.next()
        if decision is None:
            self._fail("E_ALL_NODES_FAILED", self.rounds.story)
            return self._wait(self._backoff.next_delay(), now)
        old = self.decision
        if old is not None and old.node != decision.node:
            self._emit(PhoneFailedOver(old=old.host, new=decision.host, why=why))
        if old is not None and self.over_edge and old.next_hop != decision.next_hop:
            self._emit(PhoneFailedOver(old=str(old.next_hop), new=str(decision.next_hop), why=why))
        self.decision = decision
        self.flow = self._outfit.open(decision)
        return State.CONNECTING

    def next_node(self, why: str, now: Instant) -> State:
        """The connection failed: over MRA the edge did, for whatever node lies behind it."""
        assert self.decision is not None
        if self.over_edge:
            self.rounds.skip_edge(self.decision)
        return self.pass_over(why, now)

    def pass_over(self, why: str, now: Instant) -> State:
        """The node failed; over MRA the edge is there."""
        assert self.decision is not None
        self.rounds.note(self.decision, why)
        self._drop_connection()
        return self._connect_next(why, now)

    def fail_over(self, why: str, now: Instant) -> State:
        """The connection is lost, and the registration with it."""
        if self._in_call:
            return self._queue(why, now)
        self._alarm = messages.CLOSED_BY_UCM
        return self._lost(why, now, edge_gone=self.over_edge)

    def fall_silent(self, why: str, now: Instant) -> State:
        """No answer to a refresh."""
        if self._in_call:
            return self._queue(why, now)
        self._alarm = messages.TIMED_OUT
        return self._lost(why, now)

    def _lost(self, why: str, now: Instant, *, edge_gone: bool = False) -> State:
        """The registration is lost. One that had lasted begins a new round."""
        assert self.decision is not None
        if now - self._since >= STABLE:
            self._backoff.reset()
            self.rounds.begin_after(self.decision, edge_gone=edge_gone)
        elif edge_gone:
            self.rounds.skip_edge(self.decision)
        return self.pass_over(why, now)

    # --- the edge -----------------------------------------------------------------------------------------

    @property
    def over_edge(self) -> bool:
        return self._profile.deployment == Deployment.MRA

    @property
    def _in_call(self) -> bool:
        return self.over_edge and Behaviour.IN_CALL in self._conduct

    def watch_edge(self, now: Instant) -> None:
        """From a registration on."""
        if self.over_edge and not self.due.keys() & {Input.EDGE_CHECK_DUE, Input.EDGE_SILENT}:
            self.due[Input.EDGE_CHECK_DUE] = Instant(now + INTERVAL)

    def ask_edge(self, _payload: object, now: Instant) -> State:
        assert self.flow is not None
        self._edge_watch.ask(self.flow, now)
        self.due[Input.EDGE_SILENT] = Instant(now + PATIENCE)
        return self.state

    def edge_answered(self, transaction: bytes) -> None:
        if self._edge_watch.answered(transaction) and not self._edge_watch.queued:
            self.due.pop(Input.EDGE_SILENT, None)
            self.due[Input.EDGE_CHECK_DUE] = self._edge_watch.next

    def leave_edge(self, _payload: object, now: Instant) -> State:
        """Never in a call; after it even if the edge has recovered. [documented: device-config 4.9]"""
        why = self._edge_watch.queued or f"the edge did not answer STUN within {PATIENCE:g} s"
        if self._in_call:
            return self._queue(why, now)
        self._alarm = messages.TIMED_OUT
        return self._lost(why, now, edge_gone=True)

    def _queue(self, why: str, now: Instant) -> State:
        if not self._edge_watch.queued:
            self._emit(PhoneWarned(code="W_FAILOVER_AFTER_CALL", detail=why))
        self._edge_watch.queued = self._edge_watch.queued or why
        self.due.pop(Input.REFRESH_DUE, None)
        self.due.pop(Input.EDGE_CHECK_DUE, None)
        self.due[Input.EDGE_SILENT] = Instant(now + CALL_CHECK)
        return self.state

    # --- parts --------------------------------------------------------------------------------------------

    def _drop_connection(self) -> None:
        self.standby.end()
        self._edge_watch.forget()
        for timer in (Input.REFRESH_DUE, Input.TOKEN_DUE, Input.EDGE_CHECK_DUE, Input.EDGE_SILENT):
            self.due.pop(timer, None)
        if self.flow is not None:
            self._outfit.close(self.flow)
        self.flow = self.connection = self.registration = None
        self.registered_at = None

    def _wait(self, seconds: float, now: Instant) -> State:
        self.due = {Input.RETRY_DUE: Instant(now + seconds)}
        return State.BACKING_OFF

    def _fail(self, code: str, detail: str) -> None:
        self.last_failure = PhoneFailed(code=code, detail=detail)
        self._emit(self.last_failure)

    def _warn(self, findings: tuple[Finding, ...]) -> None:
        for finding in findings:
            self._emit(PhoneWarned(code=str(finding.code), detail=finding.text))

    def _emit(self, event: Event) -> None:
        self._journal.add(event, flow=self.flow)
