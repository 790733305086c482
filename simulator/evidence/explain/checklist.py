"""Writes an attempt out: its legs one after the other, then the REGISTER; nothing is reached after a "
"failure."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.evidence.connections import Connection, End
from simulator.evidence.explain import provisioning, register_rows, requests, signing_in, tls_rows
from simulator.evidence.explain.attempts import AttemptReader, Beginning, Try
from simulator.evidence.explain.model import Advice, Attempt, ExplainRow, What
from simulator.evidence.explain.tls_rows import PORTS, Leg, role_of


def explain(records: Sequence[Record]) -> tuple[Attempt, ...]:
    """List every attempt in the records, in the order in which they began; empty if there was none."""
    reader = AttemptReader(records)
    start = records[0].at if records else 0.0
    written = [_Writing(reader, beginning) for beginning in reader.beginnings()]
    return tuple(
        writing.attempt(number, start)
        for number, writing in enumerate((one for one in written if one.counts), start=1)
    )


class _Writing:
    def __init__(self, reader: AttemptReader, beginning: Beginning) -> None:
        self._reader = reader
        self._from = beginning
        self._rows: list[ExplainRow] = []
        self._advice: tuple[Advice, ...] = ()
        self._legs = self._find_legs()
        self.outcome = ""
        self._write()

    @property
    def counts(self) -> bool:
        """Tell whether this is an attempt; a fetch of a file is one only if its handshake failed."""
        connection = self._from.connection
        if connection is None or self._from.register is not None or self._from.request is not None:
            return True
        known = connection.server is not None or self._reader.talked(connection)
        return connection.failed or (known and self._legs[0].role != "https")

    def attempt(self, number: int, start: float) -> Attempt:
        one = self._from
        register = one.register
        last = self._legs[-1] if self._legs else None
        return Attempt(
            number=number,
            at=one.first.at - start,
            client=one.actor or (self._legs[0].connection.client_name if self._legs else "?"),
            target=self._target(),
            port=self._port(last),
            what=self._what(),
            outcome=self.outcome,
            rows=tuple(self._rows),
            advice=self._advice,
            device=register.decision.device if register and register.decision else None,
            call_id=register.key[0] if register else "",
            seqs=(one.first.seq, max(one.last, one.first.seq)),
        )

    def _port(self, last: Leg | None) -> str:
        if self._from.request is not None or self._from.for_web:
            return requests.PORT
        return PORTS[last.role] if last else self._port_meant()

    def _port_meant(self) -> str:
        """Tell which port an attempt without a connection was meant for."""
        if self._from.signin is not None:
            return "sign-in"
        if self._from.refused is None:
            return "no port"
        decided = self._from.provision.decided(self._from.remote) if self._from.provision else None
        secured = self._from.refused.transport == "tls"
        return PORTS[provisioning.role_of(decided.element, secured) if decided else "other"]

    def _target(self) -> str:
        if self._from.signin is not None:
            return self._from.signin.where
        if self._from.refused is not None:
            return self._from.refused.remote
        if not self._legs:
            return "no node"
        connection = self._legs[-1].connection
        if connection.client is None:
            return f"{connection.server_name} ({connection.target})"
        return connection.target

    def _what(self) -> What:
        if self._from.signin is not None:
            return "sign-in"
        if self._from.register is not None:
            return "register"
        if self._from.request is not None:
            return "request"
        if self._from.connection is None:
            return "connection" if self._from.refused is not None else "configuration"
        return "handshake" if self._from.connection.secured else "connection"

    # --- legs ---------------------------------------------------------------------------------------------

    def _find_legs(self) -> list[Leg]:
        path = self._from.register.path if self._from.register else [self._from.connection]
        return [Leg(connection=one, role=self._role(one)) for one in path if one is not None]

    def _role(self, connection: Connection) -> str:
        known = role_of(connection.listener)
        if known is not None:
            return known
        provision = self._reader.provision_of(connection)
        decided = provision.decided(connection.target) if provision else None
        element = decided.element if decided else ""
        if not self._reader.talked(connection):
            return "https"
        return provisioning.role_of(element, connection.secured)

    # --- rows ---------------------------------------------------------------------------------------------

    def _write(self) -> None:
        self._add(*provisioning.rows_of(self._from))
        if self._from.signin is not None:
            self._add(*signing_in.rows_of(self._from.signin))
            self.outcome = self._from.signin.outcome
        if self._from.refused is not None:
            rows, advice = tls_rows.unconnected(self._from.actor or "", self._from.refused)
            self._add(rows, (advice,))
            self.outcome = f"no connection: {self._from.refused.detail}"
        elif self._from.failed is not None:
            self.outcome = self._from.failed.code
        for leg in self._legs:
            rows, one = tls_rows.rows_of(leg)
            self._add(rows, (one,) if one else ())
            self._judged_by_table(leg, rows)
        if self._from.register is not None:
            self._register(self._from.register)
        elif self._from.request is not None:
            self._add(*requests.rows_of(self._from.request, self._legs[-1].connection.server_name))
            self.outcome = self._from.request.outcome
        elif self._from.connection is not None:
            self._unused(self._from.connection)

    def _add(self, rows: list[ExplainRow], advice: tuple[Advice, ...] = ()) -> None:
        """Add rows and advice; after a failed row, later rows are not reached and their advice is ignored."""
        if any(row.state == "fail" for row in self._rows):
            self._rows += [tls_rows.not_reached(row) for row in rows]
            return
        self._rows += rows
        self._advice = advice or self._advice

    def _judged_by_table(self, leg: Leg, rows: list[ExplainRow]) -> None:
        if any(row.id == "name_table" and row.state == "fail" for row in rows):
            self._advice = (register_rows.not_in_table(),)

    def _register(self, one: Try) -> None:
        leg = self._legs[-1]
        behind = leg.role == "traversal"  # whose client is the inner one
        name = f"REGISTER at {leg.connection.client_name if behind else leg.connection.server_name}"
        failed = any(row.state == "fail" for row in self._rows)
        through = leg.role in ("edge", "traversal")
        onward = through and one.decision is None
        if one.broken is not None and one.decision is None:
            self._add(*register_rows.malformed(one.broken, name))
            self.outcome = f"malformed: {one.broken.detail}"
        elif one.decision is not None:
            self._add(*register_rows.judged(one.decision, name, challenged_before=one.challenged))
            self.outcome = _decided(one, one.decision)
        elif not (failed or onward or one.arrivals) and one.answer is None and _is_over(leg.connection):
            self._add(*register_rows.unanswered(leg.role, name))
            self.outcome = "no answer"
        elif failed or leg.connection.server is not None:
            if onward and not failed:
                self._add(*register_rows.by_expressway(one.answer, name))
            role = "mra" if through else leg.role
            self._add(register_rows.not_judged(role, name))
            self.outcome = f"{one.answer or 'no answer'}" if onward or one.answer else "no answer"
        else:
            role = "mra" if through else leg.role
            presented = leg.connection.client is not None and _presented(leg.connection.client)
            self._add(
                *register_rows.answered(
                    one.answer,
                    role,
                    name,
                    had_token=one.had_token,
                    again=one.refused_before,
                    presented=presented,
                )
            )
            self.outcome = str(one.answer or "no answer")
        if one.given_up and any(row.state == "fail" for row in self._rows):
            self.outcome += f"; the phone gave up ({one.given_up})"

    def _unused(self, connection: Connection) -> None:
        """Describe a connection over which no REGISTER came."""
        failed = next((row for row in self._rows if row.state == "fail"), None)
        other = self._reader.other_request(connection)
        if failed is not None:
            self.outcome = failed.evidence.partition(";")[0]
        elif other is not None and other[1] is not None and other[1].status >= 300:
            self._add(*register_rows.not_served(other[0], other[1], self._legs[-1].name))
            self.outcome = f"{other[0]}: {other[1]}"
        elif other is not None:
            self.outcome = f"connected; {other[0]}, no REGISTER"
        else:
            self.outcome = "connected, no REGISTER"


def _is_over(connection: Connection) -> bool:
    return any(end.closed is not None for end in connection.ends)


def _presented(client: End) -> bool:
    return client.established is not None and bool(client.established.own_names)


def _decided(one: Try, event: register_rows.Judgement) -> str:
    if isinstance(event, ev.RegistrarAccepted):
        return f"{event.what.replace('_', ' ')}, {event.expires} s"
    if isinstance(event, ev.RegistrarChallenged) and event.reason == "token_absent":
        return f"{event.status}: challenged, no token came"
    said = str(one.answer) if one.answer else str(event.status or "closed without an answer")
    return f"{said} ({event.reason})"
