"""The registrar's checks, in the order in which they may object to a REGISTER. They only read.

The order decides which of several faults is reported: well-formed, the port's own terms, SIP OAuth mode, the
device and its profile, the token, its owner, the line, Contact, Expires, CSeq, another client (architecture 5).
That the port is judged before any challenge is assumed (sip-wire 11).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from registrar.core.cluster.bindings import Binding
from registrar.core.cluster.directory import SecurityMode
from registrar.core.register.peer import PeerRole
from registrar.core.register.policy import BadToken
from registrar.core.register.reasons import Reason
from registrar.core.register.request import TAKEOVER_ALARM, alarm_of, supports
from registrar.core.register.verdicts import Challenged, RegisterAttempt, Rejected
from registrar.core.tokens import TokenProblem, TokenRefused
from registrar.core.tokens.outcomes import answer
from simulator.core.sip import RFC8898, BearerToken, RemoteProtocolError, parse_bearer
from simulator.core.sip.bearer import repeats

if TYPE_CHECKING:
    from registrar.core.register.registrar import Registrar

Check = Callable[["Registrar", RegisterAttempt], Challenged | Rejected | None]


def well_formed(registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    try:
        said, ask.cseq, ask.copied = registrar.reader.read(ask.request)
    except RemoteProtocolError as error:
        return Rejected(reason=Reason.BAD_REQUEST, detail=error.detail, ask=ask, status=error.status_hint)
    ask.said = said
    ask.expires = registrar.policy.default_expires if said.expires is None else said.expires
    return None


def not_throttled(registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    if registrar.policy.throttled:
        return Rejected(reason=Reason.THROTTLED, detail="the node takes no registrations for now", ask=ask)
    return None


def peer_admitted(_registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    arrival = ask.arrival
    if arrival.role is PeerRole.PHONE_OAUTH and arrival.peer is not None:
        offered = ", ".join(arrival.peer.names)
        return Rejected(
            reason=Reason.MUTUAL_TLS_ON_OAUTH_PORT, detail=f"client certificate of {offered}", ask=ask
        )
    if arrival.role is PeerRole.MRA_OAUTH and not (arrival.trust and arrival.trust.trusted):
        offered = ", ".join(arrival.peer.names) if arrival.peer else "no certificate"
        return Rejected(reason=Reason.PEER_NOT_IN_TABLE, detail=f"offered: {offered}", ask=ask)
    return None


def oauth_mode_on(registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    if ask.arrival.role.is_oauth and not registrar.snapshot.sip_oauth_mode:
        detail = "ClusterSIPOAuthMode was 0 when CallManager started"
        return Rejected(reason=Reason.OAUTH_MODE_OFF, detail=detail, ask=ask)
    return None


def device_known(registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    """By the Contact's device name; without one by the connection's device, or by a line only one device has.

    The two fall-backs are assumed: after the first REGISTER the connection supplies the identity (sip-wire 4).
    """
    directory = registrar.directory
    name = ask.said.contact.device if ask.said.contact is not None else None
    if name is None:
        name = ask.arrival.device
    if name is None:
        holders = directory.devices_with(ask.said.dn)
        if len(holders) != 1:
            detail = f"no device name in Contact, and {len(holders)} devices have line {ask.said.dn!r}"
            return Rejected(reason=Reason.DEVICE_UNKNOWN, detail=detail, ask=ask)
        device = holders[0]
    else:
        found = directory.device(name)
        if found is None:
            return Rejected(reason=Reason.DEVICE_UNKNOWN, detail=f"no device {name!r}", ask=ask)
        device = found
    ask.device = device
    ask.profile = directory.profile_of(device)
    return None


def port_fits_profile(registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    profile, role = ask.profile, ask.arrival.role
    assert profile is not None
    if role is PeerRole.PHONE_OAUTH:
        reason = None if profile.oauth else Reason.PROFILE_NOT_OAUTH
    elif role is PeerRole.MRA_OAUTH:
        reason = None if profile.oauth else Reason.NOT_OAUTH_DEVICE_ON_MRA_PORT
    elif profile.oauth and registrar.snapshot.sip_oauth_mode:
        reason = Reason.OAUTH_DEVICE_ON_LEGACY_PORT
    elif role is PeerRole.PLAIN:
        secure = profile.mode is not SecurityMode.NON_SECURE
        reason = Reason.SECURE_DEVICE_ON_PLAIN_PORT if secure else None
    else:
        plain = profile.mode is SecurityMode.NON_SECURE
        reason = Reason.PLAIN_DEVICE_ON_SECURE_PORT if plain else None
    if reason is None:
        return None
    detail = f"profile {profile.name!r} ({profile.mode.name}, OAuth {'on' if profile.oauth else 'off'})"
    return Rejected(reason=reason, detail=f"{detail} on the {role.value} port", ask=ask)


def certificate_names_device(_registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    """5061: CN or SAN is the device, or for a proxied device its profile. [observed: sip-wire 2]"""
    arrival = ask.arrival
    if arrival.role is not PeerRole.SECURE:
        return None
    if arrival.peer is None:
        return Rejected(reason=Reason.LSC_MISSING, detail="no client certificate was presented", ask=ask)
    assert ask.device is not None
    assert ask.profile is not None
    expected = (ask.device.name.casefold(), ask.profile.name.casefold())
    if any(name.casefold() in expected for name in arrival.peer.names):
        return None
    detail = f"received {', '.join(arrival.peer.names)}, expected {ask.device.name} or {ask.profile.name}"
    return Rejected(reason=Reason.LSC_NAME_MISMATCH, detail=detail, ask=ask)


def token_good(registrar: Registrar, ask: RegisterAttempt) -> Challenged | Rejected | None:
    arrival = ask.arrival
    if not arrival.role.is_oauth:
        return None
    known = arrival.token
    if known is not None and repeats(ask.request, known):
        return token_accepted(registrar, ask, known)
    credentials = parse_bearer(ask.request)
    if isinstance(credentials, BearerToken):
        ask.sent = credentials.token
        return token_accepted(registrar, ask, ask.sent)
    problem = TokenProblem(credentials.kind)
    if problem is not TokenProblem.TOKEN_ABSENT:
        return refused_token(registrar, ask, problem, credentials.detail)
    if not registrar.policy.challenge_refreshes and arrival.proven and is_own_refresh(registrar, ask):
        return None
    wire = answer(problem, registrar.policy.dialect)
    return Challenged(
        status=registrar.dialect.challenge_status,
        header=registrar.no_token_challenge,
        problem=problem,
        detail=credentials.detail,
        mark=wire.mark,
        ask=ask,
    )


def token_accepted(registrar: Registrar, ask: RegisterAttempt, token: str) -> Challenged | Rejected | None:
    ask.clock = registrar.wall_clock(ask.now)
    facts = registrar.tokens.validate(token, ask.clock)
    if isinstance(facts, TokenRefused):
        return refused_token(registrar, ask, facts.problem, f"{facts.detail} ({facts.ref})")
    ask.token = facts
    return None


def refused_token(
    registrar: Registrar, ask: RegisterAttempt, problem: TokenProblem, detail: str
) -> Challenged | Rejected:
    """The answer to a token that is not good: `tokens.outcomes`, this policy, and the guard against loops."""
    policy = registrar.policy
    wire = answer(problem, policy.dialect)
    if wire.status == 400:
        return Rejected(reason=Reason.MULTIPLE_CREDENTIALS, detail=detail, ask=ask, problem=problem)
    if wire.status == 403:
        return Rejected(reason=Reason.TOKEN_FORBIDDEN, detail=detail, ask=ask, problem=problem)
    given = ask.arrival.refusals.get(ask.said.call_id, 0)
    if policy.bad_token is BadToken.FORBID or given >= policy.max_challenges:
        detail = f"{problem}: {detail}"
        if given:
            detail += f"; {given} challenges brought no better token"
        return Rejected(reason=Reason.TOKEN_REFUSED, detail=detail, ask=ask, problem=problem)
    dialect, error = registrar.dialect, wire.error
    if policy.bad_token is BadToken.CHALLENGE_401:
        dialect, error = RFC8898, answer(problem, "rfc8898").error
    return Challenged(
        status=dialect.challenge_status,
        header=registrar.challenge(dialect, error),
        problem=problem,
        detail=detail,
        mark=wire.mark,
        ask=ask,
    )


def is_own_refresh(registrar: Registrar, ask: RegisterAttempt) -> bool:
    """Does the connection refresh the binding of the device that proved itself on it?"""
    assert ask.device is not None
    binding = registrar.bindings.get(ask.device.name, ask.said.dn)
    return (
        ask.arrival.device == ask.device.name
        and binding is not None
        and binding.flow == ask.arrival.flow
        and binding.call_id == ask.said.call_id
    )


def subject_owns_device(registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    """[assumed: sip-wire Q16]"""
    token, device = ask.token, ask.device
    if token is None or not registrar.policy.check_owner:
        return None
    assert device is not None
    if token.device == device.name if token.device is not None else device.belongs_to(token.subject):
        return None
    detail = f"token of {token.subject!r}, device {device.name} belongs to {device.owner or 'nobody'}"
    problem = TokenProblem.SUBJECT_DEVICE_MISMATCH
    return Rejected(reason=Reason.SUBJECT_DEVICE_MISMATCH, detail=detail, ask=ask, problem=problem)


def line_configured(registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    device = ask.device
    assert device is not None
    if device.line(ask.said.dn) is not None:
        return None
    others = registrar.directory.devices_with(ask.said.dn)
    if others:
        detail = (
            f"line {ask.said.dn!r} belongs to {', '.join(other.name for other in others)}, not {device.name}"
        )
        return Rejected(reason=Reason.DN_MISMATCH, detail=detail, ask=ask)
    return Rejected(reason=Reason.LINE_UNKNOWN, detail=f"no line {ask.said.dn!r} in the cluster", ask=ask)


def contact_acceptable(_registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    said = ask.said
    if said.contact is None:
        if said.contacts > 1:
            detail = f"{said.contacts} Contact addresses"
            return Rejected(reason=Reason.TOO_MANY_CONTACTS, detail=detail, ask=ask)
        if said.star:
            reason = Reason.STAR_WITH_EXPIRES if ask.expires else Reason.STAR_UNSUPPORTED
            return Rejected(reason=reason, detail=f"Contact: * with Expires {ask.expires}", ask=ask)
    elif not said.contact.uri.is_sip:
        detail = f"Contact of scheme {said.contact.uri.scheme}"
        return Rejected(reason=Reason.BAD_REQUEST, detail=detail, ask=ask)
    return None


def expires_acceptable(registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    minimum = registrar.policy.min_expires
    if ask.said.contact is None or ask.expires == 0 or ask.expires >= minimum:
        return None
    detail = f"asked for {ask.expires} s, the minimum is {minimum} s"
    return Rejected(reason=Reason.EXPIRES_TOO_BRIEF, detail=detail, ask=ask, min_expires=minimum)


def sequence_kept(registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    """Finds the line's binding and holds its Call-ID's rules against the request (RFC 3261 10.3)."""
    device, contact = ask.device, ask.said.contact
    assert device is not None
    binding = registrar.bindings.get(device.name, ask.said.dn)
    if binding is None or binding.expires_at <= ask.now:
        return None
    ask.binding = binding
    if contact is None or contact.keep_alive or binding.call_id != ask.said.call_id:
        return None
    if ask.cseq <= binding.cseq:
        detail = f"CSeq {ask.cseq} after {binding.cseq} in Call-ID {ask.said.call_id}"
        return Rejected(reason=Reason.CSEQ_OUT_OF_ORDER, detail=detail, ask=ask)
    same_flow = binding.flow == ask.arrival.flow or ask.arrival.transport == "udp"
    if same_flow and ask.expires and not contact.same_address(binding.contact_uri):
        detail = f"refresh with Contact {contact.uri}, registered is {binding.contact_uri}"
        return Rejected(reason=Reason.CONTACT_MISMATCH, detail=detail, ask=ask)
    return None


def no_other_client(registrar: Registrar, ask: RegisterAttempt) -> Rejected | None:
    """A device has one client. A second one is refused, unless it takes over (alarm 111), or takes no part in
    the duplicate-registration protocol: then it replaces the first. [observed for Jabber; the rest assumed]"""
    device, contact = ask.device, ask.said.contact
    assert device is not None
    if contact is None or contact.keep_alive or ask.expires == 0:
        return None
    if ask.binding is not None and ask.binding.call_id == ask.said.call_id:
        return None
    holder = next(
        (
            binding
            for binding in registrar.bindings.of(device.name)
            if binding.expires_at > ask.now and not is_same_client(ask, binding)
        ),
        None,
    )
    if holder is None or alarm_of(ask.request) == TAKEOVER_ALARM:
        return None
    if not supports(ask.request, "x-cisco-duplicate-reg", "x-cisco-graceful-reg"):
        return None
    detail = f"{device.name} is registered from {holder.source} on {holder.node}"
    return Rejected(reason=Reason.ACTIVE_FOR_ANOTHER_CLIENT, detail=detail, ask=ask)


def is_same_client(ask: RegisterAttempt, binding: Binding) -> bool:
    """By Call-ID, connection, +sip.instance or Contact address. [assumed: sip-wire 5]"""
    contact = ask.said.contact
    assert contact is not None
    return (
        binding.call_id == ask.said.call_id
        or (binding.flow == ask.arrival.flow and ask.arrival.role is not PeerRole.MRA_OAUTH)
        or (contact.instance is not None and contact.instance == binding.instance)
        or contact.same_address(binding.contact_uri)
    )


CHECKS: tuple[Check, ...] = (
    well_formed,
    not_throttled,
    peer_admitted,
    oauth_mode_on,
    device_known,
    port_fits_profile,
    certificate_names_device,
    token_good,
    subject_owns_device,
    line_configured,
    contact_acceptable,
    expires_acceptable,
    sequence_kept,
    no_other_client,
)
"""In this order; the first that objects decides."""
