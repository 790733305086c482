"""Service profiles and jabber-config.xml: the files that tell Jabber which services its user has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from lxml import etree

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,127}")
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Sections = Mapping[str, Mapping[str, str]]
"""Section (Client, Phone, Policies ...) -> parameter -> value."""


class ProfileTextError(ValueError):
    """A name that no element can have, or a value that no XML file can hold; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProfile:
    """User Management > User Settings > Service Profile, and the Jabber configuration that goes with it."""

    id: UUID
    name: str
    file: str
    """What `serviceProfileFile` in cnf.xml names, e.g. SPDefault.cnf.xml."""
    jabber: Sections = field(default_factory=lambda: MappingProxyType({}))

    @property
    def jabber_file(self) -> str:
        """[documented: device-config 3]"""
        return f"JAB_{self.id}.cnf.xml"

    def files(self) -> dict[str, bytes]:
        """Name -> content of the files that a configuration server offers. Raises ProfileTextError."""
        config = render_jabber_config(self.jabber)
        return {
            self.file: render_service_profile(self),
            self.jabber_file: config,
            "jabber-config.xml": config,
        }


STANDARD_PROFILE = ServiceProfile(
    id=UUID("5f66fe4a-0000-4000-8000-000000000001"),
    name="Standard Service Profile",
    file="SPDefault.cnf.xml",
    jabber=MappingProxyType({"Policies": MappingProxyType({"Voice_Mail_Enabled": "false"})}),
)


def render_jabber_config(sections: Sections) -> bytes:
    """Render `<config version="1.0"><Client>...</Client></config>` [documented: device-config 4.7]."""
    root = etree.Element("config", version="1.0")
    for section, parameters in sections.items():
        parent = etree.SubElement(root, _checked_name(section))
        for name, value in parameters.items():
            etree.SubElement(parent, _checked_name(name)).text = _checked(value, name)
    return _written(root)


def render_service_profile(profile: ServiceProfile) -> bytes:
    """Name and Jabber settings. The elements are made up: no service profile is published. [assumed]"""
    root = etree.Element("serviceProfile", uuid=str(profile.id))
    etree.SubElement(root, "name").text = _checked(profile.name, "name")
    etree.SubElement(root, "jabberProfile").text = profile.jabber_file
    return _written(root)


def _written(root: etree._Element) -> bytes:
    etree.indent(root)
    body: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ProfileTextError(f"{name!r} cannot be the name of an element")
    return name


def _checked(value: str, where: str) -> str:
    bad = _UNWRITABLE.search(value)
    if bad is not None:
        raise ProfileTextError(f"{where}: character U+{ord(bad[0]):04X} cannot stand in an XML file")
    return value
