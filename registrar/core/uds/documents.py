"""The documents of UDS, element by element as published (device-config 4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from lxml import etree

from registrar.core.cluster.directory import Device, User
from registrar.core.uds.profiles import STANDARD_PROFILE, ServiceProfile


def _standard(_user: User) -> ServiceProfile:
    return STANDARD_PROFILE


@dataclass(frozen=True, slots=True, kw_only=True)
class UdsSite:
    """What UDS says about its cluster, apart from users and devices: addresses, release, files.

    The functions are called with each request: a lab knows its ports only once it listens.
    """

    base: Callable[[], str]
    """This node's address as clients reach it, `https://host:8443`."""
    servers: Callable[[], tuple[str, ...]]
    """Host names of the cluster's nodes."""
    file_uri: Callable[[str], str]
    """Where a phone finds a configuration file: `http://host:6970/<name>` or, with TLS, 6972."""
    jabber_uri: Callable[[str], str]
    """Where Jabber finds its files: `https://host:6972/<name>`."""
    home: str
    """Host name that clusterUser gives for this cluster's users."""
    domain: str
    """Users' mail addresses are `<user id>@<domain>`."""
    release: str = "12.5.1"
    profile_of: Callable[[User], ServiceProfile] = _standard
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Users of other clusters (lower-case id) and their home, as the Intercluster Lookup Service knows them."""


ROOT = "/cucm-uds"
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

MODELS = {
    "503": "Cisco Unified Client Services Framework",
    "562": "Cisco Dual Mode for iPhone",
    "575": "Cisco Dual Mode for Android",
    "652": "Cisco Jabber for Tablet",
}
"""SIP model number -> `model`; 503 is observed, that UDS writes these texts is assumed."""


def uri(site: UdsSite, *segments: str) -> str:
    """Return an address below the root of UDS. Each segment is percent-encoded, so that none can be two."""
    return _below(site.base(), *segments)


def _below(base: str, *segments: str) -> str:
    path = "/".join(quote(segment, safe="", errors="surrogatepass") for segment in segments)
    return f"{base}{ROOT}/{path}"


def cluster_user(site: UdsSite, query: tuple[str, str], user_id: str | None, home: str) -> etree._Element:
    """Render clusterUser. `user_id` None: nobody of that name, which is no error [documented]."""
    name, value = query
    asked = f"{uri(site, 'clusterUser')}?{name}={quote(value, safe='@', errors='surrogatepass')}"
    root = etree.Element("clusterUser", version=site.release, uri=asked)
    if user_id is None:
        etree.SubElement(root, "result", found="false")
        return root
    base = site.base() if home == site.home else f"https://{home}:8443"
    at_home, servers = _below(base, "user", user_id), _below(base, "servers")
    etree.SubElement(root, "result", found="true", uri=at_home, version=site.release)
    _text(root, "homeCluster", home).set("serversUri", servers)
    details = etree.SubElement(root, "homeClusterDetails")
    _text(details, "selfProvisioningSecureMode", "true")
    _text(details, "adminProvisionMode", "false")
    return root


def servers(site: UdsSite) -> etree._Element:
    """Render the document that names the cluster's nodes."""
    root = etree.Element("servers", version=site.release, uri=uri(site, "servers"))
    for host in site.servers():
        _text(root, "server", host)
    return root


def version(site: UdsSite) -> etree._Element:
    """Render the document that names the release."""
    root = etree.Element("versionInformation", uri=uri(site, "version"), version=site.release)
    _text(root, "version", site.release)
    return root


def user(site: UdsSite, holder: User) -> etree._Element:
    """Render a user: the members a client needs to go on; names and call settings are left out."""
    profile = site.profile_of(holder)
    root = etree.Element("user", uri=uri(site, "user", holder.id), version=site.release)
    _text(root, "userName", holder.id)
    _text(root, "email", f"{holder.id}@{site.domain}")
    _text(root, "accountType", "local").set("useLdapAuth", "false")
    home = _text(root, "homeCluster", "true")
    home.set("enableImAndPresence", "false")
    home.set("enableCalendarPresence", "false")
    _text(etree.SubElement(root, "serviceProfile"), "uri", site.file_uri(profile.file))
    _text(etree.SubElement(root, "jabberProfile"), "uri", site.jabber_uri(profile.jabber_file))
    etree.SubElement(root, "devices", uri=uri(site, "user", holder.id, "devices"))
    return root


def devices(site: UdsSite, holder: User, held: Iterable[Device]) -> etree._Element:
    """Render the devices of a user, in no particular order [documented]."""
    root = etree.Element("devices", uri=uri(site, "user", holder.id, "devices"), version=site.release)
    for item in held:
        element = etree.SubElement(root, "device", uri=uri(site, "user", holder.id, "device", str(item.pkid)))
        _describe(element, item)
    return root


def device(site: UdsSite, holder: User, item: Device) -> etree._Element:
    """Render a device. `provision/uri` is where its configuration file is [observed]."""
    where = uri(site, "user", holder.id, "device", str(item.pkid))
    root = etree.Element("device", uri=where, version=site.release)
    _describe(root, item)
    file = f"{quote(item.name, safe='')}.cnf.xml"
    _text(etree.SubElement(root, "provision"), "uri", site.file_uri(file))
    return root


def _describe(element: etree._Element, item: Device) -> None:
    _text(element, "id", str(item.pkid))
    _text(element, "name", item.name)
    _text(element, "type", "Phone")
    _text(element, "model", MODELS.get(item.model, f"Model {item.model}"))
    _text(element, "description", item.description).set("editable", "true")
    _text(element, "protocol", item.protocol)


def _text(parent: etree._Element, name: str, text: str) -> etree._Element:
    """What no XML file can hold becomes U+FFFD: an odd description must not hide the device."""
    element = etree.SubElement(parent, name)
    element.text = _UNWRITABLE.sub("\ufffd", text)
    return element
