"""SIP as values: messages, headers, URIs, streams, transactions, bearer credentials (RFC 3261 and sip-wire).

Pure: bytes and instants in, values out. A parser raises RemoteProtocolError and nothing else.
"""

from simulator.core.sip.address import STAR, Contacts, NameAddr, Star, parse_contacts, parse_name_addr
from simulator.core.sip.auth import AuthValue, parse_auth
from simulator.core.sip.bearer import REALM, RFC8898, UCM, BearerProblem, BearerToken, Dialect, parse_bearer
from simulator.core.sip.client import (
    ClientEvent,
    ClientKey,
    ClientTransactions,
    ResponseArrived,
    StrayResponse,
    TransactionFailed,
)
from simulator.core.sip.errors import (
    DuplicateHeader,
    MalformedMessage,
    MessageTooLarge,
    MissingHeader,
    RemoteProtocolError,
)
from simulator.core.sip.fields import CSeq, Via, parse_cseq, parse_via
from simulator.core.sip.headers import Headers
from simulator.core.sip.message import Message, Request, Response
from simulator.core.sip.partial import PartialMessages
from simulator.core.sip.replies import REASON_PHRASES, mark_received, reply_to
from simulator.core.sip.server import MAGIC_COOKIE, ServerKey, ServerTransactions
from simulator.core.sip.stream import KeepAlive, Need, SipStream
from simulator.core.sip.timing import IllegalInput, Timers
from simulator.core.sip.uri import SipUri, parse_uri
from simulator.core.sip.validation import validate_request
from simulator.core.sip.wire import MessageLimits, parse_message, serialize

__all__ = [
    "MAGIC_COOKIE",
    "REALM",
    "REASON_PHRASES",
    "RFC8898",
    "STAR",
    "UCM",
    "AuthValue",
    "BearerProblem",
    "BearerToken",
    "CSeq",
    "ClientEvent",
    "ClientKey",
    "ClientTransactions",
    "Contacts",
    "Dialect",
    "DuplicateHeader",
    "Headers",
    "IllegalInput",
    "KeepAlive",
    "MalformedMessage",
    "Message",
    "MessageLimits",
    "MessageTooLarge",
    "MissingHeader",
    "NameAddr",
    "Need",
    "PartialMessages",
    "RemoteProtocolError",
    "Request",
    "Response",
    "ResponseArrived",
    "ServerKey",
    "ServerTransactions",
    "SipStream",
    "SipUri",
    "Star",
    "StrayResponse",
    "Timers",
    "TransactionFailed",
    "Via",
    "mark_received",
    "parse_auth",
    "parse_bearer",
    "parse_contacts",
    "parse_cseq",
    "parse_message",
    "parse_name_addr",
    "parse_uri",
    "parse_via",
    "reply_to",
    "serialize",
    "validate_request",
]
