"""Cisco AXL Web Service of one node, as a function from HTTP request to response."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from registrar.core.axl import versions
from registrar.core.axl.call import AxlEnvironment, AxlRequest
from registrar.core.axl.faults import AxlFault, invalid, of_database, render
from registrar.core.axl.operations import OPERATIONS, Operation
from registrar.core.database.enumerations import AXL_SERVICE
from registrar.core.database.errors import DatabaseRefusal
from registrar.core.soap.accounts import AXL_ACCESS, AXL_READ_ONLY, Accounts, AdminAccount
from registrar.core.soap.authentication import Admitted, Authentication
from registrar.core.soap.control import ServiceControl, ServiceState
from registrar.core.soap.envelope import (
    CONTENT_TYPE,
    Element,
    SoapRequest,
    read_request,
    render_answer,
    render_fault,
)
from registrar.core.soap.xml_source import XmlLimits, XmlRefused, XmlTooLarge, clean
from registrar.core.tomcat.http import error_page
from simulator.core.entropy import Entropy
from simulator.core.events import SoapCalled
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

PATH = "/axl/"
_LIVENESS = (
    b"<html><head><title>Cisco CallManager: AXL Web Service</title></head><body>"
    b"<h1>Cisco CallManager: AXL Web Service</h1><p>The AXL Web Service is working and accepting requests. "
    b"Use HTTP POST to send a request.</p></body></html>"
)
"""[observed, exactly: clients look for parts of it]"""


@dataclass(slots=True, kw_only=True)
class WriteThrottle:
    """UCM denies writes while too many change notifications wait; reads go on. [documented: administration 1.2]

    The lab engages it; the counters are UCM's ThrottleState and ThrottleCount.
    """

    engaged: bool = False
    count: int = 0

    def engage(self) -> None:
        """Refuse writes until `release`, as UCM does while it is busy."""
        if not self.engaged:
            self.count += 1
        self.engaged = True

    def release(self) -> None:
        """Take writes again."""
        self.engaged = False


class AxlService:
    """`handle` answers GET and POST on /axl/; everything else there is 405, elsewhere 404."""

    def __init__(
        self,
        environment: AxlEnvironment,
        *,
        accounts: Accounts,
        services: ServiceControl,
        entropy: Entropy,
        journal: Journal,
        limits: XmlLimits = XmlLimits(),  # noqa: B008 - frozen
    ) -> None:
        self.throttle = WriteThrottle()
        self._environment = environment
        self._services = services
        self._authentication = Authentication(accounts, path="/axl", entropy=entropy.child("axl-sessions"))
        self._journal = journal
        self._limits = limits

    def refuse(self, head: HttpRequest, now: Instant) -> HttpResponse | None:
        """Return the answer to a request that is refused whatever its body says."""
        admitted = self._admit(head, now, begin=False)
        return admitted if isinstance(admitted, HttpResponse) else None

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer one HTTP request: an AXL answer, a fault, or an error page."""
        admitted = self._admit(request, now, begin=True)
        if isinstance(admitted, HttpResponse):
            return admitted
        if request.method != "POST":
            body = b"" if request.method == "HEAD" else _LIVENESS
            return HttpResponse(
                status=200, headers=(("Content-Type", "text/html"), *admitted.cookies), body=body
            )
        return self._post(request, admitted, now)

    def _admit(self, request: HttpRequest, now: Instant, *, begin: bool) -> Admitted | HttpResponse:
        """Return who asks, or the answer that the head alone decides. `begin`: see `Authentication.admit`."""
        if request.path.rstrip("/") != PATH.rstrip("/") or not self._activated(now):
            return error_page(404, "The requested resource is not available.")
        if request.method not in ("GET", "HEAD", "POST"):
            return error_page(
                405, f"HTTP method {request.method} is not supported.", ("Allow", "GET, HEAD, POST")
            )
        admitted = self._authentication.admit(request, now, begin=begin)
        if isinstance(admitted, Admitted) and not admitted.account.roles & {AXL_ACCESS, AXL_READ_ONLY}:
            return self._forbidden()
        return admitted

    def _activated(self, now: Instant) -> bool:
        for status in self._services.services(self._environment.node, now):
            if status.name == AXL_SERVICE:
                return status.state is ServiceState.STARTED
        return False

    def _post(self, request: HttpRequest, admitted: Admitted, now: Instant) -> HttpResponse:
        try:
            soap = read_request(request.body, self._limits)
        except XmlTooLarge as error:
            return error_page(413, str(error))
        except XmlRefused as error:
            return self._soap(500, render_fault(str(error)), admitted)
        try:
            version = versions.asked(soap.namespace)
        except versions.UnsupportedVersion as error:
            return HttpResponse(
                status=599, headers=(("Content-Type", "text/html;charset=utf-8"),), body=str(error).encode()
            )
        operation = OPERATIONS.get(soap.operation)
        if operation is not None and operation.since > version:
            operation = None
        if operation is not None and operation.writes:
            if AXL_ACCESS not in admitted.account.roles:
                return self._forbidden()
            if self.throttle.engaged:
                self._report(soap, admitted.account, 503, "writes are throttled")
                return error_page(503, "Service Unavailable")
        return self._answer(soap, operation, version, admitted, now)

    def _answer(
        self,
        soap: SoapRequest,
        operation: Operation | None,
        version: versions.Version,
        admitted: Admitted,
        now: Instant,
    ) -> HttpResponse:
        try:
            if operation is None:
                raise invalid(f"{soap.operation} is no operation of {soap.namespace}")
            call = AxlRequest(request=soap.element, now=now, version=version, environment=self._environment)
            content = operation.handler(call)
        except (AxlFault, DatabaseRefusal) as error:
            fault = error if isinstance(error, AxlFault) else of_database(error)
            self._report(soap, admitted.account, 500, f"{fault.code}: {fault.text}")
            return self._soap(500, render(fault, soap.operation), admitted)
        self._report(soap, admitted.account, 200, "")
        return self._soap(200, render_answer(_response(soap, content)), admitted)

    def _report(self, soap: SoapRequest, account: AdminAccount, status: int, fault: str) -> None:
        if self._journal.on:
            self._journal.add(
                SoapCalled(
                    service="AXL",
                    operation=clean(soap.operation),
                    user=account.name,
                    status=status,
                    fault=fault,
                )
            )

    @staticmethod
    def _forbidden() -> HttpResponse:
        return error_page(403, "Access to the requested resource has been denied.")

    @staticmethod
    def _soap(status: int, body: bytes, admitted: Admitted) -> HttpResponse:
        return HttpResponse(
            status=status, headers=(("Content-Type", CONTENT_TYPE), *admitted.cookies), body=body
        )


def _response(soap: SoapRequest, content: Element) -> Element:
    """`<ns:…Response>` in the namespace of the request, with its sequence. [shape observed]"""
    response = etree.Element(f"{{{soap.namespace}}}{soap.operation}Response", nsmap={"ns": soap.namespace})
    sequence = soap.element.get("sequence")
    if sequence is not None:
        response.set("sequence", sequence)
    response.append(content)
    return response
