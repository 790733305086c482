"""The administrator's web services of a node without sockets: XML in, XML out."""

from __future__ import annotations

import base64
from copy import deepcopy
from dataclasses import dataclass, field

from lxml import etree

from registrar.core.axl import PRODUCT_VERSIONS, AxlEnvironment, AxlService
from registrar.core.cluster.bindings import Binding
from registrar.core.database.enumerations import AXL_SERVICE
from registrar.core.soap.accounts import AXL_READ_ONLY, Accounts, AdminAccount
from registrar.core.soap.control import DeviceAction, ServiceRefused, ServiceState, ServiceStatus
from registrar.core.soap.control_center import ControlCenterService
from registrar.core.soap.realtime import RealtimeInformation
from registrar.core.soap.ris import RateLimit, RisService
from simulator.core.actor.flow import Address
from simulator.core.events import SoapCalled
from simulator.core.events.log import EventLog
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant, ManualClock
from simulator.core.sip import parse_uri
from tests.registrar.core.database.bench import NOW, PUBLISHER, Administered

ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    "{}</soapenv:Body></soapenv:Envelope>"
)
AXL = "http://www.cisco.com/AXL/API/"
AST = "http://schemas.cisco.com/ast/soap"


@dataclass
class Services:
    """Services of every node: AXL and Tomcat run, CTIManager is not activated."""

    states: dict[tuple[str, str], ServiceState] = field(default_factory=dict)
    done: list[tuple[str, str, str]] = field(default_factory=list)
    names: tuple[str, ...] = ("Cisco CallManager", AXL_SERVICE, "Cisco Tomcat", "Cisco CTIManager")

    def services(self, node: str, now: Instant) -> tuple[ServiceStatus, ...]:
        return tuple(self._status(node, name, now) for name in self.names)

    def _status(self, node: str, name: str, now: Instant) -> ServiceStatus:
        idle = name == "Cisco CTIManager"
        state = self.states.get((node, name), ServiceState.STOPPED if idle else ServiceState.STARTED)
        return ServiceStatus(name=name, state=state, activated=not idle, started_at=Instant(now - 12))

    def _do(self, what: str, node: str, service: str, state: ServiceState) -> None:
        if service not in self.names:
            raise ServiceRefused(f"there is no service {service}")
        self.done.append((what, node, service))
        self.states[node, service] = state

    def start(self, node: str, service: str, now: Instant) -> None:
        self._do("start", node, service, ServiceState.STARTED)

    def stop(self, node: str, service: str, now: Instant) -> None:
        self._do("stop", node, service, ServiceState.STOPPED)

    def restart(self, node: str, service: str, now: Instant) -> None:
        self._do("restart", node, service, ServiceState.STARTING)


@dataclass
class Devices:
    done: list[tuple[str, DeviceAction]] = field(default_factory=list)

    def act(self, device: str, action: DeviceAction, now: Instant) -> int:
        self.done.append((device, action))
        return 1


def basic(user: str, password: str) -> tuple[str, str]:
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


ADMIN = basic("admin", "secret")


class WebBench(Administered):
    """AXL, RIS and Control Center of one node; users admin, reader (read only) and nobody (no role)."""

    def __init__(self, *, node: str = PUBLISHER, **how: object) -> None:
        super().__init__(**how)  # type: ignore[arg-type]
        self.now = NOW
        self.clock = ManualClock(NOW)
        self.log = EventLog(self.clock)
        self.services = Services()
        self.devices = Devices()
        self.accounts = Accounts(
            [
                AdminAccount(name="admin", password="secret"),
                AdminAccount(name="reader", password="secret", roles=frozenset({AXL_READ_ONLY})),
                AdminAccount(name="nobody", password="secret", roles=frozenset()),
            ]
        )
        shared = {"accounts": self.accounts, "entropy": self.entropy, "journal": self.log.journal("ucm1")}
        self.axl = AxlService(
            AxlEnvironment(
                database=self.database,
                cluster=self.cluster,
                node=node,
                devices=self.devices,
                version=PRODUCT_VERSIONS["12.5"],
            ),
            services=self.services,
            **shared,
        )
        self.realtime = RealtimeInformation(self.cluster)
        self.log.subscribe(self.realtime)
        self.database.provide("registrationdynamic", self.realtime.registration_rows)
        hosts = {each.name: each.host for each in self.cluster.nodes}
        self.ris = RisService(self.realtime, hosts=hosts, rate=RateLimit(self.database), **shared)
        self.control_center = ControlCenterService(node, self.services, **shared)

    # --- AXL -------------------------------------------------------------------------------------------------

    def post(
        self, body: str | bytes, *headers: tuple[str, str], path: str = "/axl/", method: str = "POST"
    ) -> HttpResponse:
        data = body.encode() if isinstance(body, str) else body
        request = HttpRequest(method=method, path=path, headers=headers or (ADMIN,), body=data)
        return self.axl.handle(request, self.now)

    def ask(
        self, operation: str, content: str = "", *, version: str = "12.5", attributes: str = "", user=ADMIN
    ) -> HttpResponse:
        body = f'<n:{operation} xmlns:n="{AXL}{version}" {attributes}>{content}</n:{operation}>'
        return self.post(ENVELOPE.format(body), user)

    def call(self, operation: str, content: str = "", **how: str) -> etree._Element:
        """The `<return>` element of an answer that must be good."""
        response = self.ask(operation, content, **how)
        assert response.status == 200, response.body.decode()
        (found,) = etree.fromstring(response.body).iter("return")
        return found

    def fault(self, operation: str, content: str = "", **how: str) -> tuple[int, str]:
        """axlcode and text of an answer that must be a fault."""
        response = self.ask(operation, content, **how)
        assert response.status == 500, response.body.decode()
        root = etree.fromstring(response.body)
        (error,) = root.iter("axlError")
        (text,) = root.iter("faultstring")
        assert error.findtext("axlmessage") == text.text
        assert error.findtext("request") == operation
        return int(error.findtext("axlcode")), text.text

    @property
    def calls(self) -> list[SoapCalled]:
        return self.log.of(SoapCalled)


def binding(device: str, dn: str, node: str, *, at: float = 1.0, host: str = "192.0.2.10") -> Binding:
    return Binding(
        device=device,
        dn=dn,
        node=node,
        aor=f"sip:{dn}@{node}",
        contact=f"<sip:{dn}@{host}>",
        contact_uri=parse_uri(f"sip:{dn}@192.0.2.10"),
        instance=None,
        call_id="c",
        cseq=1,
        flow=1,
        source=Address(host, 50_000),
        transport="tls",
        lines=(dn,),
        registered_at=Instant(at),
        expires_at=Instant(at + 120),
    )


def xml(element: etree._Element) -> str:
    """The element as text, uuids blanked."""
    copied = deepcopy(element)
    for each in copied.iter():
        if "uuid" in each.attrib:
            each.set("uuid", "U")
    etree.cleanup_namespaces(copied)
    return etree.tostring(copied, with_tail=False).decode()
