"""The events of a CallManager. Nothing here is called while the log has no reader."""

from __future__ import annotations

from typing import Literal, TypedDict

from registrar.core.cluster.bindings import Binding
from registrar.core.cluster.causes import UnregCause
from registrar.core.cluster.expressway_table import TrustVerdict
from registrar.core.register.checks import peer_admitted
from registrar.core.register.peer import PeerRole
from registrar.core.register.reasons import REPLIES, Reason
from registrar.core.register.verdicts import Accepted, Challenged, Decision, RegisterAttempt
from simulator.core.events import (
    BindingChanged,
    PeerJudged,
    RegistrarAccepted,
    RegistrarChallenged,
    RegistrarRejected,
    SipMalformed,
    SipReceived,
    SipSent,
)
from simulator.core.events.log import Journal
from simulator.core.events.sip_summary import identity_of, seen
from simulator.core.ids import FlowId
from simulator.core.redact import text as redacted
from simulator.core.sip import Message, Request

Ended = Literal["removed", "expired", "replaced", "lost"]


def report_received(journal: Journal, message: Message, flow: FlowId) -> int:
    """Report a SIP message that came in; returns the seq of its event."""
    return journal.add(seen(SipReceived, message), flow=flow)


def report_sent(journal: Journal, data: bytes, about: Request, flow: FlowId, cause: int) -> None:
    """Report a response's bytes and the request it answers, or the bytes of the request `about` itself."""
    text = redacted(data.decode("utf-8", "backslashreplace"))
    start_line = text.partition("\r\n")[0]
    status = int(start_line[8:11]) if start_line.startswith("SIP/2.0 ") else None
    method, number, call_id = identity_of(about)
    event = SipSent(
        start_line=start_line, method=method, status=status, call_id=call_id, cseq=number, text=text
    )
    journal.add(event, flow=flow, cause=cause or None)


def report_malformed(journal: Journal, detail: str, status: int | None, flow: FlowId, cause: int = 0) -> int:
    """Report a message that breaks the grammar; returns the seq of its event.

    `status`: what it was answered; None: nothing.
    """
    return journal.add(SipMalformed(detail=detail, status=status), flow=flow, cause=cause or None)


def report_judged(journal: Journal, verdict: TrustVerdict, flow: FlowId, *, closing: bool) -> None:
    """Report what the Expressway-C table says of a new connection on the MRA port."""
    judged = PeerJudged(
        trusted=verdict.trusted, offered=verdict.offered, matched=verdict.matched, table=verdict.table
    )
    cause = journal.add(judged, flow=flow)
    if closing:
        rule = REPLIES[Reason.PEER_NOT_IN_TABLE]
        rejected = RegistrarRejected(
            device=None,
            aor="",
            reason=Reason.PEER_NOT_IN_TABLE.value,
            detail=f"offered: {', '.join(verdict.offered) or 'nothing'}",
            status=0,
            cause=int(rule.cause),
            mark=rule.mark,
            check=peer_admitted.__name__,
            port_role=PeerRole.MRA_OAUTH.value,
        )
        journal.add(rejected, flow=flow, cause=cause or None)


def report_decision(journal: Journal, decision: Decision, flow: FlowId, cause: int, *, oauth_mode: bool) -> int:
    """Report a decision; returns the seq of its event, the cause of the answer."""
    attempt = decision.attempt
    contact = attempt.parsed.contact
    device = attempt.device.name if attempt.device is not None else contact.device if contact else None
    event: RegistrarAccepted | RegistrarChallenged | RegistrarRejected
    if isinstance(decision, Accepted):
        event = RegistrarAccepted(
            device=decision.device.name,
            aor=attempt.parsed.aor,
            what=decision.what,
            expires=decision.expires,
            **_known(attempt, oauth_mode),
        )
    elif isinstance(decision, Challenged):
        event = RegistrarChallenged(
            device=device,
            aor=attempt.parsed.aor,
            status=decision.status,
            reason=decision.problem.value,
            detail=decision.detail,
            mark=decision.mark,
            token_problem=decision.problem.value,
            **_known(attempt, oauth_mode),
        )
    else:
        rule = decision.rule
        detail = decision.detail
        described = f"{decision.reason.value} {detail}"
        if decision.problem is not None and decision.problem.value not in described:
            detail = f"{decision.problem.value}: {detail}"
        event = RegistrarRejected(
            device=device,
            aor=attempt.parsed.aor,
            reason=decision.reason.value,
            detail=detail,
            status=decision.status or rule.status,
            cause=int(rule.cause),
            mark=rule.mark,
            token_problem=decision.problem.value if decision.problem is not None else "",
            **_known(attempt, oauth_mode),
        )
    return journal.add(event, flow=flow, cause=cause or None)


class _Known(TypedDict):
    check: str
    port_role: str
    oauth_mode: bool
    profile: str
    profile_mode: str
    profile_oauth: bool | None
    owners: tuple[str, ...]
    lines: tuple[str, ...]
    dn: str
    asked_expires: int
    token: str | None
    token_subject: str
    token_scopes: tuple[str, ...]
    token_age: int | None
    token_left: int | None


def _known(attempt: RegisterAttempt, oauth_mode: bool) -> _Known:
    """What the decision had in hand, for `explain`: never the token, only what it says."""
    device, profile, token = attempt.device, attempt.profile, attempt.token
    return _Known(
        check=attempt.check,
        port_role=attempt.peer.role.value,
        oauth_mode=oauth_mode,
        profile=profile.name if profile else "",
        profile_mode=profile.mode.name if profile else "",
        profile_oauth=profile.oauth if profile else None,
        owners=tuple(dict.fromkeys(filter(None, (device.owner, *device.associated)))) if device else (),
        lines=tuple(line.dn for line in device.lines) if device else (),
        dn=attempt.parsed.dn,
        asked_expires=attempt.expires,
        token=token.ref if token else None,
        token_subject=token.subject if token else "",
        token_scopes=tuple(sorted(token.scopes)) if token else (),
        token_age=round(attempt.clock - token.issued_at) if token else None,
        token_left=round(token.expires_at - attempt.clock) if token else None,
    )


def report_bound(journal: Journal, decision: Accepted, flow: FlowId, cause: int) -> None:
    """Report what an accepted REGISTER did to the bindings."""
    if decision.what == "unregistered":
        for binding in decision.ended:
            why = binding.unregister_cause or UnregCause.DEVICE_UNREGISTERED
            report_ended(journal, binding, "removed", why, flow, cause)
    elif decision.what in ("registered", "refreshed"):
        for binding in decision.taken_over:
            report_ended(journal, binding, "replaced", UnregCause.DUPLICATE_REGISTRATION, flow, cause)
        event = BindingChanged(
            what="refreshed" if decision.what == "refreshed" else "added",
            device=decision.device.name,
            aor=decision.attempt.parsed.aor,
            contact=decision.contact,
            expires=decision.expires,
        )
        journal.add(event, flow=flow, cause=cause or None)


def report_ended(
    journal: Journal,
    binding: Binding,
    what: Ended,
    why: UnregCause,
    flow: FlowId | None = None,
    cause: int = 0,
) -> None:
    """Report the end of a binding, with its cause."""
    event = BindingChanged(
        what=what, device=binding.device, aor=binding.aor, contact=binding.contact, cause=int(why)
    )
    journal.add(event, flow=flow if flow is not None else binding.flow, cause=cause or None)
