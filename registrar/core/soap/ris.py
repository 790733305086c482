"""RISPort70 of one node: which devices are registered where, and if not, why (administration 5.1)."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from registrar.core.database.enumerations import product_of_model
from registrar.core.database.store import ClusterDatabase
from registrar.core.soap.accounts import Accounts
from registrar.core.soap.descriptions import RIS
from registrar.core.soap.envelope import Element, SoapRequest, child, child_text, local, nil, part
from registrar.core.soap.realtime import DeviceAtNode, DeviceStatus, RealtimeInformation
from registrar.core.soap.service import ServiceFault, SoapService
from simulator.core.entropy import Entropy
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

PATH = "/realtimeservice2/services/RISService70"
ANY_MODEL = "255"
MAX_DEVICES = 1_000
"""Of one answer. [documented; newer releases 2000]"""
RATE_PARAMETER = "AllowedDeviceQueriesPerMinute"
DEFAULT_RATE, MAX_RATE = 15, 18
"""Requests a minute, all clients together. [documented]"""
_SELECT_BY = ("Name", "IPV4Address", "IPV6Address", "DirNumber", "Description")
PHONE_CLASSES = ("Any", "Phone")


class RateLimit:
    """Shared by the nodes' RIS services. [that it is per cluster: assumed]"""

    def __init__(self, database: ClusterDatabase) -> None:
        self._database = database
        self._calls: deque[Instant] = deque()

    @property
    def allowed(self) -> int:
        """Requests a minute, by the enterprise parameter."""
        text = self._database.value("select paramvalue from processconfig where paramname = ?", RATE_PARAMETER)
        return min(int(text), MAX_RATE) if str(text).isdecimal() else DEFAULT_RATE

    def take(self, now: Instant) -> None:
        """Count a request. Raises ServiceFault if it is one too many, with UCM's own spelling. [observed]"""
        while self._calls and self._calls[0] <= now - 60:
            self._calls.popleft()
        if len(self._calls) >= self.allowed:
            raise ServiceFault(
                "AxisFault: Exceeded allowed rate for Reatime information. Current allowed rate for realtime "
                f"information is {self.allowed} requests per minute.",
                code="Server",
            )
        self._calls.append(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which devices a SelectCmDevice asks for."""

    limit: int
    device_class: str
    model: str
    status: str
    node: str
    select_by: str
    items: tuple[re.Pattern[str], ...]
    protocol: str


class RisService:
    """The Real-Time Information service of a node: which devices are registered where."""

    def __init__(
        self,
        realtime: RealtimeInformation,
        *,
        hosts: dict[str, str],
        rate: RateLimit,
        accounts: Accounts,
        entropy: Entropy,
        journal: Journal,
    ) -> None:
        """`hosts`: node name -> processnode.name, in cluster order."""
        self._realtime = realtime
        self._hosts = hosts
        self._rate = rate
        self._soap = SoapService("RIS", {PATH: RIS}, accounts=accounts, entropy=entropy, journal=journal)

    def refuse(self, head: HttpRequest, now: Instant) -> HttpResponse | None:
        """Return the answer to a request that is refused whatever its body says."""
        return self._soap.refuse(head, now)

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer one HTTP request."""
        return self._soap.handle(request, now, lambda soap: self._answer(soap, now))

    def _answer(self, soap: SoapRequest, now: Instant) -> Element:
        if soap.operation not in ("selectCmDevice", "selectCmDeviceExt"):
            raise ServiceFault(f"{soap.operation} is no operation of RISService70")
        self._rate.take(now)
        latest = soap.operation == "selectCmDeviceExt"
        criteria = _criteria(soap.element, wildcards=not latest)
        nodes = {name: host for name, host in self._hosts.items() if criteria.node in ("", host, name)}
        results, total = [], 0
        recent = self._realtime.latest() if latest else []
        for name, host in nodes.items():
            # Ext: only the most recent record of a device, at the node that has it. [documented]
            outcomes = (
                [each for each in recent if each.node == name] if latest else self._realtime.outcomes(name)
            )
            found = [each for each in outcomes if self._matches(each, criteria)]
            found = found[: max(0, criteria.limit - total)]
            total += len(found)
            results.append(_node("Ok" if found else "NotFound", host, [self._device(each) for each in found]))
        if not nodes:
            results.append(_node("InvalidNodeName", criteria.node, []))
        # The WSDL declares this response for both operations. [documented]
        result = part(
            "SelectCmDeviceResult",
            children=[part("TotalDevicesFound", total), part("CmNodes", children=results)],
        )
        return part(
            "selectCmDeviceResponse",
            children=[part("selectCmDeviceReturn", children=[result, part("StateInfo", "")])],
        )

    def _matches(self, outcome: DeviceAtNode, criteria: Criteria) -> bool:
        device = self._realtime.device(outcome.device)
        if criteria.device_class not in PHONE_CLASSES or criteria.protocol not in ("Any", "SIP"):
            return False
        if criteria.status not in ("Any", outcome.status):
            return False
        if criteria.model != ANY_MODEL and (device is None or device.model != criteria.model):
            return False
        values = {
            "Name": (outcome.device,),
            "IPV4Address": (outcome.address,),
            "IPV6Address": (outcome.address,),
            "DirNumber": tuple(line.dn for line in device.lines) if device else (),
            "Description": (device.description,) if device else (),
        }[criteria.select_by]
        return any(pattern.fullmatch(value) for pattern in criteria.items for value in values)

    def _device(self, outcome: DeviceAtNode) -> Element:
        device = self._realtime.device(outcome.device)
        numbers = [line.dn for line in device.lines] if device else []
        model = device.model if device else "0"
        return part(
            "item",
            children=[
                part("Name", outcome.device),
                part("DirNumber", ",".join(f"{dn}-{_line_status(outcome, dn)}" for dn in numbers)),
                part("DeviceClass", "Phone"),
                part("Model", model),
                part("Product", product_of_model(int(model)) if model.isdecimal() and device else 0),
                part("BoxProduct", 0),
                part("Httpd", "No"),
                part("RegistrationAttempts", outcome.attempts),
                part("IsCtiControllable", "true"),
                part("LoginUserId", (device.owner or "") if device else ""),
                part("Status", outcome.status),
                part("StatusReason", outcome.reason),
                part("PerfMonObject", 2),
                part("DChannel", 0),
                part("Description", device.description if device else ""),
                part("H323Trunk", children=[nil("ConfigName")]),
                part("TimeStamp", max(0, int(outcome.at))),
                part("Protocol", "SIP"),
                part("NumOfLines", len(numbers)),
                part("LinesStatus", children=[_line(outcome, dn) for dn in numbers]),
                part("ActiveLoadID", ""),
                part("InactiveLoadID", ""),
                part("DownloadStatus", "Unknown"),
                part("DownloadFailureReason", ""),
                part("DownloadServer", ""),
                part("IPAddress", children=_address(outcome.address)),
            ],
        )


def _criteria(request: Element, *, wildcards: bool) -> Criteria:
    criteria = child(request, "CmSelectionCriteria")
    if criteria is None:
        raise ServiceFault("CmSelectionCriteria is missing")
    text = {local(element): (element.text or "").strip() for element in criteria}
    select_by = text.get("SelectBy") or "Name"
    if select_by not in _SELECT_BY:
        raise ServiceFault(f"SelectBy {select_by!r} is none of {', '.join(_SELECT_BY)}")
    items: list[str] = []
    selected = child(criteria, "SelectItems")
    for element in selected if selected is not None else ():
        items.extend(name.strip() for name in child_text(element, "Item").split(","))
    limit = text.get("MaxReturnedDevices") or str(MAX_DEVICES)
    if not (limit.isascii() and limit.isdecimal()):
        raise ServiceFault(f"MaxReturnedDevices {limit!r} is no number")
    return Criteria(
        limit=min(int(limit[:9]), MAX_DEVICES),
        device_class=text.get("DeviceClass") or "Any",
        model=text.get("Model") or ANY_MODEL,
        status=text.get("Status") or "Any",
        node=text.get("NodeName", ""),
        select_by=select_by,
        items=tuple(_pattern(item, wildcards=wildcards) for item in items if item),
        protocol=text.get("Protocol") or "Any",
    )


def _pattern(item: str, *, wildcards: bool) -> re.Pattern[str]:
    """`*` stands for any text in selectCmDevice alone. [documented] Case does not matter. [assumed]"""
    escaped = [re.escape(text) for text in (re.split(r"\*+", item) if wildcards else [item])]
    return re.compile(".*".join(escaped), re.IGNORECASE | re.DOTALL)


def _node(code: str, name: str, devices: list[Element]) -> Element:
    return part(
        "item",
        children=[
            part("ReturnCode", code),
            part("Name", name),
            part("NoChange", "false"),
            part("CmDevices", children=devices),
        ],
    )


def _line_status(outcome: DeviceAtNode, dn: str) -> str:
    """Of one line: Registered, or what the device is."""
    if outcome.status in (DeviceStatus.REGISTERED, DeviceStatus.PARTIAL):
        return "Registered" if dn in outcome.lines else "UnRegistered"
    return outcome.status


def _line(outcome: DeviceAtNode, dn: str) -> Element:
    return part("item", children=[part("DirectoryNumber", dn), part("Status", _line_status(outcome, dn))])


def _address(address: str) -> list[Element]:
    if not address:
        return []
    family = "ipv6" if ":" in address else "ipv4"
    return [
        part("item", children=[part("IP", address), part("IPAddrType", family), part("Attribute", "Unknown")])
    ]
