"""The closed set of events: what happened, as frozen values named `domain:past_participle`.

Log file, ladder, checks, explain, reports and captures are readers of these; nobody logs protocol facts on the
side. No event ever holds a token, a password or a key: references only (`simulator.core.redact`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Event:
    kind: ClassVar[str]


# --- the lab -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken(Event):
    kind: ClassVar[str] = "scenario:step_taken"
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInjected(Event):
    kind: ClassVar[str] = "fault:injected"
    fault: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarted(Event):
    """A service loaded what it knows (architecture: "what a service knows is what it loaded")."""

    kind: ClassVar[str] = "service:started"
    service: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStopped(Event):
    kind: ClassVar[str] = "service:stopped"
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterChanged(Event):
    """An administrator's change: `what` was changed and to what; secrets stay out."""

    kind: ClassVar[str] = "cluster:changed"
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapCalled(Event):
    """An administrator's client called a SOAP service of a node. Passwords and contents stay out."""

    kind: ClassVar[str] = "soap:called"
    service: Literal["AXL", "RIS", "Control Center"]
    operation: str
    user: str
    status: int
    """Of HTTP."""
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CliLoginJudged(Event):
    """Somebody tried to log in to a node's platform CLI. A name that is nobody's stays out."""

    kind: ClassVar[str] = "cli:login_judged"
    user: str
    verdict: Literal["good", "wrong", "locked"]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CliCalled(Event):
    """A command of a node's platform CLI ended. Answers to its questions stay out."""

    kind: ClassVar[str] = "cli:called"
    user: str
    command: str
    succeeded: bool


# --- flows and TLS (emitted by the drivers) ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOpened(Event):
    """TCP connected (or first datagram seen), before any TLS. The two ends mirror local and remote."""

    kind: ClassVar[str] = "flow:opened"
    transport: str
    local: str
    remote: str
    listener: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowClosed(Event):
    kind: ClassVar[str] = "flow:closed"
    by: Literal["us", "peer", "network"]
    clean: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFailed(Event):
    """No connection came about: refused, unreachable, timed out."""

    kind: ClassVar[str] = "flow:failed"
    transport: str
    remote: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeSeen(Event):
    """What one end brought to a TLS handshake, and what it saw of the peer's certificate.

    Names are CN first. Validity is (hours since it began, hours until it ends) by the machine's clock, negative
    for what has not begun or is over; whole hours, so that a repeated run says the same.
    """

    role: Literal["client", "server"]
    peer_names: tuple[str, ...] = ()
    """Names in the peer's certificate; empty if it presented none, or none that this end could read."""
    peer_issuer: str = ""
    peer_usages: tuple[str, ...] = ()
    """Extended key usages; empty: the certificate does not limit them."""
    peer_validity: tuple[int, ...] = ()
    own_names: tuple[str, ...] = ()
    own_issuer: str = ""
    own_usages: tuple[str, ...] = ()
    own_validity: tuple[int, ...] = ()
    own_versions: str = ""
    """TLS versions this end allows, e.g. "TLSv1.2" or "TLSv1.2 to TLSv1.3"."""
    own_trust: tuple[str, ...] = ()
    """Subjects of the authorities this end trusts to sign the peer's certificate."""
    server_name: str = ""
    """Client: the name the server's certificate must carry."""
    client_auth: str = ""
    """Server: does it ask for a client certificate: none, optional, required."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsEstablished(HandshakeSeen):
    kind: ClassVar[str] = "tls:established"
    version: str
    cipher: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFailed(HandshakeSeen):
    """A refused handshake as this end knows it. In TLS 1.3 a client may first report tls:established."""

    kind: ClassVar[str] = "tls:failed"
    by: Literal["us", "peer"]
    alert: int | None
    alert_name: str | None
    reason: str
    detail: str = ""
    verify_code: int | None = None
    """By us, for the peer's certificate: OpenSSL's X509_V_ERR_ number."""
    own_shown: bool = False
    """By the peer, without an alert: it had seen this end's certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFailed(Event):
    """An actor raised: a fault of the simulator, not of what it tests. The flow it was about is closed."""

    kind: ClassVar[str] = "actor:failed"
    during: str
    """The call it happened in: flow_data, handle_timeout ..."""
    error: str


# --- SIP -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SipMessageSeen(Event):
    start_line: str
    method: str
    """The CSeq's method: of a response, the method it answers."""
    status: int | None = None
    call_id: str = ""
    cseq: int = 0
    text: str = ""
    """The whole message, bearer credentials replaced by references."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SipSent(SipMessageSeen):
    kind: ClassVar[str] = "sip:sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class SipReceived(SipMessageSeen):
    kind: ClassVar[str] = "sip:received"


@dataclass(frozen=True, slots=True, kw_only=True)
class SipMalformed(Event):
    """Bytes that are no SIP message, or one that breaks a rule: `detail` says what and where."""

    kind: ClassVar[str] = "sip:malformed"
    detail: str
    status: int | None = None


# --- device configuration ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigServed(Event):
    kind: ClassVar[str] = "config:served"
    path: str
    status: int
    size: int
    source: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFetched(Event):
    """The phone's side: a file was fetched (and read, if `problem` is None)."""

    kind: ClassVar[str] = "config:fetched"
    url: str
    status: int | None
    problem: str | None = None
    """Typed code of what is wrong (E_...), as in device-config.md."""
    detail: str = ""


# --- registrar -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerJudged(Event):
    """5091: the verified certificate's names against the Expressway-C table."""

    kind: ClassVar[str] = "trust:judged"
    trusted: bool
    offered: tuple[str, ...]
    matched: str | None = None
    table: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterJudged(Event):
    """What the decision about one REGISTER had in hand. What it did not get to know is None or empty."""

    check: str = ""
    """The check that objected (its name in `registrar.core.checks`); empty: none did."""
    port_role: str = ""
    """sip, sips, oauth or mra."""
    oauth_mode: bool | None = None
    """SIP OAuth mode as the service loaded it."""
    profile: str = ""
    profile_mode: str = ""
    """Device security mode: NON_SECURE, AUTHENTICATED, ENCRYPTED."""
    profile_oauth: bool | None = None
    owners: tuple[str, ...] = ()
    """Owner and associated users of the device."""
    lines: tuple[str, ...] = ()
    """Directory numbers of the device."""
    dn: str = ""
    """Asked for in To."""
    asked_expires: int | None = None
    token: str | None = None
    """Reference of the token that was accepted."""
    token_subject: str = ""
    token_scopes: tuple[str, ...] = ()
    token_age: int | None = None
    """Seconds since iat."""
    token_left: int | None = None
    """Seconds until exp."""
    token_problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarChallenged(RegisterJudged):
    kind: ClassVar[str] = "registrar:challenged"
    device: str | None
    aor: str
    status: int
    reason: str
    """Why: token_absent, or the token's problem. A challenge for an absent token is no failure."""
    detail: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarAccepted(RegisterJudged):
    kind: ClassVar[str] = "registrar:accepted"
    device: str
    aor: str
    what: Literal["registered", "refreshed", "unregistered", "kept_alive", "queried"]
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarRejected(RegisterJudged):
    kind: ClassVar[str] = "registrar:rejected"
    device: str | None
    aor: str
    reason: str
    detail: str
    status: int
    """0: the connection was closed without an answer."""
    cause: int
    """RIS / CISCO-CCM-MIB failure cause."""
    mark: str
    """Evidence for this answer: documented, observed or assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingChanged(Event):
    kind: ClassVar[str] = "binding:changed"
    what: Literal["added", "refreshed", "removed", "expired", "replaced", "lost"]
    device: str
    aor: str
    contact: str
    expires: int = 0
    cause: int = 0
    """Why it ended: RIS / CISCO-CCM-MIB unregistration cause; 0 while it lives."""


# --- signing in ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthGranted(Event):
    """The authorization server handed something out. Tokens appear as their reference and id only."""

    kind: ClassVar[str] = "oauth:granted"
    what: Literal["code", "tokens", "access", "opaque"]
    """A code; access and refresh token; a refreshed access token; a node-local token of the implicit flow."""
    user: str
    client: str
    token: str | None = None
    """Reference of the access token (`sha256:` + 12 hex digits)."""
    tid: str | None = None
    refresh_tid: str | None = None
    renewed: bool = False
    """The refresh token was renewed too."""
    expires_in: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRefused(Event):
    """An answer other than the one that was asked for; `reason` is exact, `error` is what the wire says."""

    kind: ClassVar[str] = "oauth:refused"
    endpoint: str
    reason: str
    error: str
    status: int
    user: str | None = None
    """Only if the cluster knows such a user: the field may hold anything a person typed."""
    client: str | None = None
    detail: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRevoked(Event):
    kind: ClassVar[str] = "oauth:revoked"
    why: str
    count: int
    user: str | None = None
    """None: of every user."""
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthFlushed(Event):
    """The nightly clean-up removed expired rows of refreshtokendetails."""

    kind: ClassVar[str] = "oauth:flushed"
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysLoaded(Event):
    """A consumer of the token keys read them; the hashes are what `show key authz` prints."""

    kind: ClassVar[str] = "keys:loaded"
    consumer: str
    signing: str
    encryption: str
    changed: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysNotLoaded(Event):
    """A consumer could not read the keys and goes on with what it has."""

    kind: ClassVar[str] = "keys:not_loaded"
    consumer: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysOffered(Event):
    """The key server answered another server: the keys themselves are in no event."""

    kind: ClassVar[str] = "keys:offered"
    status: int
    source: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UdsAnswered(Event):
    kind: ClassVar[str] = "uds:answered"
    path: str
    status: int
    user: str | None = None
    """Who asked, once the credentials were good."""
    how: Literal["none", "basic", "bearer", "opaque"] = "none"
    reason: str = ""
    """Why not, if not."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesAnswered(Event):
    """The lab's name server answered a question."""

    kind: ClassVar[str] = "dns:answered"
    name: str
    type: str
    rcode: str
    records: int


# --- phone ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneStateChanged(Event):
    kind: ClassVar[str] = "phone:state_changed"
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePortDecided(Event):
    kind: ClassVar[str] = "phone:port_decided"
    row: int
    """Row of the port-decision table, device-config.md section 5."""
    node: str
    port: int
    transport: str
    element: str
    """The cnf.xml element the port came from, e.g. sipOAuthPort."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneWarned(Event):
    kind: ClassVar[str] = "phone:warned"
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRegistered(Event):
    kind: ClassVar[str] = "phone:registered"
    node: str
    port: int
    expires: int
    refreshed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRefused(Event):
    """The registrar's final answer, surfaced."""

    kind: ClassVar[str] = "phone:refused"
    node: str
    port: int
    status: int
    phrase: str
    warning: str | None = None
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneUnregistered(Event):
    kind: ClassVar[str] = "phone:unregistered"
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFailed(Event):
    """The phone gave up for now: `code` is a typed error (E_...), `detail` says where and what."""

    kind: ClassVar[str] = "phone:failed"
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFailedOver(Event):
    kind: ClassVar[str] = "phone:failed_over"
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInStateChanged(Event):
    kind: ClassVar[str] = "signin:state_changed"
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInStepAnswered(Event):
    """What came back of a step of the sign-in. `where` has no query: that may hold a code."""

    kind: ClassVar[str] = "signin:answered"
    step: str
    where: str
    """Host, port and path; for SRV records the name."""
    status: int | None
    """Of HTTP; None: no HTTP answer."""
    problem: str = ""
    """Empty: as it should be; else E_..."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSignedIn(Event):
    """The phone takes over with this device and file."""

    kind: ClassVar[str] = "signin:signed_in"
    user: str
    device: str
    config_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRenewed(Event):
    """The client has a new access token, with its refresh token."""

    kind: ClassVar[str] = "signin:renewed"
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed(Event):
    """`code` is a typed error, E_SESSION_EXPIRED among them; what can pass is tried again."""

    kind: ClassVar[str] = "signin:failed"
    code: str
    detail: str


# --- Expressway ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyForwarded(Event):
    kind: ClassVar[str] = "expressway:forwarded"
    direction: Literal["inward", "outward"]
    start_line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneChanged(Event):
    """A neighbour zone (`CEOAuth <node>`) came up or went down."""

    kind: ClassVar[str] = "expressway:zone_changed"
    zone: str
    state: Literal["active", "failed"]
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneConfigured(Event):
    """Discovery made or removed a zone and its search rule of the same name."""

    kind: ClassVar[str] = "expressway:zone_configured"
    zone: str
    what: Literal["created", "removed"]
    address: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UcmQueried(Event):
    """A request of discovery to a Unified CM, and how it was answered. status 0: not at all."""

    kind: ClassVar[str] = "expressway:queried"
    function: str
    url: str
    status: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UcmDiscovered(Event):
    """The end of a discover or refresh."""

    kind: ClassVar[str] = "expressway:discovered"
    publisher: str
    discovered: bool
    nodes: tuple[str, ...] = ()
    version: str = ""
    pushed: str = ""
    """What became of our row in the Expressway-C table: added or updated."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeTokenJudged(Event):
    """What an Expressway read in a token with the keys it fetched."""

    kind: ClassVar[str] = "expressway:token_judged"
    accepted: bool
    user: str = ""
    problem: str = ""
    """malformed, key_unknown, signature, undecryptable, expired."""
    detail: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBlocked(Event):
    """An address is not listened to for a while."""

    kind: ClassVar[str] = "expressway:blocked"
    source: str
    seconds: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRequestAnswered(Event):
    """A request at Expressway-E's 8443."""

    kind: ClassVar[str] = "expressway:http"
    method: str
    path: str
    status: int
    source: str = ""
    user: str | None = None
    inside: str = ""
    """The host it was relayed to; empty: answered by the edge."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAliveJudged(Event):
    """A STUN keep-alive on a zone's connection: answered in time, or not."""

    kind: ClassVar[str] = "expressway:keep_alive"
    zone: str
    answered: bool
    detail: str = ""


def _concrete(base: type[Event]) -> list[type[Event]]:
    out: list[type[Event]] = []
    for cls in base.__subclasses__():
        out += [cls] if "kind" in cls.__dict__ else []
        out += _concrete(cls)
    return out


EVENTS: dict[str, type[Event]] = {cls.kind: cls for cls in _concrete(Event)}
"""Every event by its kind; the reference page and the scenario checks read this table."""


def event_to_json(event: Event) -> dict[str, object]:
    """The event's fields in order, `kind` first; tuples become lists."""
    out: dict[str, object] = {"kind": event.kind}
    for f in fields(event):
        value = getattr(event, f.name)
        out[f.name] = list(value) if isinstance(value, tuple) else value
    return out


def event_from_json(data: Mapping[str, object]) -> Event:
    """The event that `event_to_json` wrote. Fields it does not know are passed over: a newer version's.

    ValueError for an unknown kind or a missing field; the text names it.
    """
    kind = data.get("kind")
    cls = EVENTS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise ValueError(f"no event of kind {kind!r}")
    values = {}
    for f in fields(cls):
        if f.name in data:
            value = data[f.name]
            values[f.name] = tuple(value) if isinstance(value, list) else value
    try:
        return cls(**values)
    except TypeError:
        missing = [f.name for f in fields(cls) if f.default is MISSING and f.name not in data]
        raise ValueError(f"{kind} lacks {', '.join(missing)}") from None
