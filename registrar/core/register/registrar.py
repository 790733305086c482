"""The registrar of one node: `admit` and `decide` only read, `commit` only writes (architecture 5)."""

from __future__ import annotations

from registrar.core.cluster.bindings import Binding, BindingStore
from registrar.core.cluster.directory import Directory
from registrar.core.cluster.expressway_table import TrustVerdict
from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.register.checks import CHECKS, is_same_client
from registrar.core.register.peer import Peer, PeerRole
from registrar.core.register.policy import RegistrarPolicy
from registrar.core.register.request import RegisterReader, options_of
from registrar.core.register.verdicts import Accepted, Challenged, Decision, RegisterAttempt
from registrar.core.tokens import TokenPolicy, TokenProblem, TokenValidator
from registrar.core.tokens.claims import DEFAULT_SCOPE
from simulator.core.instant import Instant
from simulator.core.sip import RFC8898, UCM, Dialect, Request


class Registrar:
    """One node's registrar: what it loaded when it started, over the cluster's live tables."""

    def __init__(
        self,
        snapshot: NodeSnapshot,
        directory: Directory,
        bindings: BindingStore,
        policy: RegistrarPolicy,
        tokens: TokenValidator | None = None,
    ) -> None:
        """`tokens` None: a validator over the snapshot's keys and the directory's users."""
        self.snapshot = snapshot
        self.directory = directory
        self.bindings = bindings
        self.policy = policy
        self.tokens = tokens or TokenValidator(
            snapshot.keys, TokenPolicy(issuer=snapshot.keys.cluster_id), directory.subject_status
        )
        self.reader = RegisterReader()
        self.dialect = UCM if policy.dialect == "ucm" else RFC8898
        self.no_token_challenge = self.challenge(self.dialect)

    def challenge(self, dialect: Dialect, error: str | None = None) -> tuple[str, str]:
        """The challenge's header field. UCM's has a realm only [observed]; the RFC's must name the
        authorization server and should name the scope (RFC 8898 2.2, 4)."""
        if dialect is UCM:
            return dialect.challenge(error)
        host = self.snapshot.host
        server = self.policy.authz_server or f"https://{f'[{host}]' if ':' in host else host}:8443/ssosp/oauth"
        return dialect.challenge(error, scope=DEFAULT_SCOPE, authz_server=server)

    def wall_clock(self, now: Instant) -> Instant:
        """What the node's clock shows: it may be wrong."""
        return Instant(now + self.policy.clock_error)

    def admit(self, arrival: Peer) -> TrustVerdict:
        """Once per connection on the MRA port: does UCM's Expressway-C table know the peer? Only reads."""
        return self.directory.trust.judge(arrival.peer)

    def decide(self, request: Request, arrival: Peer, now: Instant) -> Decision:
        """Only reads. Total: every REGISTER gets a decision."""
        ask = RegisterAttempt(request, arrival, now)
        for check in CHECKS:
            verdict = check(self, ask)
            if verdict is not None:
                ask.check = check.__name__
                return verdict
        return self._accept(ask)

    def commit(self, decision: Decision) -> None:
        """Only writes: the binding store, and what the connection has shown."""
        ask = decision.ask
        arrival = ask.arrival
        if isinstance(decision, Accepted):
            self._bind(decision)
            if ask.token is not None and arrival.refusals:
                arrival.refusals.pop(ask.said.call_id, None)
            if arrival.role is not PeerRole.MRA_OAUTH:
                arrival.device = decision.device.name
                arrival.proven = arrival.proven or ask.token is not None
                if ask.sent is not None:
                    arrival.token = self.tokens.remembered(ask.sent)
        elif isinstance(decision, Challenged) and decision.problem is not TokenProblem.TOKEN_ABSENT:
            arrival.count_refusal(ask.said.call_id)

    def _bind(self, decision: Accepted) -> None:
        ask = decision.ask
        binding = ask.binding
        if decision.what == "refreshed":
            assert binding is not None
            binding.cseq = ask.cseq
            binding.flow = ask.arrival.flow
            binding.told = None
            binding.source = ask.arrival.source
            self.bindings.refresh(binding, Instant(ask.now + decision.expires))
        elif decision.what == "registered":
            for old in (*decision.ended, *decision.taken_over):
                self.bindings.remove(old)
            self.bindings.put(self._new_binding(decision))
        else:
            for old in decision.ended:
                self.bindings.remove(old)

    def _new_binding(self, decision: Accepted) -> Binding:
        ask = decision.ask
        assert ask.said.contact is not None
        return Binding(
            device=decision.device.name,
            dn=ask.said.dn,
            node=self.snapshot.name,
            aor=ask.said.aor,
            contact=ask.said.contact.text,
            contact_uri=ask.said.contact.uri,
            instance=ask.said.contact.instance,
            call_id=ask.said.call_id,
            cseq=ask.cseq,
            flow=ask.arrival.flow,
            source=ask.arrival.source,
            transport=ask.arrival.transport,
            lines=decision.lines,
            registered_at=ask.now,
            expires_at=Instant(ask.now + decision.expires),
            subject=ask.token.subject if ask.token else None,
            path=decision.path,
        )

    def _accept(self, ask: RegisterAttempt) -> Accepted:
        device, contact, binding = ask.device, ask.said.contact, ask.binding
        assert device is not None
        if contact is None:
            # RFC 3261 10.2.3: a query. Only the device's own binding is returned. [documented: sip-wire 4]
            left = round(binding.expires_at - ask.now) if binding else 0
            shown = binding.contact if binding else ""
            return Accepted(what="queried", ask=ask, device=device, expires=left, contact=shown)
        if contact.keep_alive:
            return Accepted(what="kept_alive", ask=ask, device=device, expires=0)
        if ask.expires == 0:
            ended = (binding,) if binding is not None and contact.same_address(binding.contact_uri) else ()
            return Accepted(what="unregistered", ask=ask, device=device, expires=0, ended=ended)
        granted = min(ask.expires, self.policy.granted_expires)
        if (
            binding is not None
            and binding.call_id == ask.said.call_id
            and binding.node == self.snapshot.name
            and contact.same_address(binding.contact_uri)
        ):
            return Accepted(
                what="refreshed",
                ask=ask,
                device=device,
                expires=granted,
                contact=contact.text,
                path=binding.path,
            )
        options = options_of(ask.request)
        first = device.lines[0].dn == ask.said.dn
        # A client holds the whole device: with it, every binding of another client ends.
        others = tuple(held for held in self.bindings.of(device.name) if not is_same_client(ask, held))
        return Accepted(
            what="registered",
            ask=ask,
            device=device,
            expires=granted,
            contact=contact.text,
            ended=(binding,) if binding is not None and binding not in others else (),
            taken_over=others,
            lines=tuple(line.dn for line in device.lines) if options.bulk and first else (ask.said.dn,),
            options=options,
            first_line=first,
            path=ask.request.headers.get_all("path"),
        )
