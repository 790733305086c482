"""Control Center SOAP of one node: start, stop, restart and status of its own services (administration 5.2)."""

from __future__ import annotations

from registrar.core.soap.accounts import Accounts
from registrar.core.soap.control import (
    NO_REASON,
    NOT_ACTIVATED,
    ServiceControl,
    ServiceRefused,
    ServiceState,
    ServiceStatus,
)
from registrar.core.soap.descriptions import control_center
from registrar.core.soap.envelope import Element, SoapRequest, child, child_text, local, part, text_of
from registrar.core.soap.service import ServiceFault, SoapService
from simulator.core.entropy import Entropy
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant, to_datetime

PATHS = (
    "/controlcenterservice2/services/ControlCenterServices",
    "/controlcenterservice2/services/ControlCenterServicesEx",
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class ControlCenterService:
    """The Control Center service of a node: which services run, and starting and stopping them."""

    def __init__(
        self, node: str, services: ServiceControl, *, accounts: Accounts, entropy: Entropy, journal: Journal
    ) -> None:
        """`node`: processnode.name."""
        self._node = node
        self._services = services
        described = {path: control_center(path.rpartition("/")[2]) for path in PATHS}
        self._soap = SoapService(
            "Control Center", described, accounts=accounts, entropy=entropy, journal=journal
        )

    def refuse(self, head: HttpRequest, now: Instant) -> HttpResponse | None:
        """Return the answer to a request that is refused whatever its body says."""
        return self._soap.refuse(head, now)

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer one HTTP request."""
        return self._soap.handle(request, now, lambda soap: self._answer(soap, now))

    def _answer(self, soap: SoapRequest, now: Instant) -> Element:
        if soap.operation == "soapGetServiceStatus":
            names = [text_of(each) for each in soap.element if local(each) == "ServiceStatus"]
            return self._status("soapGetServiceStatus", [name for name in names if name], None, now)
        if soap.operation == "soapDoControlServices":
            return self._control(soap.element, now)
        raise ServiceFault(f"{soap.operation} is no operation of ControlCenterServices")

    def _control(self, element: Element, now: Instant) -> Element:
        request = child(element, "ControlServiceRequest")
        if request is None:
            raise ServiceFault("ControlServiceRequest is missing")
        node = child_text(request, "NodeName")
        if node and node != self._node:
            raise ServiceFault(
                f"NodeName {node!r} is not this node: {self._node} controls only its own services"
            )
        action = child_text(request, "ControlType")
        act = {
            "Start": self._services.start,
            "Stop": self._services.stop,
            "Restart": self._services.restart,
        }.get(action)
        if act is None:
            raise ServiceFault(f"ControlType {action!r} is none of Start, Stop, Restart")
        listed = child(request, "ServiceList")
        names = [text_of(each) for each in listed] if listed is not None else []
        if not any(names):
            raise ServiceFault("ServiceList names no service")
        refusals: dict[str, str] = {}
        for name in names:
            try:
                act(self._node, name, now)
            except ServiceRefused as error:
                refusals[name] = str(error)
        return self._status("soapDoControlServices", names, refusals, now)

    def _status(
        self, operation: str, names: list[str], refusals: dict[str, str] | None, now: Instant
    ) -> Element:
        """No names: all services."""
        known = {status.name: status for status in self._services.services(self._node, now)}
        unknown = [name for name in names if name not in known]
        items = [
            _item(known.get(name) or ServiceStatus(name=name, state=ServiceState.UNKNOWN, activated=False), now)
            for name in (names or known)
        ]
        problems = list(refusals.values()) if refusals else [f"There is no service {name}" for name in unknown]
        return part(
            f"{operation}Response",
            children=[
                part(
                    f"{operation}Return",
                    children=[
                        part("ReturnCode", 1 if problems else 0),
                        part("ReasonCode", NOT_ACTIVATED if problems else NO_REASON),
                        part("ReasonString", "; ".join(problems)),
                        part("ServiceInfoList", children=items),
                    ],
                )
            ],
        )


def _item(status: ServiceStatus, now: Instant) -> Element:
    started = status.started_at if status.state is ServiceState.STARTED else None
    return part(
        "item",
        children=[
            part("ServiceName", status.name),
            part("ServiceStatus", status.state),
            part("ReasonCode", NO_REASON if status.activated else NOT_ACTIVATED),
            part("ReasonCodeString", "" if status.activated else "Service Not Activated"),
            part("StartTime", "" if started is None else _ctime(started)),
            part("UpTime", NO_REASON if started is None else max(0, int(now - started))),
        ],
    )


def _ctime(instant: Instant) -> str:
    """`Mon Mar 30 13:00:00 2020` [observed]; independent of the locale."""
    t = to_datetime(instant)
    return f"{_DAYS[t.weekday()]} {_MONTHS[t.month - 1]} {t.day:2d} {t:%H:%M:%S} {t.year}"
