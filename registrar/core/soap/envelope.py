"""SOAP 1.1 envelopes: the one operation of a request, and answers and faults as UCM writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from registrar.core.soap.xml_source import XmlLimits, XmlRefused, clean, parse

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMESPACE = "http://schemas.cisco.com/ast/soap"
"""Of the elements of RIS and Control Center."""
CONTENT_TYPE = "text/xml;charset=utf-8"
"""[observed: administration 1]"""
Element = etree._Element
_PREFIX = {"ns1": NAMESPACE}


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapRequest:
    """A request's one operation.

    `operation` is the local name of `element`, `namespace` its namespace (empty if it has none).
    """

    operation: str
    namespace: str
    element: Element


class NotSoap(XmlRefused):
    """Well-formed XML that is no SOAP 1.1 request with one operation."""


def read_request(data: bytes, limits: XmlLimits = XmlLimits()) -> SoapRequest:  # noqa: B008 - frozen
    """Read the operation of a SOAP 1.1 request. Raises XmlRefused."""
    root = parse(data, limits)
    if local(root) != "Envelope" or namespace(root) != SOAP:
        raise NotSoap("the document is not a SOAP 1.1 envelope")
    bodies = [child for child in root if local(child) == "Body" and namespace(child) == SOAP]
    if len(bodies) != 1:
        raise NotSoap("the envelope must have one Body")
    operations = list(bodies[0])
    if len(operations) != 1:
        raise NotSoap(f"the Body must hold one operation, it has {len(operations)}")
    return SoapRequest(
        operation=local(operations[0]), namespace=namespace(operations[0]), element=operations[0]
    )


def render_answer(content: Element) -> bytes:
    """Render an envelope with one element in its Body."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    return _serialize(envelope)


def render_fault(text: str, *, code: str = "Client", detail: Element | None = None) -> bytes:
    """Render a SOAP fault. `code` is Client or Server; `detail` becomes the only child of `<detail>`."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    fault = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{SOAP}}}Fault")
    etree.SubElement(fault, "faultcode").text = f"soapenv:{code}"
    etree.SubElement(fault, "faultstring").text = clean(text)
    if detail is not None:
        etree.SubElement(fault, "detail").append(detail)
    return _serialize(envelope)


def _serialize(envelope: Element) -> bytes:
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


# --- reading -------------------------------------------------------------------------------------------------


def local(element: Element) -> str:
    """Return an element's name without its namespace."""
    return etree.QName(element).localname


def namespace(element: Element) -> str:
    """Return an element's namespace; empty if it has none."""
    return etree.QName(element).namespace or ""


def child(element: Element, name: str) -> Element | None:
    """Return the first child of that local name, in any namespace; None: there is none."""
    for each in element:
        if local(each) == name:
            return each
    return None


def text_of(element: Element | None) -> str:
    """Return an element's text, blanks around it removed; empty if there is no element."""
    return "" if element is None else (element.text or "").strip()


def child_text(element: Element, name: str) -> str:
    """Return the text of the first child of that local name; empty if there is none."""
    return text_of(child(element, name))


def is_nil(element: Element) -> bool:
    """Does the element say xsi:nil?"""
    return element.get(f"{{{XSI}}}nil", "").strip().lower() in ("true", "1")


# --- writing -------------------------------------------------------------------------------------------------


def make(tag: str, text: str | None = None, children: Iterable[Element] = (), **attributes: str) -> Element:
    """Make an element without namespace, as AXL's answers have them."""
    element = etree.Element(tag, {name: clean(value) for name, value in attributes.items()})
    if text is not None:
        element.text = clean(text)
    element.extend(children)
    return element


def part(tag: str, text: str | int | None = None, children: Iterable[Element] = ()) -> Element:
    """Make an element of RIS's and Control Center's answers: all in one namespace, with the prefix UCM uses."""
    element = etree.Element(f"{{{NAMESPACE}}}{tag}", nsmap=_PREFIX)
    if text is not None:
        element.text = clean(str(text))
    element.extend(children)
    return element


def nil(tag: str) -> Element:
    """Make an element of the same kind that says xsi:nil."""
    element = etree.Element(f"{{{NAMESPACE}}}{tag}", nsmap={**_PREFIX, "xsi": XSI})
    element.set(f"{{{XSI}}}nil", "true")
    return element
