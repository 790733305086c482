"""The registrar of one node: `admit` and `decide` only read, `commit` only writes (architecture 5)."""

from __future__ import annotations

from dataclasses import replace

from registrar.core.cluster.bindings import Binding, BindingStore, is_same_client
from registrar.core.cluster.directory import Directory
from registrar.core.cluster.expressway_table import TrustVerdict
from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.register.checks import CHECKS
from registrar.core.register.context import RegisterContext
from registrar.core.register.peer import Peer, PeerRole
from registrar.core.register.policy import RegistrarPolicy
from registrar.core.register.request import RegisterReader, options_of
from registrar.core.register.verdicts import Accepted, Challenged, Decision, RegisterAttempt
from registrar.core.tokens import TokenPolicy, TokenProblem, TokenValidator
from simulator.core.instant import Instant
from simulator.core.sip import Request


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
        self.context = RegisterContext(
            snapshot=snapshot,
            directory=directory,
            bindings=bindings,
            policy=policy,
            tokens=tokens
            or TokenValidator(
                snapshot.keys, TokenPolicy(issuer=snapshot.keys.cluster_id), directory.subject_status
            ),
            reader=RegisterReader(),
        )

    @property
    def tokens(self) -> TokenValidator:
        """The validator of the tokens it is shown."""
        return self.context.tokens

    def follow(self, policy: RegistrarPolicy) -> None:
        """Use `policy` for every later decision."""
        self.context = replace(self.context, policy=policy)

    def admit(self, peer: Peer) -> TrustVerdict:
        """Judge a new connection on the MRA port: does UCM's Expressway-C table know the peer? Only reads."""
        return self.context.directory.trust.judge(peer.certificate)

    def decide(self, request: Request, peer: Peer, now: Instant) -> Decision:
        """Decide on a REGISTER. Only reads. Total: every REGISTER gets a decision."""
        context, attempt = self.context, RegisterAttempt(request, peer, now)
        for check in CHECKS:
            verdict = check(context, attempt)
            if verdict is not None:
                attempt.check = check.__name__
                return verdict
        return _accept(context, attempt)

    def commit(self, decision: Decision) -> None:
        """Carry out a decision: write the binding store, and what the connection has shown. Only writes."""
        attempt = decision.attempt
        peer = attempt.peer
        if isinstance(decision, Accepted):
            self._bind(decision)
            if attempt.token is not None and peer.refusals:
                peer.refusals.pop(attempt.parsed.call_id, None)
            if peer.role is not PeerRole.MRA_OAUTH:
                peer.device = decision.device.name
                peer.proven = peer.proven or attempt.token is not None
                if attempt.sent is not None:
                    peer.token = self.tokens.remembered(attempt.sent)
        elif isinstance(decision, Challenged) and decision.problem is not TokenProblem.TOKEN_ABSENT:
            peer.count_refusal(attempt.parsed.call_id)

    def _bind(self, decision: Accepted) -> None:
        bindings, attempt = self.context.bindings, decision.attempt
        if decision.what == "refreshed":
            assert attempt.binding is not None
            bindings.refresh(
                attempt.binding.key,
                cseq=attempt.cseq,
                flow=attempt.peer.flow,
                source=attempt.peer.source,
                expires_at=Instant(attempt.now + decision.expires),
            )
        elif decision.what == "registered":
            for old in (*decision.ended, *decision.taken_over):
                bindings.remove(old)
            bindings.put(_new_binding(self.context.snapshot.name, decision))
        else:
            for old in decision.ended:
                bindings.remove(old)


def _new_binding(node: str, decision: Accepted) -> Binding:
    attempt = decision.attempt
    assert attempt.parsed.contact is not None
    return Binding(
        device=decision.device.name,
        dn=attempt.parsed.dn,
        node=node,
        aor=attempt.parsed.aor,
        contact=attempt.parsed.contact.text,
        contact_uri=attempt.parsed.contact.uri,
        instance=attempt.parsed.contact.instance,
        call_id=attempt.parsed.call_id,
        cseq=attempt.cseq,
        flow=attempt.peer.flow,
        source=attempt.peer.source,
        transport=attempt.peer.transport,
        lines=decision.lines,
        registered_at=attempt.now,
        expires_at=Instant(attempt.now + decision.expires),
        subject=attempt.token.subject if attempt.token else None,
        path=decision.path,
    )


def _accept(context: RegisterContext, attempt: RegisterAttempt) -> Accepted:
    device, contact, binding = attempt.device, attempt.parsed.contact, attempt.binding
    assert device is not None
    if contact is None:
        # RFC 3261 10.2.3: a query. Only the device's own binding is returned. [documented: sip-wire 4]
        left = round(binding.expires_at - attempt.now) if binding else 0
        shown = binding.contact if binding else ""
        return Accepted(what="queried", attempt=attempt, device=device, expires=left, contact=shown)
    if contact.keep_alive:
        return Accepted(what="kept_alive", attempt=attempt, device=device, expires=0)
    if attempt.expires == 0:
        ended = (binding,) if binding is not None and contact.same_address(binding.contact_uri) else ()
        return Accepted(what="unregistered", attempt=attempt, device=device, expires=0, ended=ended)
    granted = min(attempt.expires, context.policy.granted_expires)
    if (
        binding is not None
        and binding.call_id == attempt.parsed.call_id
        and binding.node == context.snapshot.name
        and contact.same_address(binding.contact_uri)
    ):
        return Accepted(
            what="refreshed",
            attempt=attempt,
            device=device,
            expires=granted,
            contact=contact.text,
            path=binding.path,
        )
    options = options_of(attempt.request)
    first = device.lines[0].dn == attempt.parsed.dn
    # A client holds the whole device: with it, every binding of another client ends.
    others = tuple(
        held for held in context.bindings.of(device.name) if not is_same_client(held, attempt.client)
    )
    return Accepted(
        what="registered",
        attempt=attempt,
        device=device,
        expires=granted,
        contact=contact.text,
        ended=(binding,) if binding is not None and binding not in others else (),
        taken_over=others,
        lines=tuple(line.dn for line in device.lines) if options.bulk and first else (attempt.parsed.dn,),
        options=options,
        first_line=first,
        path=attempt.request.headers.get_all("path"),
    )
