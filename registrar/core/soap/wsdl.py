"""WSDL 1.1 of a SOAP service, for clients that ask its address with `?wsdl` [documented: administration 5].

Structure and words are ours. What clients name is as on a real UCM: operations, elements, bindings, and types
that they build by name [observed in public clients]. What is optional is assumed from the published messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from registrar.core.tomcat.http import header
from simulator.core.http.message import HttpRequest

WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP_BINDING = "http://schemas.xmlsoap.org/wsdl/soap/"
XSD = "http://www.w3.org/2001/XMLSchema"
HTTP_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An element: `type` is a name of XML Schema, or of the description's own types."""

    name: str
    type: str = "string"
    occurs: Literal["one", "optional", "many"] = "one"
    nil: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a WSDL says of one service."""

    service: str
    binding: str
    types: Mapping[str, tuple[Part, ...]]
    requests: Mapping[str, tuple[Part, ...]]
    """Operation -> content of its request element, which has the operation's name."""
    responses: Mapping[str, tuple[str, tuple[Part, ...]]]
    """Operation -> name and content of its response element; several may share one."""


def part(name: str, type: str = "string") -> Part:  # noqa: A002 - the word of XML Schema
    """Describe an element that must be there."""
    return Part(name=name, type=type)


def optional(name: str, type: str = "string") -> Part:  # noqa: A002
    """Describe an element that may be there."""
    return Part(name=name, type=type, occurs="optional")


def many(name: str, type: str = "string") -> Part:  # noqa: A002
    """Describe an element that may be there any number of times."""
    return Part(name=name, type=type, occurs="many")


def asks_for_wsdl(request: HttpRequest) -> bool:
    """Does the request ask for the description instead of an operation?"""
    return request.method in ("GET", "HEAD") and any(name.lower() == "wsdl" for name, _ in request.query)


def address_of(request: HttpRequest) -> str | None:
    """Return the service's address as the client reached it; None if it does not say, as HTTP/1.1 demands."""
    hosts = [value.strip() for value in header(request, "Host")]
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        return None
    return f"https://{hosts[0]}{request.path.rstrip('/')}"


def render(description: Description, *, namespace: str, address: str) -> bytes:
    """Render a WSDL. `namespace`: of the elements, and of the WSDL itself."""
    prefixes = {"wsdl": WSDL, "soap": SOAP_BINDING, "xsd": XSD, "tns": namespace}
    root = etree.Element(f"{{{WSDL}}}definitions", nsmap=prefixes, targetNamespace=namespace)
    schema = _add(
        _add(root, WSDL, "types"), XSD, "schema", targetNamespace=namespace, elementFormDefault="qualified"
    )
    for name, parts in description.types.items():
        _sequence(_add(schema, XSD, "complexType", name=name), parts, description)
    elements = {**description.requests, **dict(description.responses.values())}
    for name, parts in elements.items():
        whole = _add(schema, XSD, "element", name=name)
        _sequence(_add(whole, XSD, "complexType"), parts, description)
        _add(_add(root, WSDL, "message", name=name), WSDL, "part", name="parameters", element=f"tns:{name}")
    _port_type(root, description)
    _binding(root, description)
    service = _add(root, WSDL, "service", name=description.service)
    port = _add(service, WSDL, "port", name=description.service, binding=f"tns:{description.binding}")
    _add(port, SOAP_BINDING, "address", location=address)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _port_type(root: etree._Element, description: Description) -> None:
    port_type = _add(root, WSDL, "portType", name=f"{description.service}PortType")
    for name in description.requests:
        operation = _add(port_type, WSDL, "operation", name=name)
        _add(operation, WSDL, "input", message=f"tns:{name}")
        _add(operation, WSDL, "output", message=f"tns:{description.responses[name][0]}")


def _binding(root: etree._Element, description: Description) -> None:
    binding = _add(root, WSDL, "binding", name=description.binding, type=f"tns:{description.service}PortType")
    _add(binding, SOAP_BINDING, "binding", style="document", transport=HTTP_TRANSPORT)
    for name in description.requests:
        operation = _add(binding, WSDL, "operation", name=name)
        _add(operation, SOAP_BINDING, "operation", soapAction=name, style="document")
        for direction in ("input", "output"):
            _add(_add(operation, WSDL, direction), SOAP_BINDING, "body", use="literal")


def _sequence(parent: etree._Element, parts: Iterable[Part], description: Description) -> None:
    sequence = _add(parent, XSD, "sequence")
    for each in parts:
        prefix = "tns" if each.type in description.types else "xsd"
        element = _add(sequence, XSD, "element", name=each.name, type=f"{prefix}:{each.type}")
        if each.occurs != "one":
            element.set("minOccurs", "0")
        if each.occurs == "many":
            element.set("maxOccurs", "unbounded")
        if each.nil:
            element.set("nillable", "true")


def _add(parent: etree._Element, namespace: str, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{namespace}}}{tag}", attributes)
