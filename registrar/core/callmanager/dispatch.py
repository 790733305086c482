"""What the CallManager service says to each message: it decides, commits, reports, and writes the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from registrar.core.callmanager import events
from registrar.core.callmanager.connection import CallManagerFlow
from registrar.core.callmanager.other_requests import Granted, judge_other
from registrar.core.callmanager.outbox import Outbox
from registrar.core.callmanager.replies import ALLOW, ReplyWriter, Unanswerable
from registrar.core.cluster.bindings import Binding
from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.register.peer import Peer
from registrar.core.register.policy import RegistrarPolicy
from registrar.core.register.reasons import REPLIES, Reason
from registrar.core.register.registrar import Registrar
from registrar.core.register.verdicts import Accepted, Challenged
from simulator.core.entropy import Entropy
from simulator.core.events.log import Journal
from simulator.core.instant import Instant
from simulator.core.sip import RemoteProtocolError, Request, Response, ServerKey, validate_request


class RequestDispatch:
    """Answers the SIP messages of one CallManager service, from its start to its stop."""

    def __init__(
        self,
        snapshot: NodeSnapshot,
        registrar: Registrar,
        *,
        journal: Journal,
        entropy: Entropy,
        outbox: Outbox,
        counts: Counter[str],
        taken_over: Callable[[Binding], None],
    ) -> None:
        """`taken_over` is called with each binding that another client's registration has ended."""
        self._snapshot = snapshot
        self._registrar = registrar
        self._journal = journal
        self._entropy = entropy
        self._outbox = outbox
        self._counts = counts
        self._taken_over = taken_over
        self.follow(registrar.context.policy)

    def follow(self, policy: RegistrarPolicy) -> None:
        """Use `policy` for every later answer."""
        self._policy = policy
        self._registrar.follow(policy)
        self._replies = ReplyWriter(self._snapshot.name, policy, self._entropy)

    def request(
        self, connection: CallManagerFlow, request: Request, key: ServerKey | None, now: Instant
    ) -> bool:
        """Answer one request; returns False if no answer is possible: the connection is of no more use then."""
        seen = 0
        if self._journal.on:
            seen = events.report_received(self._journal, request, connection.peer.flow)
        try:
            if request.method == "REGISTER":
                self._register(connection, request, key, now, seen)
            else:
                validate_request(request)
                self._other(connection, request, key, now, seen)
        except RemoteProtocolError as error:
            error.request = error.request or request
            return self.malformed(connection, error, key, now, seen)
        except Unanswerable as error:
            self._counts[Reason.MALFORMED] += 1
            events.report_malformed(self._journal, str(error), None, connection.peer.flow, seen)
            return False
        return True

    def response(self, connection: CallManagerFlow, response: Response, now: Instant) -> None:
        """Hand a response to the request of this node that it answers."""
        flow = connection.peer.flow
        if self._journal.on:
            events.report_received(self._journal, response, flow)
        try:
            self._outbox.answered(connection, response, now)
        except RemoteProtocolError as error:
            self.malformed(connection, error, None, now)

    def malformed(
        self,
        connection: CallManagerFlow,
        error: RemoteProtocolError,
        key: ServerKey | None,
        now: Instant,
        seen: int = 0,
    ) -> bool:
        """Report a broken message and answer it if that is possible; returns False if not, like `request`."""
        self._counts[Reason.MALFORMED] += 1
        flow, source = connection.peer.flow, connection.peer.source.host
        request = error.request if isinstance(error.request, Request) else None
        status = error.status_hint
        data = None
        if request is not None and status is not None and request.method != "ACK":
            try:
                data = self._replies.refusal(request, source, now, REPLIES[Reason.MALFORMED], status=status)
            except Unanswerable:
                status = None
        cause = events.report_malformed(self._journal, error.detail, status if data else None, flow, seen)
        if data is not None and request is not None:
            self._outbox.answer(connection, data, request, key, now, cause)
        return data is not None

    def _register(
        self, connection: CallManagerFlow, request: Request, key: ServerKey | None, now: Instant, seen: int
    ) -> None:
        peer = connection.peer
        flow, source = peer.flow, peer.source.host
        decision = self._registrar.decide(request, peer, now)
        self._registrar.commit(decision)
        cause = 0
        if self._journal.on:
            cause = events.report_decision(
                self._journal, decision, flow, seen, oauth_mode=self._snapshot.sip_oauth_mode
            )
        if isinstance(decision, Accepted):
            self._counts[decision.what] += 1
            data = self._replies.accepted(request, source, now, decision)
            if cause:
                events.report_bound(self._journal, decision, flow, cause)
            for binding in decision.taken_over:
                self._taken_over(binding)
        elif isinstance(decision, Challenged):
            self._counts["challenged"] += 1
            data = self._replies.challenge(request, source, now, decision.status, decision.header)
        else:
            self._counts[decision.reason] += 1
            data = self._replies.refusal(
                request,
                source,
                now,
                decision.rule,
                min_expires=decision.min_expires,
                status=decision.status,
            )
        if self._says_trying(peer):
            self._outbox.answer(connection, self._replies.trying(request, source, now), request, key, now, seen)
        self._outbox.answer(connection, data, request, key, now, cause)

    def _says_trying(self, peer: Peer) -> bool:
        trying = self._policy.trying
        return trying == "always" or (trying == "plain" and peer.transport != "tls")

    def _other(
        self, connection: CallManagerFlow, request: Request, key: ServerKey | None, now: Instant, seen: int
    ) -> None:
        if request.method == "ACK":
            return
        peer = connection.peer
        source = peer.source.host
        verdict = judge_other(request, throttled=self._policy.throttled)
        self._counts[verdict.value] += 1
        if isinstance(verdict, Reason):
            data = self._replies.refusal(request, source, now, REPLIES[verdict])
        elif verdict is Granted.OPTIONS:
            data = self._replies.reply(request, source, now, "200 OK", f"Allow: {ALLOW}\r\n")
        else:
            contact = f"Contact: <sip:{connection.local};transport={peer.transport}>\r\n"
            data = self._replies.reply(request, source, now, "202 Accepted", contact, server=False)
        self._outbox.answer(connection, data, request, key, now, seen)
