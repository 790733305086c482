"""The HTTP side that RIS and Control Center share: path, login, role, WSDL, XML, faults, each call's event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from registrar.core.soap.accounts import SERVICEABILITY, Accounts
from registrar.core.soap.authentication import Admitted, Authentication
from registrar.core.soap.envelope import (
    CONTENT_TYPE,
    NAMESPACE,
    Element,
    SoapRequest,
    read_request,
    render_answer,
    render_fault,
)
from registrar.core.soap.wsdl import Description, address_of, asks_for_wsdl, render
from registrar.core.soap.xml_source import XmlLimits, XmlRefused, XmlTooLarge, clean
from registrar.core.tomcat.http import error_page, without_body
from simulator.core.entropy import Entropy
from simulator.core.events import SoapCalled
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

LIMITS = XmlLimits(size=256 * 1024, elements=20_000)


class ServiceFault(Exception):
    """Becomes a SOAP fault with this text."""

    def __init__(self, text: str, *, code: Literal["Client", "Server"] = "Client") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class SoapService:
    """Serves one of the two services over HTTP; what it answers is the caller's."""

    def __init__(
        self,
        name: Literal["RIS", "Control Center"],
        described: Mapping[str, Description],
        *,
        accounts: Accounts,
        entropy: Entropy,
        journal: Journal,
    ) -> None:
        """`described`: path -> what its WSDL says; the first path's folder is that of the session cookie."""
        self._name: Literal["RIS", "Control Center"] = name
        self._described = described
        folder = next(iter(described)).rpartition("/")[0]
        self._authentication = Authentication(accounts, path=folder, entropy=entropy.child(f"{name}-sessions"))
        self._journal = journal

    def handle(
        self, request: HttpRequest, now: Instant, answer: Callable[[SoapRequest], Element]
    ) -> HttpResponse:
        """Answer one request. `answer` makes the response element, or raises ServiceFault."""
        admitted = self._admit(request, now, begin=True)
        if isinstance(admitted, HttpResponse):
            return admitted
        if asks_for_wsdl(request):
            return _wsdl(self._described[request.path.rstrip("/")], request, admitted)
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

    def refuse(self, head: HttpRequest, now: Instant) -> HttpResponse | None:
        """Return the answer to a request that is refused whatever its body says."""
        admitted = self._admit(head, now, begin=False)
        return admitted if isinstance(admitted, HttpResponse) else None

    def _admit(self, request: HttpRequest, now: Instant, *, begin: bool) -> Admitted | HttpResponse:
        if request.path.rstrip("/") not in self._described:
            return error_page(404, "The requested resource is not available.")
        admitted = self._authentication.admit(request, now, begin=begin)
        if isinstance(admitted, Admitted) and SERVICEABILITY not in admitted.account.roles:
            return error_page(403, "Access to the requested resource has been denied.")
        return admitted

    def _report(self, operation: str, user: str, status: int, fault: str) -> None:
        if self._journal.on:
            self._journal.add(
                SoapCalled(service=self._name, operation=operation, user=user, status=status, fault=fault)
            )


def _wsdl(description: Description, request: HttpRequest, admitted: Admitted) -> HttpResponse:
    """For the same users as the operations. [assumed: public clients always give their password]"""
    address = address_of(request)
    if address is None:
        return error_page(400, "The request does not name one host.")
    body = render(description, namespace=NAMESPACE, address=address)
    response = HttpResponse(status=200, headers=(("Content-Type", CONTENT_TYPE), *admitted.cookies), body=body)
    return without_body(response) if request.method == "HEAD" else response
