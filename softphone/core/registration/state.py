"""What one registration holds: its state, timers, configuration, node, connection and dialog.

Rule 1, as in h11: whatever changes one of these stands in this file. `failover` and the other parts of the room
return values, `actions` calls the methods below, `machine` and the actor only read.
"""

from __future__ import annotations

from typing import Literal

from simulator.core.actor.flow import FlowFacts
from simulator.core.events import Event, PhoneFailed, PhoneRefused, PhoneStateChanged, PhoneWarned
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from softphone.core.device_file.ports import PortDecision
from softphone.core.device_file.problems import Finding
from softphone.core.device_file.view import ConfigView
from softphone.core.registration.context import PhoneContext
from softphone.core.registration.dialog import RegistrationDialog
from softphone.core.registration.download import ConfigDownload
from softphone.core.registration.edge_keep_alive import EdgeKeepAlive
from softphone.core.registration.failover import STABLE, Exhausted, Failover, Move
from softphone.core.registration.standby import Standby
from softphone.core.registration.timers import ON_CONNECTION, Timers
from softphone.core.registration.transitions import Input, State
from softphone.core.settings.backoff import Backoff
from softphone.core.sip import messages
from softphone.core.sip.connection import SipConnection
from softphone.core.sip.messages import JabberAlarm


class RegistrationState:
    """One for each phone, from its start to its end, over all of its nodes and connections."""

    def __init__(self, context: PhoneContext) -> None:
        self.context = context
        self._journal = context.journal
        self._alarm = messages.INITIALIZED
        self._since = Instant(0.0)
        self.download = ConfigDownload(context)
        self.failover = Failover(context)
        self.standby = Standby(context)
        self.keep_alive = EdgeKeepAlive(context.entropy.child("stun"))
        self.backoff = Backoff(context.entropy.child("backoff"))
        self.state = State.IDLE
        self.timers = Timers()
        self.config: ConfigView | None = None
        self.decision: PortDecision | None = None
        """The node and port in use, or last tried."""
        self.flow: FlowId | None = None
        self.connection: SipConnection | None = None
        self.dialog: RegistrationDialog | None = None
        self.afterwards: Literal["stop", "start"] = "stop"
        """What follows when the phone is unregistered."""
        self.registered_at: str | None = None
        self.last_refusal: PhoneRefused | None = None
        self.last_failure: PhoneFailed | None = None

    # --- state ------------------------------------------------------------------------------------------

    def enter(self, new: State, given: Input) -> None:
        """Enter `new` because of `given`, and report it if it is another state."""
        old, self.state = self.state, new
        if new is not old and self._journal.on:
            self._journal.add(PhoneStateChanged(old=old, new=new, why=given), flow=self.flow)

    def wait(self, seconds: float, now: Instant) -> State:
        """Back off: every other timer stops."""
        self.timers.disarm_all()
        self.timers.arm(Input.RETRY_DUE, Instant(now + seconds))
        return State.BACKING_OFF

    # --- configuration, node, connection ------------------------------------------------------------------

    def use(self, config: ConfigView) -> None:
        """Use this configuration from the next attempt on."""
        self.config = config

    def forget_node(self) -> None:
        """Begin from the configuration again: no node is in use."""
        self.decision = None

    def go(self, found: Move | Exhausted, now: Instant) -> State:
        """Carry out what failover decided: connect, or back off. The phone has no connection now."""
        if isinstance(found, Exhausted):
            self.fail("E_ALL_NODES_FAILED", found.detail)
            return self.wait(self.backoff.next_delay(), now)
        for event in found.events:
            self.emit(event)
        self.decision = found.to
        self.flow = self.context.open(found.to)
        return State.CONNECTING

    def leave_for(self, found: Move | Exhausted, now: Instant, *, alarm: JabberAlarm | None = None) -> State:
        """Close the present connection, then carry out what failover decided."""
        self.drop_connection(alarm=alarm)
        return self.go(found, now)

    def switch(self, move: Move, connection: SipConnection, now: Instant) -> State:
        """Close the present connection and register over `connection`, which is open to the better node."""
        for event in move.events:
            self.emit(event)
        self.drop_connection(alarm=messages.FALLEN_BACK)
        self.decision, self.flow = move.to, connection.flow
        return self.begin_dialog(connection.facts, now)

    def begin_dialog(self, facts: FlowFacts, now: Instant) -> State:
        """Send the first REGISTER over the connection, which is open."""
        assert self.flow is not None
        assert self.decision is not None
        assert self.config is not None
        self.connection = self.context.connection(self.flow, facts, self.config)
        alarm = messages.TAKEOVER if self.context.profile.takeover else self._alarm
        self.dialog = RegistrationDialog.at(
            self.context, self.decision, facts=facts, config=self.config, alarm=alarm
        )
        self.connection.send(self.dialog.begin(now), now)
        return State.REGISTERING

    def edge_answered(self, transaction: bytes) -> None:
        """Take a STUN answer: if it is the awaited one the edge is asked again after the interval."""
        if self.keep_alive.answers(transaction) and not self.failover.postponed:
            self.timers.disarm(Input.EDGE_SILENT)
            self.timers.arm(Input.EDGE_CHECK_DUE, self.keep_alive.next)

    def forget_flow(self) -> None:
        """Take note that the driver has ended the connection: it need not be closed."""
        self.flow = None

    def drop_connection(self, *, alarm: JabberAlarm | None = None) -> None:
        """Close the connection and end its dialog; `alarm` is the reason that the next registration gives."""
        self.standby.end()
        self.keep_alive.forget()
        self.failover.forget_postponed()
        self.timers.disarm(*ON_CONNECTION)
        if self.flow is not None:
            self.context.close(self.flow)
        self.flow = self.connection = self.dialog = None
        self.registered_at = None
        if alarm is not None:
            self._alarm = alarm

    def talk(self) -> tuple[SipConnection, RegistrationDialog]:
        """Return connection and dialog of a phone that has them."""
        assert self.connection is not None
        assert self.dialog is not None
        return self.connection, self.dialog

    # --- registered, refused, leaving ---------------------------------------------------------------------

    def hold(self, now: Instant) -> PortDecision:
        """Take note of a 2xx, and return the node that is registered at now."""
        assert self.decision is not None
        if self.state is State.REFRESHING:
            self.backoff.reset()
        else:
            self._since = now
        self.registered_at = self.decision.host
        return self.decision

    def lose(self, now: Instant, alarm: JabberAlarm) -> bool:
        """Take note that the registration is lost, and return whether it had lasted STABLE seconds.

        The next registration gives `alarm` as its reason.
        """
        self._alarm = alarm
        lasted = now - self._since >= STABLE
        if lasted:
            self.backoff.reset()
        return lasted

    def refuse(self, refusal: PhoneRefused) -> None:
        """Surface a refusal."""
        self.last_refusal = refusal
        self.emit(refusal)

    def leave(self, afterwards: Literal["stop", "start"]) -> None:
        """Decide what follows when the node has answered the unregister."""
        self.afterwards = afterwards
        if afterwards == "start":
            self._alarm = messages.RESTARTED

    # --- what is reported ---------------------------------------------------------------------------------

    def fail(self, code: str, detail: str) -> None:
        """Surface a problem of the phone's own."""
        self.last_failure = PhoneFailed(code=code, detail=detail)
        self.emit(self.last_failure)

    def warn(self, findings: tuple[Finding, ...]) -> None:
        """Report findings in the configuration file."""
        for finding in findings:
            self.emit(PhoneWarned(code=str(finding.code), detail=finding.text))

    def emit(self, event: Event) -> None:
        """Report `event`, tied to the connection if there is one."""
        self._journal.add(event, flow=self.flow)
