"""The closed set of events: what happened, as frozen values named `domain:past_participle`.

Log file, ladder, checks, explain, reports and captures are readers of these; nobody logs protocol facts on the
side. No event ever holds a token, a password or a key: references only (`simulator.core.redact`). A module a
subject; everything is imported from here.
"""

from simulator.core.events.administration import CliCalled, CliLoginJudged, ClusterChanged, SoapCalled
from simulator.core.events.catalogue import EVENTS, event_from_json, event_to_json
from simulator.core.events.event import Event
from simulator.core.events.expressway import (
    EdgeRequestAnswered,
    EdgeTokenJudged,
    KeepAliveJudged,
    ProxyForwarded,
    SourceBlocked,
    TraversalPeerRefused,
    UcmDiscovered,
    UcmQueried,
    ZoneChanged,
    ZoneConfigured,
)
from simulator.core.events.flow import FlowClosed, FlowFailed, FlowOpened
from simulator.core.events.http import ConfigFetched, ConfigServed, HttpAnswered, NamesAnswered, UdsAnswered
from simulator.core.events.lab import (
    ActorFailed,
    FaultInjected,
    LabBuilt,
    PatienceEnded,
    ServiceStarted,
    ServiceStopped,
    StepTaken,
)
from simulator.core.events.oauth import (
    KeysLoaded,
    KeysNotLoaded,
    KeysOffered,
    OAuthFlushed,
    OAuthGranted,
    OAuthRefused,
    OAuthRevoked,
)
from simulator.core.events.phone import (
    PhoneFailed,
    PhoneFailedOver,
    PhonePortDecided,
    PhoneRefused,
    PhoneRegistered,
    PhoneStateChanged,
    PhoneUnregistered,
    PhoneWarned,
)
from simulator.core.events.registrar import (
    BindingChanged,
    PeerJudged,
    RegisterJudged,
    RegistrarAccepted,
    RegistrarChallenged,
    RegistrarRejected,
)
from simulator.core.events.signin import (
    PhoneSignedIn,
    SignInFailed,
    SignInStateChanged,
    SignInStepAnswered,
    TokenRenewed,
)
from simulator.core.events.sip import SipMalformed, SipMessageSeen, SipReceived, SipSent
from simulator.core.events.tls import HandshakeSeen, TlsEstablished, TlsFailed

__all__ = [
    "EVENTS",
    "ActorFailed",
    "BindingChanged",
    "CliCalled",
    "CliLoginJudged",
    "ClusterChanged",
    "ConfigFetched",
    "ConfigServed",
    "EdgeRequestAnswered",
    "EdgeTokenJudged",
    "Event",
    "FaultInjected",
    "FlowClosed",
    "FlowFailed",
    "FlowOpened",
    "HandshakeSeen",
    "HttpAnswered",
    "KeepAliveJudged",
    "KeysLoaded",
    "KeysNotLoaded",
    "KeysOffered",
    "LabBuilt",
    "NamesAnswered",
    "OAuthFlushed",
    "OAuthGranted",
    "OAuthRefused",
    "OAuthRevoked",
    "PatienceEnded",
    "PeerJudged",
    "PhoneFailed",
    "PhoneFailedOver",
    "PhonePortDecided",
    "PhoneRefused",
    "PhoneRegistered",
    "PhoneSignedIn",
    "PhoneStateChanged",
    "PhoneUnregistered",
    "PhoneWarned",
    "ProxyForwarded",
    "RegisterJudged",
    "RegistrarAccepted",
    "RegistrarChallenged",
    "RegistrarRejected",
    "ServiceStarted",
    "ServiceStopped",
    "SignInFailed",
    "SignInStateChanged",
    "SignInStepAnswered",
    "SipMalformed",
    "SipMessageSeen",
    "SipReceived",
    "SipSent",
    "SoapCalled",
    "SourceBlocked",
    "StepTaken",
    "TlsEstablished",
    "TlsFailed",
    "TokenRenewed",
    "TraversalPeerRefused",
    "UcmDiscovered",
    "UcmQueried",
    "UdsAnswered",
    "ZoneChanged",
    "ZoneConfigured",
    "event_from_json",
    "event_to_json",
]
