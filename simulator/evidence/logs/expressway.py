"""An Expressway's event log (sip-wire 9, administration 9.2: observed lines).

The request lines at INFO, and 5091 in the place of 5061 and 7001, follow observed neighbours (assumed).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.core.instant import to_datetime
from simulator.evidence.connections import Connections
from simulator.evidence.logs.shape import Ends, ends_of, message_lines, plain, stamp

_Module = Callable[[str, str, str], str]
"""(module, level, text) -> line."""
_RULE_PRIORITY = 45
"""Of the search rule of a CEOAuth zone. [documented: administration 9.1]"""
_THREAD = "0x7f1d5c8e2700"
_TRAVERSAL = {"TraversalZone": "NeighbourGatekeeper", "SSH tunnels": "SSH"}
"""Zone of an Expressway pair -> Service of its lines. [assumed]"""
_URI = re.compile(r"^\w+ sips?:(?:[^@\s]*@)?([^\s>]+) SIP/2\.0$")
_HEADER = {
    name: re.compile(rf"(?im)^(?:{short})[ \t]*:[ \t]*([^\r\n]*)")
    for name, short in (("From", "From|f"), ("To", "To|t"))
}
_TAG = re.compile(r"(?i);\s*tag=([^;\s>]+)")
_ADDRESS = re.compile(r"<([^>]*)>")


def lines(records: Sequence[Record], actor: str) -> Iterator[str]:
    connections = Connections(records)
    for record in records:
        if record.actor == actor:
            yield from _of(record, ends_of(connections, record.flow))


def _of(record: Record, ends: Ends) -> Iterator[str]:
    event = record.event
    moment = to_datetime(record.at)
    prefix = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+00:00 {record.actor} tvcs:"
    utc = f'UTCTime="{stamp(record.at)}"'

    def module(name: str, level: str, text: str) -> str:
        return f'{prefix} {utc} Module="{name}" Level="{level}":  {text}'

    outbound = ends.listener is None
    path = _path(ends) if outbound else _path(ends, turned=True)
    match event:
        case ev.FlowOpened():
            if outbound:
                yield module("network.tcp", "DEBUG", f'{path} Detail="TCP Connecting"')
            yield module("network.tcp", "DEBUG", f'{path} Detail="TCP Connection Established"')
        case ev.FlowFailed():
            host, _, port = event.remote.rpartition(":")
            there = f'Dst-ip="{_value(host)}" Dst-port="{_value(port)}"'
            yield module("network.tcp", "ERROR", f'{there} Detail="TCP Connection Failed"')
        case ev.FlowClosed():
            reason = "Got EOF on socket" if event.by == "peer" else event.detail or "Closed by us"
            yield module(
                "network.tcp", "DEBUG", f'{path} Detail="TCP Connection Closed" Reason="{_value(reason)}"'
            )
        case ev.TlsFailed():
            yield from _openssl(event, ends, f"{prefix} {utc}", outbound=outbound)
            way = "Outbound" if outbound else "Inbound"
            name = f' Common-name="{_value(event.server_name)}"' if outbound and event.server_name else ""
            yield (
                f'{prefix} Event="{way} TLS Negotiation Error" Service="SIP" {path} '
                f'Detail="{_tls_detail(event)}" Protocol="TLS"{name} Level="1" {utc}'
            )
        case ev.ProxyForwarded() if event.direction == "inward" and ends.listener != "traversal":
            found = _URI.match(event.start_line)
            if found:
                zone = f"CEOAuth {_value(found[1].partition(';')[0])}"
                yield module(
                    "network.search",
                    "DEBUG",
                    f"Detail=\"Considering search rule '{zone}' towards target '{zone}' at priority "
                    f"'{_RULE_PRIORITY}' with alias '{_value(found[1])}'\"",
                )
        case ev.UcmQueried():
            # [observed: administration 9.2]; a request that got no answer at all has our words (assumed)
            axl = prefix.replace(" tvcs:", " network.axl:")
            asked = f'Module="network.axl" Level="INFO" Action="Send" URL="{event.url}"'
            yield f'{axl} {asked} Function="{event.function}"'
            status = f'Status="{event.status}" Reason="None"'
            if not event.status:
                status = f'Status="None" Reason="{_value(event.detail)}"'
            yield f'{axl} Module="network.axl" Level="INFO" Function="{event.function}" {status}'
        case ev.ZoneConfigured():
            # [event documented: administrator guide, events at level 1; its words are ours]
            how = f'Zone "{event.zone}" {event.what}: {event.address}, search rule at priority {event.priority}'
            yield f'{prefix} Event="System Configuration Changed" Detail="{_value(how)}" Level="1" {utc}'
        case ev.TraversalPeerRefused():
            # [Detail observed for an outbound connection: sip-wire 9; here assumed]
            yield (
                f'{prefix} Event="Inbound TLS Negotiation Error" Service="SIP" {path} '
                f'Detail="{_value(event.detail)}" Protocol="TLS" '
                f'Common-name="{_value(", ".join(event.offered))}" Level="1" {utc}'
            )
        case ev.ZoneChanged(state="active") if event.zone in _TRAVERSAL:
            # [the event's counterpart of a failure; its words are assumed]
            yield (
                f'{prefix} Event="External Server Communications Restored" Service="{_service(event.zone)}" '
                f'Detail="name:{_value(event.zone)}" Protocol="TLS" Level="1" {utc}'
            )
        case ev.ZoneChanged(state="failed"):
            # [event, Service and Detail="name:ADDRESS:PORT" observed for an H.323 peer in Cisco's Expressway
            # cluster guide of 2021; the same line for a CEOAuth zone, with its name and our Reason, is assumed]
            yield (
                f'{prefix} Event="External Server Communications Failure" Reason="{_value(event.detail)}" '
                f'Service="{_service(event.zone)}" Detail="name:{_value(event.zone)}" Protocol="TLS" Level="1" '
                f"{utc}"
            )
        case ev.SourceBlocked():
            # The words are ours: the line of an Expressway was not found.
            yield (
                f'{prefix} Event="Source blocked" Service="Edge" Src-ip="{_value(event.source)}" '
                f'Detail="{_value(event.why)}" Level="1" {utc}'
            )
        case ev.EdgeRequestAnswered():
            # [observed for allowed requests: administration 9.2; the reasons of others, and the edge's own
            # address where it relays nothing, are ours]
            verdict = "Allowed" if event.status < 400 else "Denied"
            place = event.inside or f"{ends.local_ip}:{ends.local_port}"
            why = _value(event.detail) or "In allow list"
            yield (
                f'{prefix.replace(" tvcs:", " traffic_server[18242]:")} Event="Request {verdict}" '
                f'Detail="Access {verdict.lower()}" Reason="{why}" '
                f'Username="{_value(event.user or "")}" Deployment="1" Method="{_value(event.method)}" '
                f'Request="{event.scheme}://{_value(place + event.path)}" {utc}'
            )
        case ev.SipSent() | ev.SipReceived():
            yield from _message(event, ends, module)
        case _:
            return


def _message(event: ev.SipSent | ev.SipReceived, ends: Ends, module: _Module) -> Iterator[str]:
    sent = isinstance(event, ev.SipSent)
    text = event.text or event.start_line
    number = int.from_bytes(sha256(text.encode("utf-8", "replace")).digest()[:8], "big")
    far = "Dst" if sent else "Src"
    where = (
        f'Action="{"Sent" if sent else "Received"}"  '
        f'Local-ip="{ends.local_ip}"  Local-port="{ends.local_port}"  '
        f'{far}-ip="{ends.remote_ip}"  {far}-port="{ends.remote_port}"'
    )
    verb = "Sending" if sent else "Receive"
    if event.status is None:
        target = event.start_line.split(" ")[1] if event.start_line.count(" ") >= 2 else ""
        what = f"{verb} Request Method={event.method}, CSeq={event.cseq}, Request-URI={target}"
    else:
        what = f"{verb} Response Code={event.status}, Method={event.method}, CSeq={event.cseq}"
    sender, receiver = (_header(name, text) for name in ("From", "To"))
    address = _ADDRESS.search(receiver)
    detail = (
        f"{what}, To={address[1] if address else receiver}, Call-ID={event.call_id}, From-Tag={_tag(sender)}, "
        f"To-Tag={_tag(receiver)}, Msg-Hash={number}"
    )
    yield module("network.sip", "INFO", f'{where}  Detail="{_value(detail)}"')
    yield module("network.sip", "DEBUG", f'{where}  Msg-Hash="{number}"')
    yield " SIPMSG:"
    body = message_lines(text)
    for index, line in enumerate(body):
        opening = " |" if index == 0 else " "
        yield f"{opening}{line}{'|' if index == len(body) - 1 else ''}"


def _tls_detail(event: ev.TlsFailed) -> str:
    """OpenSSL's words, as Expressway has them."""
    if event.by == "peer" and event.alert is None:
        return "No SSL error available, probably remote disconnect"
    text = event.detail or event.reason.replace("_", " ").lower()
    return _value(text.replace("self-signed", "self signed"))  # newer OpenSSL writes it with a hyphen


def _openssl(event: ev.TlsFailed, ends: Ends, prefix: str, *, outbound: bool) -> Iterator[str]:
    """What the component over the TLS library says. [shape observed for a server that refused its client; other
    cases are composed alike, with OpenSSL 1.0's error numbers, and the thread is made up (assumed)]
    """
    place = 'CodeLocation="ppcmains/ssl/ttssl/ttssl_openssl.cpp({})" Method="::{}" ' + f'Thread="{_THREAD}":'
    if event.by == "peer" and event.alert is not None:
        error = f"14094{1000 + event.alert:03X}:SSL routines:ssl3_read_bytes:{_tls_detail(event)}"
    elif event.verify_code is not None:
        number, whose = ("14090086", "server") if outbound else ("14089086", "client")
        error = f"{number}:SSL routines:ssl3_get_{whose}_certificate:certificate verify failed"
    else:
        return
    local, remote = _socket(ends.local_ip, ends.local_port), _socket(ends.remote_ip, ends.remote_port)
    yield (
        f'{prefix} Module="developer.ssl" Level="ERROR" {place.format(68, "TTSSLErrorOutput")} '
        'TTSSL_continueHandshake: Failed to establish SSL connection iResult="-1" error="1" '
        f'bServer="{"false" if outbound else "true"}" localAddress="{local}" remoteAddress="{remote}" '
        f'ssl_error_reason="error:{error}"'
    )
    yield (
        f'{prefix} Module="developer.ssl" Level="DEBUG" {place.format(1997, "ttssl_continueHandshake")} '
        'Detail="Handshake Failed" Reason="want error ssl"'
    )


def _socket(host: str, port: str) -> str:
    return f"['IPv6''TCP''[{host}]:{port}']" if ":" in host else f"['IPv4''TCP''{host}:{port}']"


def _path(ends: Ends, *, turned: bool = False) -> str:
    """From the client to the server of the connection."""
    near, far = (ends.local_ip, ends.local_port), (ends.remote_ip, ends.remote_port)
    source, target = (far, near) if turned else (near, far)
    return f'Src-ip="{source[0]}" Src-port="{source[1]}" Dst-ip="{target[0]}" Dst-port="{target[1]}"'


def _header(name: str, text: str) -> str:
    found = _HEADER[name].search(text)
    return found[1] if found else ""


def _tag(header: str) -> str:
    found = _TAG.search(header)
    return found[1] if found else ""


def _value(text: str) -> str:
    return plain(text).replace('"', "'")


def _service(zone: str) -> str:
    return _TRAVERSAL.get(zone, "NeighbourGatekeeper")
