"""The registrar's checks, in the order in which they may object to a REGISTER. They only read.

The order decides which of several faults is reported: well-formed, the port's own terms, SIP OAuth mode, the
device and its profile, the token, its owner, the line, Contact, Expires, CSeq, another client (architecture 5).
That the port is judged before any challenge is assumed (sip-wire 11).
"""

from __future__ import annotations

from collections.abc import Callable

from registrar.core.cluster.bindings import is_same_client
from registrar.core.cluster.directory import SecurityMode
from registrar.core.register.context import RegisterContext
from registrar.core.register.peer import PeerRole
from registrar.core.register.reasons import Reason
from registrar.core.register.request import TAKEOVER_ALARM, alarm_of, supports
from registrar.core.register.token_checks import subject_owns_device, token_good
from registrar.core.register.verdicts import Challenged, RegisterAttempt, Rejected
from simulator.core.sip import RemoteProtocolError

Check = Callable[[RegisterContext, RegisterAttempt], Challenged | Rejected | None]


def well_formed(context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object to a REGISTER that breaks the grammar, and read what it says."""
    try:
        parsed, attempt.cseq, attempt.copied = context.reader.read(attempt.request)
    except RemoteProtocolError as error:
        return Rejected(
            reason=Reason.BAD_REQUEST, detail=error.detail, attempt=attempt, status=error.status_hint
        )
    attempt.parsed = parsed
    attempt.expires = context.policy.default_expires if parsed.expires is None else parsed.expires
    return None


def not_throttled(context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object to every REGISTER while the node is overloaded."""
    if context.policy.throttled:
        return Rejected(
            reason=Reason.THROTTLED, detail="the node takes no registrations for now", attempt=attempt
        )
    return None


def peer_admitted(_context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object to a peer that the port does not take: a client certificate on 5090, an unknown one on 5091."""
    peer = attempt.peer
    if peer.role is PeerRole.PHONE_OAUTH and peer.certificate is not None:
        offered = ", ".join(peer.certificate.names)
        return Rejected(
            reason=Reason.MUTUAL_TLS_ON_OAUTH_PORT, detail=f"client certificate of {offered}", attempt=attempt
        )
    if peer.role is PeerRole.MRA_OAUTH and not (peer.trust and peer.trust.trusted):
        offered = ", ".join(peer.certificate.names) if peer.certificate else "no certificate"
        return Rejected(reason=Reason.PEER_NOT_IN_TABLE, detail=f"offered: {offered}", attempt=attempt)
    return None


def oauth_mode_on(context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object to a REGISTER on an OAuth port whose service started with SIP OAuth mode off."""
    if attempt.peer.role.is_oauth and not context.snapshot.sip_oauth_mode:
        detail = "ClusterSIPOAuthMode was 0 when CallManager started"
        return Rejected(reason=Reason.OAUTH_MODE_OFF, detail=detail, attempt=attempt)
    return None


def device_known(context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Find the device and its profile; object if there is none.

    By the Contact's device name; without one by the connection's device, or by a line only one device has. The
    two fall-backs are assumed: after the first REGISTER the connection supplies the identity (sip-wire 4).
    """
    directory = context.directory
    name = attempt.parsed.contact.device if attempt.parsed.contact is not None else None
    if name is None:
        name = attempt.peer.device
    if name is None:
        holders = directory.devices_with(attempt.parsed.dn)
        if len(holders) != 1:
            detail = f"no device name in Contact, and {len(holders)} devices have line {attempt.parsed.dn!r}"
            return Rejected(reason=Reason.DEVICE_UNKNOWN, detail=detail, attempt=attempt)
        device = holders[0]
    else:
        found = directory.device(name)
        if found is None:
            return Rejected(reason=Reason.DEVICE_UNKNOWN, detail=f"no device {name!r}", attempt=attempt)
        device = found
    attempt.device = device
    attempt.profile = directory.profile_of(device)
    return None


def port_fits_profile(context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object to a device whose security profile does not go with the port."""
    profile, role = attempt.profile, attempt.peer.role
    assert profile is not None
    if role is PeerRole.PHONE_OAUTH:
        reason = None if profile.oauth else Reason.PROFILE_NOT_OAUTH
    elif role is PeerRole.MRA_OAUTH:
        reason = None if profile.oauth else Reason.NOT_OAUTH_DEVICE_ON_MRA_PORT
    elif profile.oauth and context.snapshot.sip_oauth_mode:
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
    return Rejected(reason=reason, detail=f"{detail} on the {role.value} port", attempt=attempt)


def certificate_names_device(_context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object on 5061 to a certificate whose CN or SAN is not the device, or for a proxied device its profile.

    [observed: sip-wire 2]
    """
    peer = attempt.peer
    if peer.role is not PeerRole.SECURE:
        return None
    if peer.certificate is None:
        return Rejected(
            reason=Reason.LSC_MISSING, detail="no client certificate was presented", attempt=attempt
        )
    assert attempt.device is not None
    assert attempt.profile is not None
    expected = (attempt.device.name.casefold(), attempt.profile.name.casefold())
    if any(name.casefold() in expected for name in peer.certificate.names):
        return None
    received, device = ", ".join(peer.certificate.names), attempt.device.name
    detail = f"received {received}, expected {device} or {attempt.profile.name}"
    return Rejected(reason=Reason.LSC_NAME_MISMATCH, detail=detail, attempt=attempt)


def line_configured(context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object to a directory number that the device does not have."""
    device, dn = attempt.device, attempt.parsed.dn
    assert device is not None
    if device.line(dn) is not None:
        return None
    others = context.directory.devices_with(dn)
    if others:
        detail = f"line {dn!r} belongs to {', '.join(other.name for other in others)}, not {device.name}"
        return Rejected(reason=Reason.DN_MISMATCH, detail=detail, attempt=attempt)
    return Rejected(reason=Reason.LINE_UNKNOWN, detail=f"no line {dn!r} in the cluster", attempt=attempt)


def contact_acceptable(_context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object to several Contacts, to `*`, and to a Contact that is no SIP URI."""
    parsed = attempt.parsed
    if parsed.contact is None:
        if parsed.contacts > 1:
            detail = f"{parsed.contacts} Contact addresses"
            return Rejected(reason=Reason.TOO_MANY_CONTACTS, detail=detail, attempt=attempt)
        if parsed.star:
            reason = Reason.STAR_WITH_EXPIRES if attempt.expires else Reason.STAR_UNSUPPORTED
            return Rejected(reason=reason, detail=f"Contact: * with Expires {attempt.expires}", attempt=attempt)
    elif not parsed.contact.uri.is_sip:
        detail = f"Contact of scheme {parsed.contact.uri.scheme}"
        return Rejected(reason=Reason.BAD_REQUEST, detail=detail, attempt=attempt)
    return None


def expires_acceptable(context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object to an Expires below the minimum."""
    minimum = context.policy.min_expires
    if attempt.parsed.contact is None or attempt.expires == 0 or attempt.expires >= minimum:
        return None
    detail = f"asked for {attempt.expires} s, the minimum is {minimum} s"
    return Rejected(reason=Reason.EXPIRES_TOO_BRIEF, detail=detail, attempt=attempt, min_expires=minimum)


def sequence_kept(context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Find the line's binding and hold its Call-ID's rules against the request (RFC 3261 10.3)."""
    device, contact = attempt.device, attempt.parsed.contact
    assert device is not None
    binding = context.bindings.get(device.name, attempt.parsed.dn)
    if binding is None or binding.expires_at <= attempt.now:
        return None
    attempt.binding = binding
    if contact is None or contact.keep_alive or binding.call_id != attempt.parsed.call_id:
        return None
    if attempt.cseq <= binding.cseq:
        detail = f"CSeq {attempt.cseq} after {binding.cseq} in Call-ID {attempt.parsed.call_id}"
        return Rejected(reason=Reason.CSEQ_OUT_OF_ORDER, detail=detail, attempt=attempt)
    same_flow = binding.flow == attempt.peer.flow or attempt.peer.transport == "udp"
    if same_flow and attempt.expires and not contact.same_address(binding.contact_uri):
        detail = f"refresh with Contact {contact.uri}, registered is {binding.contact_uri}"
        return Rejected(reason=Reason.CONTACT_MISMATCH, detail=detail, attempt=attempt)
    return None


def no_other_client(context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object to a second client of a device.

    Not if it takes over (alarm 111), or takes no part in the duplicate-registration protocol: then it replaces
    the first. [observed for Jabber; the rest assumed]
    """
    device, contact = attempt.device, attempt.parsed.contact
    assert device is not None
    if contact is None or contact.keep_alive or attempt.expires == 0:
        return None
    if attempt.binding is not None and attempt.binding.call_id == attempt.parsed.call_id:
        return None
    holder = next(
        (
            binding
            for binding in context.bindings.of(device.name)
            if binding.expires_at > attempt.now and not is_same_client(binding, attempt.client)
        ),
        None,
    )
    if holder is None or alarm_of(attempt.request) == TAKEOVER_ALARM:
        return None
    if not supports(attempt.request, "x-cisco-duplicate-reg", "x-cisco-graceful-reg"):
        return None
    detail = f"{device.name} is registered from {holder.source} on {holder.node}"
    return Rejected(reason=Reason.ACTIVE_FOR_ANOTHER_CLIENT, detail=detail, attempt=attempt)


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
