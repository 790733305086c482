"""Groups records into attempts: the connections a REGISTER crossed and what was decided, or a handshake alone.

Read from causes, flows and Call-IDs only, so a foreign client's attempts are found like our own phones'. A
challenge without a token and the REGISTER that answers it are one attempt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.evidence.connections import Connection, Connections
from simulator.evidence.explain.register_rows import Answer, Judgement
from simulator.evidence.explain.requests import Refusal, UnservedRequest, refusal_of
from simulator.evidence.explain.signing_in import SignIn

_RETRY_AFTER = re.compile(r"(?im)^Retry-After:")
_WARNING = re.compile(r'(?im)^Warning:\s*399 \S+ "([^"]*)"')
_TOKEN = re.compile(r"(?im)^(?:Proxy-)?Authorization:\s*Bearer\b")


_OF_DRIVERS = (ev.FlowOpened, ev.FlowClosed, ev.FlowFailed, ev.TlsEstablished, ev.TlsFailed)


@dataclass(slots=True, eq=False)
class Try:
    """One REGISTER on its way from the client to its final answer."""

    key: tuple[str, int]
    """Call-ID and CSeq."""
    first: Record
    path: list[Connection]
    last: int = 0
    had_token: bool = False
    refused_before: bool = False
    """An earlier REGISTER with the same Call-ID carried a token and was challenged again."""
    challenged: bool = False
    """Whether it answers a challenge for an absent token."""
    arrivals: set[int] = field(default_factory=set)
    """seqs of the records in which an actor received it."""
    holders: list[str] = field(default_factory=list)
    """Actors that have held the REGISTER, in order."""
    decision: Judgement | None = None
    broken: ev.SipMalformed | None = None
    answer: Answer | None = None
    """The answer as the client got it or, for a foreign client, as it was sent."""
    given_up: str = ""
    """What the phone said when it gave up."""

    @property
    def over(self) -> bool:
        return self.decision is not None or self.answer is not None or self.broken is not None

    def absorb(self, following: Try) -> None:
        """Make the REGISTER that answers this one's challenge part of the same attempt."""
        following.first, following.challenged = self.first, True


@dataclass(slots=True, eq=False)
class Provision:
    """How a phone of the lab came to its node and port."""

    fetched: ev.ConfigFetched | None = None
    decisions: tuple[ev.PhonePortDecided, ...] = ()
    """A node each."""
    first: Record | None = None

    def decided(self, remote: str | None) -> ev.PhonePortDecided | None:
        """Return the decision that led to this node and port; behind an edge, or without a target, the first of
        all.
        """
        for event in reversed(self.decisions):
            if remote in (f"{event.node}:{event.port}", f"[{event.node}]:{event.port}"):
                return event
        return self.decisions[0] if self.decisions else None


@dataclass(slots=True, eq=False)
class Beginning:
    """An attempt that was found in the records and is not written out yet."""

    first: Record
    last: int
    actor: str | None
    provision: Provision | None = None
    connection: Connection | None = None
    refused: ev.FlowFailed | None = None
    failed: ev.PhoneFailed | None = None
    register: Try | None = None
    signin: SignIn | None = None
    request: UnservedRequest | None = None
    """A request over HTTP on this connection that was not served."""
    for_web: bool = False
    """Nothing was reached, and it was meant for web services."""

    @property
    def remote(self) -> str | None:
        """Return what a phone of the lab dialled."""
        if self.refused is not None:
            return self.refused.remote
        client = self.connection.client if self.connection is not None else None
        return client.opened.remote if client is not None else None


class AttemptReader:
    """Read records once and collect the attempts in them; `beginnings` returns them in order."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.connections = Connections(records)
        self._tries: list[Try] = []
        self._open: dict[tuple[str, int], Try] = {}
        self._by_arrival: dict[int, Try] = {}
        self._challenges: dict[tuple[int, str], Try] = {}
        self._provisions: dict[str, Provision] = {}
        self._used: dict[int, Provision] = {}
        self._plain: dict[int, tuple[str, Answer | None]] = {}
        self._signing: dict[str, list[Record]] = {}
        self._refused: set[tuple[int, str]] = set()
        """Connections and Call-IDs on which a token was refused."""
        self._dialled: dict[tuple[str, str], Connection] = {}
        """By client and port dialled, by whatever name: the connection that was opened last."""
        self._said: dict[str, tuple[int, Refusal]] = {}
        """By node: what it said last of a request that it did not serve, and the record's seq."""
        self._requests: dict[int, tuple[UnservedRequest, Record]] = {}
        """By connection: the request on it that was not served."""
        self._talked = {
            record.flow for record in records if not isinstance(record.event, _OF_DRIVERS) and record.flow
        }
        self._alone: list[Beginning] = []
        for record in records:
            self._read(record)

    # --- what came of it ------------------------------------------------------------------------------------

    def beginnings(self) -> list[Beginning]:
        tried = {id(connection) for one in self._tries for connection in one.path}
        found = [self._of_try(one) for one in self._tries]
        found += [
            self._of_connection(connection) for connection in self.connections if id(connection) not in tried
        ]
        return sorted([*found, *self._alone], key=lambda one: one.first.seq)

    def talked(self, connection: Connection) -> bool:
        """Tell whether an actor used the connection. What a driver does by itself, such as fetching a file,
        does not count.
        """
        return any(end.flow in self._talked for end in connection.ends)

    def provision_of(self, connection: Connection) -> Provision | None:
        return self._used.get(id(connection))

    def other_request(self, connection: Connection) -> tuple[str, Answer | None] | None:
        """Return method and answer of a request on the connection that was no REGISTER."""
        return self._plain.get(id(connection))

    def _of_try(self, one: Try) -> Beginning:
        last = max([one.last, *(seq for conn in one.path for end in conn.ends for seq in end.seqs.values())])
        entry = one.path[0]
        actor = entry.client.actor if entry.client else None
        return Beginning(
            first=one.first,
            last=last if not one.over else one.last,
            actor=actor,
            provision=self.provision_of(entry),
            connection=entry,
            register=one,
        )

    def _of_connection(self, connection: Connection) -> Beginning:
        last = max([connection.first.seq, *(seq for end in connection.ends for seq in end.seqs.values())])
        request, answered = self._requests.get(id(connection), (None, connection.first))
        return Beginning(
            first=connection.first,
            last=max(last, answered.seq),
            actor=connection.client.actor if connection.client else None,
            provision=self.provision_of(connection),
            connection=connection,
            request=request,
        )

    def _forget_dial(self, actor: str, remote: str) -> None:
        """Drop the actor's failed connection for a file, which the actor itself reports as provisioning."""
        self._alone = [
            one
            for one in self._alone
            if one.actor != actor or one.refused is None or one.refused.remote != remote
        ]

    # --- reading ----------------------------------------------------------------------------------------------

    def _read(self, record: Record) -> None:
        event = record.event
        match event:
            case ev.ConfigFetched():
                self._provisions[record.actor] = Provision(fetched=event, first=record)
                self._forget_dial(str(record.actor), urlsplit(event.url).netloc)
            case ev.PhonePortDecided():
                known = self._provisions.get(record.actor)
                self._provisions[record.actor] = Provision(
                    fetched=known.fetched if known else None,
                    decisions=(*(known.decisions if known else ()), event),
                    first=known.first if known else record,
                )
            case ev.FlowOpened():
                connection = self.connections.of(record.flow)
                provision = self._provisions.get(record.actor)
                if connection is not None and event.listener is None:
                    self._dialled[str(record.actor), _port(event.remote)] = connection
                if (
                    connection is not None
                    and event.listener is None
                    and record.flow in self._talked
                    and provision
                ):
                    self._used[id(connection)] = provision
            case ev.FlowFailed():
                self._alone.append(
                    Beginning(
                        first=record,
                        last=record.seq,
                        actor=str(record.actor),
                        provision=self._provisions.get(record.actor),
                        refused=event,
                    )
                )
            case ev.PhoneFailed():
                self._phone_failed(record, event)
            case ev.SipSent() | ev.SipReceived():
                self._sip(record, event)
            case ev.ProxyForwarded():
                self._forwarded(record)
            case ev.RegistrarAccepted() | ev.RegistrarChallenged() | ev.RegistrarRejected():
                self._decided(record, event)
            case ev.SipMalformed():
                self._malformed(record, event)
            case ev.SignInStepAnswered():
                self._signing.setdefault(str(record.actor), []).append(record)
            case ev.PhoneSignedIn() | ev.SignInFailed() | ev.TokenRenewed():
                self._signed_in(record)
            case ev.HttpAnswered():
                self._http_answered(record, event)
            case _ if (refusal := refusal_of(event)) is not None:
                self._said[str(record.actor)] = record.seq, refusal

    def _http_answered(self, record: Record, event: ev.HttpAnswered) -> None:
        """Add an attempt for a request that was not served, unless its connection already has a failed one."""
        asked = (str(record.actor), _port(event.where.partition("/")[0]))
        last = self._alone[-1] if self._alone else None
        if event.status is None and last is not None and asked == (last.actor, _port(last.remote or "")):
            last.for_web = True
            return
        connection = self._dialled.get(asked)
        if connection is None or connection.failed:
            return
        seq, refusal = self._said.get(connection.server_name, (0, None))
        if seq < connection.first.seq:
            refusal = None
        served = event.status is not None and event.status < 400 and not isinstance(refusal, ev.OAuthRefused)
        if not served and id(connection) not in self._requests:
            self._requests[id(connection)] = UnservedRequest(answered=event, refusal=refusal), record

    def _sip(self, record: Record, event: ev.SipSent | ev.SipReceived) -> None:
        connection = self.connections.of(record.flow)
        if connection is None:
            return
        if event.method != "REGISTER":
            self._other(connection, event)
        elif event.status is not None:
            self._answered(record, event, connection)
        elif isinstance(event, ev.SipSent):
            self._sent(record, event, connection)
        else:
            self._received(record, event, connection)

    def _signed_in(self, record: Record) -> None:
        """Add an attempt for the end of a sign-in; a token that was renewed normally is not one."""
        actor = str(record.actor)
        one = SignIn(steps=tuple(self._signing.pop(actor, ())), ended=record)
        if not isinstance(record.event, ev.TokenRenewed):
            self._alone.append(Beginning(first=one.first, last=record.seq, actor=actor, signin=one))

    def _other(self, connection: Connection, event: ev.SipMessageSeen) -> None:
        if event.status is None:
            self._plain.setdefault(id(connection), (event.method, None))
        elif event.status >= 200 and id(connection) in self._plain:
            earlier = self._plain[id(connection)][1]
            if earlier is None or earlier.status < 300:  # the first refusal is the one to tell of
                self._plain[id(connection)] = (event.method, _answer(event))

    def _sent(self, record: Record, event: ev.SipMessageSeen, connection: Connection) -> None:
        key = (event.call_id, event.cseq)
        known = self._open.get(key)
        if known is not None and not known.over and str(record.actor) in known.holders:
            self._cross(known, record, connection)
            return
        if known is not None and known.path[0] is connection and connection.transport == "udp":
            return  # said again, as UDP must
        self._begin(key, record, event, connection)

    def _received(self, record: Record, event: ev.SipMessageSeen, connection: Connection) -> None:
        key = (event.call_id, event.cseq)
        known = self._open.get(key)
        if known is None or known.over or connection not in known.path or str(record.actor) in known.holders:
            known = self._begin(key, record, event, connection)
        else:
            self._cross(known, record, connection)
        known.arrivals.add(record.seq)
        self._by_arrival[record.seq] = known
        known.had_token = known.had_token or _TOKEN.search(event.text) is not None

    def _begin(
        self, key: tuple[str, int], record: Record, event: ev.SipMessageSeen, connection: Connection
    ) -> Try:
        begun = Try(key=key, first=record, path=[connection], last=record.seq)
        begun.holders.append(str(record.actor))
        begun.had_token = _TOKEN.search(event.text) is not None
        begun.refused_before = (id(connection), event.call_id) in self._refused
        self._open[key] = begun
        earlier = self._challenges.pop((id(connection), event.call_id), None)
        if earlier is not None:
            earlier.absorb(begun)
            self._tries.remove(earlier)
        self._tries.append(begun)
        return begun

    @staticmethod
    def _cross(one: Try, record: Record, connection: Connection) -> None:
        one.last = record.seq
        if connection not in one.path:
            one.path.append(connection)
        if str(record.actor) not in one.holders:
            one.holders.append(str(record.actor))

    def _forwarded(self, record: Record) -> None:
        """Add the next connection to the attempt; it is known even before it is up, or if it never is."""
        one = self._by_arrival.get(record.cause or 0)
        connection = self.connections.of(record.flow)
        if one is not None and connection is not None:
            self._cross(one, record, connection)

    def _decided(self, record: Record, event: Judgement) -> None:
        one = self._by_arrival.get(record.cause or 0)
        if one is None:
            return  # 5091: closed before any SIP; the connection's own rows say so
        one.decision, one.last = event, record.seq
        if isinstance(event, ev.RegistrarChallenged) and event.reason == "token_absent":
            self._challenges[id(one.path[0]), one.key[0]] = one

    def _malformed(self, record: Record, event: ev.SipMalformed) -> None:
        one = self._by_arrival.get(record.cause or 0)
        connection = self.connections.of(record.flow)
        if one is not None:
            one.broken, one.last = event, record.seq
        elif connection is not None:
            begun = Try(key=("", 0), first=record, path=[connection], last=record.seq, broken=event)
            self._tries.append(begun)

    def _answered(self, record: Record, event: ev.SipMessageSeen, connection: Connection) -> None:
        one = self._open.get((event.call_id, event.cseq))
        if one is None or event.status is None or event.status < 200 or connection is not one.path[0]:
            return
        at_client = isinstance(event, ev.SipReceived) or connection.client is None
        if not at_client:
            return
        one.answer, one.last = _answer(event), record.seq
        if event.status in (401, 407) and one.had_token:
            self._refused.add((id(connection), event.call_id))
        elif event.status in (401, 407) and one.decision is None:
            self._challenges[id(connection), one.key[0]] = one

    def _phone_failed(self, record: Record, event: ev.PhoneFailed) -> None:
        provision = self._provisions.get(record.actor)
        last = self._tries[-1] if self._tries else None
        if last is not None and last.path[0].client and last.path[0].client.actor == record.actor:
            last.given_up = last.given_up or f"{event.code}: {event.detail}"
        if provision is not None and not self._led_anywhere(record, provision):
            first = provision.first or record
            self._alone.append(
                Beginning(
                    first=first, last=record.seq, actor=str(record.actor), provision=provision, failed=event
                )
            )
            del self._provisions[record.actor]

    def _led_anywhere(self, record: Record, provision: Provision) -> bool:
        return provision in self._used.values() or any(
            one.provision is provision and one.refused for one in self._alone
        )


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _answer(event: ev.SipMessageSeen) -> Answer:
    warning = _WARNING.search(event.text)
    phrase = event.start_line.partition(" ")[2].partition(" ")[2]
    return Answer(
        status=event.status or 0,
        phrase=phrase,
        warning=warning[1] if warning else None,
        retry_after=_RETRY_AFTER.search(event.text) is not None,
    )
