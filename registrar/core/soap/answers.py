"""Elements of RIS's and Control Center's answers: all in one namespace, with the prefix UCM uses."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from registrar.core.soap.envelope import XSI, Element
from registrar.core.soap.service import NAMESPACE
from registrar.core.soap.xml_source import clean

_MAP = {"ns1": NAMESPACE}


def part(tag: str, text: str | int | None = None, children: Iterable[Element] = ()) -> Element:
    element = etree.Element(f"{{{NAMESPACE}}}{tag}", nsmap=_MAP)
    if text is not None:
        element.text = clean(str(text))
    element.extend(children)
    return element


def nil(tag: str) -> Element:
    element = etree.Element(f"{{{NAMESPACE}}}{tag}", nsmap={**_MAP, "xsi": XSI})
    element.set(f"{{{XSI}}}nil", "true")
    return element
