"""The phone's log in Jabber's format (sip-wire 9: observed lines of Jabber for Windows 12.8).

Lines whose source is `ucmsim` are ours: no real line for them is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.core.instant import Instant
from simulator.evidence.connections import Connections
from simulator.evidence.logs.shape import Ends, ends_of, message_lines, plain, stamp


@dataclass(frozen=True, slots=True)
class _Source:
    """Thread, source file, component and function that a line names."""

    thread: str
    file: str
    component: str
    function: str


_OAUTH_MODE = _Source(
    "0x00002968",
    r"ig\CertificateVerificationHelper.cpp(35)",
    "csf.ecc",
    "csf::ecc::CertificateVerificationHelper::setSipOauthMode",
)
_PROPERTIES, _MRA_PROPERTIES = (
    _Source(
        "0x00002484",
        rf"\core\ccapp\config\config_parser.c({line})",
        "csf.sip-call-control",
        "config_process_ccm_properties",
    )
    for line in (1491, 1494)
)
_CONNECTION = _Source(
    "0x00000e2c",
    r"sipstack\sip_transport_connection.c(431)",
    "csf.sip-call-control",
    "sip_create_transport_connection",
)
_MESSAGE = _Source(
    "0x00000e2c", r"\sipcc\core\sipstack\ccsip_debug.c(1041)", "csf.sip-call-control", "platform_print_sip_msg"
)
_TOKEN = _Source(
    "0x00002968", "ucmsim", "csf-unified.sso", "CSFUnified::SingleSignOn::Impl::handleRefreshTokenFailure"
)


def _ours(component: str, function: str) -> _Source:
    return _Source("0x00000e2c", "ucmsim", component, function)


_CONFIG = _ours("csf.config", "configuration")
_TLS = _ours("csf.cert", "handshake")
_REGISTRATION = _ours("csf.sip-call-control", "registration")

_SLOTS = 3
_NO_TOKEN = "E_NO_TOKEN"  # noqa: S105


def lines(records: Sequence[Record], actor: str) -> Iterator[str]:
    connections = Connections(records)
    fetching = False
    plan: list[ev.PhonePortDecided] = []  # of all nodes, one after the other
    planned = Instant(0.0)
    for record in records:
        if record.actor != actor:
            continue
        if isinstance(record.event, ev.PhonePortDecided):
            plan.append(record.event)
            planned = record.at
            continue
        if plan and not isinstance(record.event, ev.PhoneWarned):
            yield from _properties(plan, planned)
            plan = []
        if isinstance(record.event, ev.PhoneStateChanged):
            fetching = record.event.new == "fetching_config"
        if isinstance(record.event, ev.FlowOpened) and fetching:
            continue  # HTTP's, not the SIP stack's
        yield from _of(record, ends_of(connections, record.flow))
    if plan:
        yield from _properties(plan, planned)


def _line(at: Instant, level: str, source: _Source, text: str) -> str:
    return (
        f"{stamp(at)} {level:5} [{source.thread}] [{source.file}] [{source.component}] "
        f"[{source.function}] - {plain(text)}"
    )


def _properties(plan: Sequence[ev.PhonePortDecided], at: Instant) -> Iterator[str]:
    """The nodes that the phone will try, and the ports that it read for them; there is room for three."""
    nodes = list(dict.fromkeys(one.node for one in plan))[:_SLOTS]
    ports = {one.element: one.port for one in plan}
    by_node = {(one.element, one.node): one.port for one in plan}

    def row(name: str, element: str) -> str:
        """A slot without a node has the port of the others. [observed]"""
        slots = [*nodes, *[""] * (_SLOTS - len(nodes))]
        return " ".join(
            f"{name}_{index}={by_node.get((element, node), ports[element])}" for index, node in enumerate(slots)
        )

    yield _line(at, "DEBUG", _OAUTH_MODE, f"sip OAuth Mode={int(any('OAuth' in one.element for one in plan))}")
    ccm = "ccm0={} ccm1={}  ccm2={}".format(*nodes, *[""] * (_SLOTS - len(nodes)))
    oauth = f" {row('sip_oauth_port', 'sipOAuthPort')}" if "sipOAuthPort" in ports else ""
    yield _line(at, "INFO", _PROPERTIES, f"{ccm}{oauth} length=0")
    if "sipMRAOAuthPort" in ports:  # spelled as Jabber spells it
        yield _line(at, "INFO", _MRA_PROPERTIES, row("sip_mar_oauth_port", "sipMRAOAuthPort"))


def _of(record: Record, ends: Ends) -> Iterator[str]:
    event = record.event
    line = partial(_line, record.at)
    match event:
        case ev.ConfigFetched():
            outcome = f"{event.problem}: {event.detail}" if event.problem else str(event.status)
            yield line("ERROR" if event.problem else "INFO", _CONFIG, f"{event.url}: {outcome}")
        case ev.FlowOpened():
            yield line(
                "DEBUG",
                _CONNECTION,
                f"[SIP][CONN][0] create {event.transport.upper()} connection "
                f"{ends.local_ip}:{ends.local_port}-----{ends.remote_ip}:{ends.remote_port}.",
            )
        case ev.FlowFailed():
            yield line("ERROR", _REGISTRATION, f"no {event.transport.upper()} connection: {event.detail}")
        case ev.FlowClosed() if event.detail:
            yield line("WARN", _REGISTRATION, f"connection closed by {event.by}: {event.detail}")
        case ev.TlsFailed():
            alert = f"alert {event.alert} {event.alert_name}" if event.alert is not None else "no alert"
            why = event.detail or event.reason
            yield line("ERROR", _TLS, f"TLS handshake refused by {event.by}, {alert}: {why}")
        case ev.SipSent() | ev.SipReceived():
            mark = "sipio-sent--->" if isinstance(event, ev.SipSent) else "sipio-recv<---"
            first, *rest = message_lines(event.text or event.start_line)
            yield line("DEBUG", _MESSAGE, f"{mark} {first}")
            yield from rest
        case ev.PhoneStateChanged():
            yield line("DEBUG", _REGISTRATION, f"{event.old} -> {event.new}: {event.why}")
        case ev.PhoneRegistered():
            what = "refreshed" if event.refreshed else "registered"
            yield line("INFO", _REGISTRATION, f"{what} at {event.node}:{event.port} for {event.expires} s")
        case ev.PhoneUnregistered():
            yield line("INFO", _REGISTRATION, f"unregistered at {event.node}")
        case ev.PhoneRefused():
            warning = f' "{event.warning}"' if event.warning else ""
            yield line("ERROR", _REGISTRATION, f"refused: {event.status} {event.phrase}{warning}")
        case ev.PhoneFailedOver():
            yield line("WARN", _REGISTRATION, f"failover from {event.old} to {event.new}: {event.why}")
        case ev.PhoneWarned() | ev.PhoneFailed():
            level = "WARN" if isinstance(event, ev.PhoneWarned) else "ERROR"
            if event.code == _NO_TOKEN:
                yield line(
                    "ERROR",
                    _TOKEN,
                    "Failed to get valid access token from refresh token, maybe server issue.",
                )
            yield line(level, _REGISTRATION, f"{event.code} {event.detail}".rstrip())
        case _:
            return
