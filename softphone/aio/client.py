"""One phone on real sockets, alone, against any host: register once, say how it went, unregister, close.

Host names are resolved in the ordinary way; nothing of the lab is needed.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from simulator.aio.clock import RealClock
from simulator.aio.driver import Driver
from simulator.core.actor.flow import Address
from simulator.core.entropy import SeededEntropy
from simulator.core.events import (
    PhoneRegistered,
    PhoneStateChanged,
    PhoneUnregistered,
    SignInFailed,
    SignInStateChanged,
)
from simulator.core.events.log import EventLog, Record
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Clock
from simulator.core.sip import UCM, Dialect
from softphone.core.actors.jabber import Jabber
from softphone.core.actors.softphone import Softphone
from softphone.core.registration.transitions import State
from softphone.core.settings.profile import PhoneProfile, TokenSource
from softphone.core.signin import JabberAccount, SignInState


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The node accepted the phone."""

    node: str
    port: int
    expires: int
    """Seconds the node granted."""
    unregistered: bool
    """The node also confirmed that the phone is gone again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The node answered, and said no."""

    node: str
    port: int
    status: int
    reason: str
    warning: str | None = None
    retry_after: int | None = None
    code: str | None = None
    """E_NO_TOKEN, E_TOKEN_REFUSED, E_TOKEN_UNSENDABLE, E_CHALLENGE_UNSUPPORTED where the phone gave up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """No node gave an answer, or there was no configuration to find one with."""

    code: str
    """E_ALL_NODES_FAILED, E_TIMEOUT, or the configuration's problem."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSignedIn:
    """The sign-in came to an end, or its session did: there is nothing to register with."""

    code: str
    """E_CREDENTIALS, E_USER_NOT_FOUND, E_NO_DEVICE, E_SESSION_EXPIRED, E_UNREACHABLE, E_NO_SRV and others."""
    why: str


Outcome = Registered | Refused | Unreachable | NotSignedIn


_LEAVE = 5.0
"""Seconds a registered phone waits for the answer to its unregister before it just closes."""
_SETTLED = (State.REGISTERED, State.BACKING_OFF, State.FAILED)
_NOT_IN = (SignInState.FAILED, SignInState.WAITING, SignInState.EXPIRED)


async def register_once(
    profile: PhoneProfile,
    tokens: TokenSource,
    *,
    within: float,
    dialect: Dialect = UCM,
    seed: int = 0,
    log: EventLog | None = None,
    clock: Clock | None = None,
    keylog: str | None = None,
) -> Outcome:
    """Start the phone and wait for its first outcome, at most `within` seconds; then unregister and close.

    `log`, which must use `clock`, takes the phone's and the driver's events, for a ladder or a file.
    """
    clock = clock or RealClock()
    log = log or EventLog(clock, keep=0)
    flows = FlowIds()
    name = ActorId(profile.device)
    phone = Softphone(
        profile,
        tokens=tokens,
        entropy=SeededEntropy(seed, path=profile.device),
        journal=log.journal(name),
        flows=flows,
        dialect=dialect,
    )
    return await _run(phone, Driver(log, clock, flows, keylog=keylog), log, clock, within=within, stay=0.0)


async def sign_in_once(
    account: JabberAccount,
    profile: PhoneProfile,
    *,
    within: float,
    stay: float = 0.0,
    dialect: Dialect = UCM,
    log: EventLog | None = None,
    clock: Clock | None = None,
    keylog: str | None = None,
) -> Outcome:
    """Sign in, find the device and register, as a Jabber does when it starts; then go on as `register_once`.

    `profile` without device and configuration: those are found. It stays registered for `stay` seconds, and
    its tokens are renewed in time. Names are resolved by the account's name servers, else in the ordinary way.
    """
    clock = clock or RealClock()
    log = log or EventLog(clock, keep=0)
    flows = FlowIds()
    jabber = Jabber(
        account,
        profile,
        entropy=SeededEntropy(int.from_bytes(os.urandom(8)), path=account.user),  # PKCE: not to be guessed
        journal=log.journal(ActorId(profile.device)),
        flows=flows,
        dialect=dialect,
    )

    def resolve(dialled: Address) -> Address:
        return Address(jabber.address_of(dialled.host) or dialled.host, dialled.port)

    driver = Driver(log, clock, flows, resolve=resolve, keylog=keylog)
    return await _run(jabber, driver, log, clock, within=within, stay=stay)


async def _run(
    phone: Softphone | Jabber, driver: Driver, log: EventLog, clock: Clock, *, within: float, stay: float
) -> Outcome:
    watcher = _Watcher(phone.name)
    unsubscribe = log.subscribe(watcher)
    try:
        await driver.join(phone)
        phone.start(clock.now())
        driver.run(phone)
        if not await watcher.reaches((*_SETTLED, *_NOT_IN), within):
            return Unreachable(code="E_TIMEOUT", why=_so_far(phone, within))
        if watcher.registered is not None and stay:
            await watcher.reaches((State.BACKING_OFF, State.FAILED, *_NOT_IN), stay)
        if watcher.not_signed_in is not None:
            return NotSignedIn(code=watcher.not_signed_in.code, why=watcher.not_signed_in.detail)
        if watcher.registered is None:
            return _no(phone)
        phone.stop(clock.now())
        driver.run(phone)
        await watcher.reaches((State.STOPPED,), _LEAVE)
        return Registered(
            node=watcher.registered.node,
            port=watcher.registered.port,
            expires=watcher.registered.expires,
            unregistered=watcher.unregistered,
        )
    finally:
        unsubscribe()
        await driver.shut_down()


class _Watcher:
    """Reads the phone's events and wakes the task that waits for a state."""

    def __init__(self, name: ActorId) -> None:
        self._name = name
        self._state: str = State.IDLE
        self._changed = asyncio.Event()
        self.registered: PhoneRegistered | None = None
        self.not_signed_in: SignInFailed | None = None
        self._sign_in_problem: SignInFailed | None = None
        self.unregistered = False

    def __call__(self, record: Record) -> None:
        if record.actor != self._name:
            return
        match record.event:
            case PhoneStateChanged(new=new):
                self._state = new
                self._changed.set()
            case SignInFailed() as event:
                self._sign_in_problem = event
            case SignInStateChanged(new=new) if new in _NOT_IN:
                self.not_signed_in = self._sign_in_problem
                self._state = SignInState(new)
                self._changed.set()
            case PhoneRegistered() as event:
                self.registered = event
            case PhoneUnregistered():
                self.unregistered = True

    async def reaches(self, states: tuple[State | SignInState, ...], within: float) -> bool:
        """Wait until the phone is in one of `states`; False if that takes longer than `within` seconds."""
        try:
            async with asyncio.timeout(within):
                while self._state not in states:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True


def _no(phone: Softphone | Jabber) -> Refused | Unreachable:
    refusal, failure = phone.last_refusal, phone.last_failure
    if refusal is not None:
        return Refused(
            node=refusal.node,
            port=refusal.port,
            status=refusal.status,
            reason=refusal.phrase,
            warning=refusal.warning,
            retry_after=refusal.retry_after,
            code=None if failure is None else failure.code,
        )
    assert failure is not None
    return Unreachable(code=failure.code, why=failure.detail)


def _so_far(phone: Softphone | Jabber, within: float) -> str:
    where = "" if phone.decision is None else f" to {phone.decision.next_hop} ({phone.decision.transport})"
    return f"still {phone.state}{where} after {within:g} s"
