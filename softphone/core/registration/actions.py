"""What the phone does: one method for each action of the transition table, returning the state it leads to.

Whether an action may happen now is the table's business, and who calls it is `machine`'s.
"""

from __future__ import annotations

from typing import Literal

from simulator.core.actor.flow import FlowFacts
from simulator.core.events import (
    PhoneFailedOver,
    PhoneRefused,
    PhoneRegistered,
    PhoneUnregistered,
    PhoneWarned,
)
from simulator.core.instant import Instant
from simulator.core.sip import Request, Response, ResponseArrived
from softphone.core.device_file.ports import PortPlan, override
from softphone.core.device_file.problems import ConfigWarning, Finding
from softphone.core.device_file.view import ConfigView, compare_configs
from softphone.core.registration.dialog import Hopeless, Registration
from softphone.core.registration.download import PASSING, SERVER_DOWN
from softphone.core.registration.failover import Failover
from softphone.core.registration.refusals import surface
from softphone.core.registration.standby import Watch
from softphone.core.registration.transitions import Input, State
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import PortOverride
from softphone.core.settings.token_holder import RETRY_AFTER
from softphone.core.sip import messages
from softphone.core.sip.connection import Connection

UNSUPPORTED_CHALLENGE_RETRY = 60
"""Seconds. [read in client code: sip-wire 4, 401/407 of an unknown scheme]"""


class RegistrationActions(Failover):
    # --- configuration ------------------------------------------------------------------------------------

    def fetch(self, _payload: object, now: Instant) -> State:
        self._drop_connection()
        self.due.clear()
        self.decision = None
        self.provisioning.begin(now)
        return State.FETCHING_CONFIG

    def try_next_server(self, problem: Finding, now: Instant) -> State:
        if self.provisioning.try_next(problem, now):
            return State.FETCHING_CONFIG
        problems = self.provisioning.problems
        codes = {found.code for found in problems}
        if codes <= SERVER_DOWN and self.rounds.plan is not None:
            stale = Finding(code=ConfigWarning.STALE_CONFIG, detail=f"{problem.detail}; the last one is used")
            self._warn((stale,))
            return self._try_nodes(self.rounds.plan, now)
        worst = next((found for found in problems if found.code not in PASSING), problem)
        self._fail(str(worst.code), worst.text)
        return self._wait(self._backoff.next_delay(), now) if codes <= PASSING else State.FAILED

    def read(self, payload: tuple[ConfigView, PortPlan], now: Instant) -> State:
        config, plan = payload
        if self.config is not None:
            self._warn(compare_configs(self.config, config).findings)
        self.config = config
        self._warn(config.findings)
        self._warn(plan.findings)
        return self._try_nodes(plan, now)

    # --- connecting ---------------------------------------------------------------------------------------

    def register(self, facts: FlowFacts, now: Instant) -> State:
        assert self.flow is not None
        assert self.decision is not None
        assert self.config is not None
        self.connection = self._outfit.connection(self.flow, facts, self.config)
        alarm = messages.TAKEOVER if self._profile.takeover else self._alarm
        self.registration = self._outfit.registration(self.decision, facts, self.config, alarm)
        self.connection.send(self.registration.begin(now), now)
        return State.REGISTERING

    # --- registering --------------------------------------------------------------------------------------

    def answer_challenge(self, arrived: ResponseArrived, now: Instant) -> State:
        connection, registration = self._talk()
        again = registration.answer_challenge(arrived.response, now)
        if isinstance(again, Request):
            connection.send(again, now)
            return self.state
        if self.state is State.UNREGISTERING:
            return self.leave(again.detail, now)
        return self._refused(arrived.response, now, hopeless=again)

    def lengthen(self, arrived: ResponseArrived, now: Instant) -> State:
        connection, registration = self._talk()
        again = registration.lengthen(arrived.response, now)
        if again is None:
            return self._refused(arrived.response, now)
        connection.send(again, now)
        return self.state

    def hold(self, arrived: ResponseArrived, now: Instant) -> State:
        _, registration = self._talk()
        assert self.decision is not None
        assert self.config is not None
        refreshed = self.state is State.REFRESHING
        seconds = registration.granted(arrived.response)
        if seconds <= 0:
            self._drop_connection()
            self._fail("E_NOT_BOUND", f"{self.decision.host} answered 2xx but granted no time")
            return self._wait(self._backoff.next_delay(), now)
        if refreshed:
            self._backoff.reset()
            if registration.is_new(arrived.response):
                self._emit(PhoneWarned(code="W_UCM_RESTARTED", detail=f"{self.decision.host}: x-cisco-newreg"))
        else:
            self._since = now
        self.registered_at = self.decision.host
        self._emit(
            PhoneRegistered(
                node=self.decision.host, port=self.decision.port, expires=seconds, refreshed=refreshed
            )
        )
        if Behaviour.NEVER_REFRESH not in self._conduct:
            early = self.config.timers.register_delta
            self.due[Input.REFRESH_DUE] = Instant(now + max(seconds - early, seconds / 2))
        self._arm_renewal(now)
        # Over MRA there is one way in and nothing to keep warm (device-config 4.9).
        self.watch_edge(now)
        if not self.standby.running and self._profile.failover and not self.over_edge:
            assert self.rounds.plan is not None
            self.standby.begin(self.config, self.rounds.plan.decisions, self.decision, now)
        return State.REGISTERED

    def give_up(self, arrived: ResponseArrived, now: Instant) -> State:
        return self._refused(arrived.response, now)

    def _refused(self, response: Response, now: Instant, hopeless: Hopeless | None = None) -> State:
        """No failover and no other port (sip-wire 4 and 12.6): surface it, wait, then begin anew."""
        decision = self.decision
        assert decision is not None
        refusal = self.last_refusal = surface(response, decision)
        self._emit(refusal)
        if hopeless is not None:
            self._fail(hopeless.code, f"{decision.host}: {hopeless.detail}")
        if self._node_is_down(refusal):
            return self._try_another(f"{response.start_line}", now)
        self._drop_connection()
        self._alarm = messages.REJECTED
        if Behaviour.HOP_TO_LEGACY_PORT in self._conduct and decision.bearer:
            element = "securedSipPort" if self._profile.credential is not None else "sipPort"
            self.rounds.begin_with(override(decision, PortOverride(element=element)))
            return self._connect_next("hops to the legacy port", now)
        wait = self._backoff.next_delay()
        if hopeless is not None and hopeless.code == "E_CHALLENGE_UNSUPPORTED":
            wait = UNSUPPORTED_CHALLENGE_RETRY
        if refusal.retry_after is not None and Behaviour.IGNORE_RETRY_AFTER not in self._conduct:
            wait = max(refusal.retry_after, 1)
        return self._wait(wait, now)

    def _node_is_down(self, refusal: PhoneRefused) -> bool:
        """An edge says that it does not reach the node, and there is another.

        A 408 is a timeout that a proxy noticed (RFC 3261 8.1.3.1), a 503 asks to try another server (RFC 3263
        4.3). [that Jabber moves on for them is assumed]
        """
        down = self.over_edge and refusal.status in (408, 503) and refusal.retry_after is None
        if not down or self.rounds.plan is None or not self._profile.failover:
            return False
        return len(self.rounds.plan.decisions) > 1 if self.state is State.REFRESHING else bool(self.rounds.left)

    def _try_another(self, why: str, now: Instant) -> State:
        self._alarm = messages.TIMED_OUT
        return self._lost(why, now) if self.state is State.REFRESHING else self.pass_over(why, now)

    # --- registered ---------------------------------------------------------------------------------------

    def refresh(self, _payload: object, now: Instant) -> State:
        connection, registration = self._talk()
        connection.send(registration.refresh(now), now)
        return State.REFRESHING

    def renew_token(self, _payload: object, now: Instant) -> State:
        wallet = self._outfit.wallet
        if wallet.renewed(now) is None:
            self._emit(PhoneWarned(code="W_TOKEN_NOT_RENEWED", detail="the token nears its end"))
            again = Instant(now + RETRY_AFTER)
            if wallet.renewal_due(again) is not None:
                self.due[Input.TOKEN_DUE] = again
        else:
            self._arm_renewal(now)
        return self.state

    def _arm_renewal(self, now: Instant) -> None:
        due = self._outfit.wallet.renewal_due(now)
        if due is not None:
            self.due[Input.TOKEN_DUE] = due

    def come_back(self, watch: Watch, now: Instant) -> State:
        """Unregister here without waiting for the answer; register at the better node, already connected."""
        connection, registration = self._talk()
        assert self.decision is not None
        assert watch.connection is not None
        connection.send(registration.unregister(now), now)
        self._emit(PhoneFailedOver(old=self.decision.host, new=watch.decision.host, why="a better node"))
        self._drop_connection()
        self._alarm = messages.FALLEN_BACK
        self.decision, self.flow = watch.decision, watch.flow
        self.rounds.begin_behind(watch.decision)
        return self.register(watch.connection.facts, now)

    # --- leaving ------------------------------------------------------------------------------------------

    def unregister(self, _payload: object, now: Instant) -> State:
        if Behaviour.CLOSE_WITHOUT_UNREGISTER in self._conduct:
            return self.halt(None, now)
        return self._unregister("stop", now)

    def restart(self, _payload: object, now: Instant) -> State:
        self._alarm = messages.RESTARTED
        return self._unregister("start", now)

    def _unregister(self, afterwards: Literal["stop", "start"], now: Instant) -> State:
        self._afterwards = afterwards
        self.due.clear()
        self.standby.end()
        connection, registration = self._talk()
        connection.send(registration.unregister(now), now)
        return State.UNREGISTERING

    def mark_stop(self, _payload: object, _now: Instant) -> State:
        self._afterwards = "stop"
        return self.state

    def depart(self, _arrived: ResponseArrived, now: Instant) -> State:
        assert self.decision is not None
        self._emit(PhoneUnregistered(node=self.decision.host))
        return self._finish(now)

    def leave(self, why: object, now: Instant) -> State:
        """The node would not, or could not, say that it unregistered the phone."""
        text = why.response.start_line if isinstance(why, ResponseArrived) else str(why)
        self._emit(PhoneWarned(code="W_NOT_UNREGISTERED", detail=text))
        return self._finish(now)

    def _finish(self, now: Instant) -> State:
        self._drop_connection()
        return self.fetch(None, now) if self._afterwards == "start" else self.halt(None, now)

    def halt(self, _payload: object, _now: Instant) -> State:
        self._drop_connection()
        self.due.clear()
        self.provisioning.cancel()
        self._backoff.reset()
        self._alarm = messages.INITIALIZED
        return State.STOPPED

    def nothing(self, _payload: object, _now: Instant) -> State:
        return self.state

    # --- parts --------------------------------------------------------------------------------------------

    def _talk(self) -> tuple[Connection, Registration]:
        assert self.connection is not None
        assert self.registration is not None
        return self.connection, self.registration
