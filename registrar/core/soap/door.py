"""The HTTP side that RIS and Control Center share: path, login, role, XML, faults, and each call's event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from registrar.core.soap.accounts import SERVICEABILITY, Accounts
from registrar.core.soap.envelope import (
    CONTENT_TYPE,
    Element,
    SoapRequest,
    read_request,
    render_answer,
    render_fault,
)
from registrar.core.soap.gate import Gate
from registrar.core.soap.xml_source import XmlLimits, XmlRefused, XmlTooLarge, clean
from registrar.core.tomcat import error_page
from simulator.core.entropy import Entropy
from simulator.core.eventlog import Journal
from simulator.core.events import SoapCalled
from simulator.core.http import HttpRequest, HttpResponse
from simulator.core.instant import Instant

NAMESPACE = "http://schemas.cisco.com/ast/soap"
LIMITS = XmlLimits(size=256 * 1024, elements=20_000)


class ServiceFault(Exception):
    """Becomes a SOAP fault with this text."""

    def __init__(self, text: str, *, code: Literal["Client", "Server"] = "Client") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class SoapDoor:
    def __init__(
        self,
        name: Literal["RIS", "Control Center"],
        paths: tuple[str, ...],
        *,
        accounts: Accounts,
        entropy: Entropy,
        journal: Journal,
    ) -> None:
        self._name: Literal["RIS", "Control Center"] = name
        self._paths = paths
        self._gate = Gate(accounts, path=paths[0].rpartition("/")[0], entropy=entropy.child(f"{name}-sessions"))
        self._journal = journal

    def handle(
        self, request: HttpRequest, now: Instant, answer: Callable[[SoapRequest], Element]
    ) -> HttpResponse:
        """`answer` gives the response element, or raises ServiceFault."""
        if request.path.rstrip("/") not in self._paths:
            return error_page(404, "The requested resource is not available.")
        admitted = self._gate.admit(request, now)
        if isinstance(admitted, HttpResponse):
            return admitted
        if SERVICEABILITY not in admitted.account.roles:
            return error_page(403, "Access to the requested resource has been denied.")
        if request.method != "POST":
            return error_page(405, f"HTTP method {request.method} is not supported.", ("Allow", "POST"))
        headers = (("Content-Type", CONTENT_TYPE), *admitted.cookies)
        operation = ""
        try:
            soap = read_request(request.body, LIMITS)
            operation = clean(soap.operation)
            body = render_answer(answer(soap))
        except XmlTooLarge as error:
            return error_page(413, str(error))
        except XmlRefused as error:
            return HttpResponse(status=500, headers=headers, body=render_fault(str(error)))
        except ServiceFault as error:
            self._report(operation, admitted.account.name, 500, error.text)
            return HttpResponse(status=500, headers=headers, body=render_fault(error.text, code=error.code))
        self._report(operation, admitted.account.name, 200, "")
        return HttpResponse(status=200, headers=headers, body=body)

    def _report(self, operation: str, user: str, status: int, fault: str) -> None:
        if self._journal.on:
            self._journal.add(
                SoapCalled(service=self._name, operation=operation, user=user, status=status, fault=fault)
            )
