"""The device's configuration file, `<device>.cnf.xml`, with the bytes a real UCM would write.

The `xsi` prefix is never declared, attributes stand after two blanks, lines end in LF. [observed:
device-config 2] Where sipOAuthMode stands in the file is assumed (right after deviceSecurityMode).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from registrar.core.cluster.directory import Device, Line, SecurityProfile
from registrar.core.cluster.ports import NodePorts
from registrar.core.tftp import defaults as defaults
from registrar.core.tftp.xml_text import block, element, elements, escape


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigNode:
    """One node of the device's Cisco Unified CM Group."""

    host: str
    """processNodeName."""
    description: str
    ports: NodePorts
    """The ports the node really listens on: clients take them literally."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSite:
    """What the file says about the cluster and the device pool."""

    publisher: str
    domain: str = ""
    """Organization top level domain."""
    device_pool: str = "Default"
    device_pool_uuid: UUID = UUID(int=1)
    group: str = "Default"
    """Cisco Unified CM Group."""
    date_group: str = "CMLocal"
    date_group_uuid: UUID = UUID(int=2)
    date_template: str = "D/M/YA"
    time_zone: str = "W. Europe Standard/Daylight Time"
    olson_time_zone: str = "Europe/Zurich"
    srst_uuid: UUID = UUID(int=3)
    voicemail: str = ""
    """Voice mail pilot, `messagesNumber`."""
    service_profile: str = "SPDefault.cnf.xml"


def render(
    device: Device,
    profile: SecurityProfile,
    nodes: Sequence[ConfigNode],
    site: ConfigSite,
    *,
    oauth_mode: bool,
    declare_xsi: bool = False,
) -> bytes:
    """Render a device's configuration file. Raises UnwritableText.

    `nodes` in priority order; `oauth_mode` is the cluster's switch. `declare_xsi` makes it
    namespace-well-formed, which no real UCM does.
    """
    if profile.tftp_encrypted:
        return _start(device, declare_xsi) + _short(device)
    before = "".join(
        (
            element("fullConfig", "true"),
            element("portalDefaultServer", site.publisher),
            element("deviceProtocol", device.protocol),
            defaults.HEAD,
            _device_pool(nodes, site),
            _trust_verification(nodes),
            _sip_profile(device, site),
            defaults.COMMON_PROFILE,
            _vendor_config(device),
        )
    )
    after = "".join(
        (
            defaults.LOCALES,
            element("deviceSecurityMode", profile.mode.value),
            # 1 only when the cluster's switch and the profile's flag are on. [inferred: device-config 1.13]
            element("sipOAuthMode", int(oauth_mode and profile.oauth)),
            defaults.URLS,
            element("secureUDSUsersAccessURL", f"https://{site.publisher}:8443/cucm-uds/users"),
            defaults.DSCP,
            element("transportLayerProtocol", profile.transport.value),
            defaults.FEATURES,
            _capf(device, profile),
            defaults.MOBILITY,
            _users(device, site),
            defaults.PHONE_SERVICES,
        )
    )
    stamp = device.version_stamp or _derived_stamp(before + after)
    text = before + element("versionStamp", stamp) + after + "</device>\n"
    return _start(device, declare_xsi) + text.encode()


def _start(device: Device, declare_xsi: bool) -> bytes:
    declared = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"' if declare_xsi else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<device {declared} xsi:type="axl:XIPPhone" ctiid="{device.ctiid}" uuid="{{{device.pkid}}}">\n'
    ).encode()


def _short(device: Device) -> bytes:
    """What stays in the clear when the profile encrypts the file: no servers. [observed: device-config 2]"""
    return (
        elements(fullConfig="false", ipAddressMode=0, loadInformation="", capfAuthMode=0)
        + defaults.CAPF_LIST
        + elements(certHash=device.lsc_md5, encrConfig="true")
        + "</device>\n"
    ).encode()


def _derived_stamp(text: str) -> str:
    """A stamp that changes when the file does: clients take a new one for a new configuration."""
    digest = sha256(text.encode()).digest()
    return f"{int.from_bytes(digest[16:20], 'big') % 1_000_000_000 + 1_000_000_000}-{UUID(bytes=digest[:16])}"


def _device_pool(nodes: Sequence[ConfigNode], site: ConfigSite) -> str:
    date_group = elements(
        name=site.date_group,
        dateTemplate=site.date_template,
        timeZone=site.time_zone,
        olsonTimeZone=site.olson_time_zone,
    )
    members = "".join(_member(priority, node) for priority, node in enumerate(nodes))
    group = elements(name=site.group, tftpDefault="true") + block("members", members)
    content = (
        elements(revertPriority=0, name=site.device_pool)
        + block("dateTimeSetting", date_group, f'uuid="{{{site.date_group_uuid}}}"')
        + block("callManagerGroup", group)
        + block("srstInfo", defaults.SRST, f'uuid="{{{site.srst_uuid}}}"')
        + element("connectionMonitorDuration", 120)
    )
    return block("devicePool", content, f'uuid="{{{site.device_pool_uuid}}}"')


def _member(priority: int, node: ConfigNode) -> str:
    ports = node.ports
    # The order inside `ports` is from a real Jabber's log. [observed: device-config 1.3]
    content = (
        elements(
            ethernetPhonePort=2000,
            sipPort=ports.sip,
            securedSipPort=ports.sips,
            sipOAuthPort=ports.oauth,
            sipMRAOAuthPort=ports.mra,
        )
        + defaults.MGCP_PORTS
    )
    call_manager = (
        elements(name=node.host, description=node.description)
        + block("ports", content)
        + element("processNodeName", node.host)
    )
    return block("member", block("callManager", call_manager), f'priority="{priority}"')


def _trust_verification(nodes: Sequence[ConfigNode]) -> str:
    members = "".join(
        block("member", elements(port=2445, address=node.host), f'priority="{priority}"')
        for priority, node in enumerate(nodes)
    )
    return block("TVS", block("members", members))


def _sip_profile(device: Device, site: ConfigSite) -> str:
    lines = "".join(_line(index, line, site) for index, line in enumerate(device.lines, start=1))
    return block(
        "sipProfile",
        defaults.SIP_PROFILE_HEAD
        + element("organizationTopLevelDomain", site.domain)
        + block("sipLines", lines)
        + defaults.SIP_PROFILE_TAIL,
    )


def _line(index: int, line: Line, site: ConfigSite) -> str:
    content = (
        elements(
            featureID=9,
            featureLabel=line.label or line.dn,
            proxy="USECALLMANAGER",
            port=5060,
            name=line.dn,
            displayName=line.display,
        )
        + defaults.LINE_ANSWERING
        + element("messagesNumber", site.voicemail)
        + defaults.LINE_RINGING
        # The user part of the Contact this line registers. [observed: device-config 2]
        + element("contact", str(line.contact))
        + defaults.LINE_CALLS
    )
    return block("line", content, f'button="{index}" lineIndex="{index}"')


def _vendor_config(device: Device) -> str:
    """The Cisco Support Field travels as `desktopClient`. [inferred: device-config 2]"""
    field = escape(device.support_field, "desktopClient")
    return (
        "<vendorConfig>\n<videoCapability>1</videoCapability><RingLocale>0</RingLocale>"
        f"{defaults.CLIENT_FIELDS}<desktopClient>{field}</desktopClient></vendorConfig>\n"
        f"<commonConfig>\n{defaults.CLIENT_FIELDS}<desktopClient></desktopClient></commonConfig>\n"
        f"<enterpriseConfig>\n{defaults.CLIENT_FIELDS}<desktopClient></desktopClient></enterpriseConfig>\n"
    )


def _capf(device: Device, profile: SecurityProfile) -> str:
    return (
        element("capfAuthMode", 0)
        + defaults.CAPF_LIST
        + elements(certHash=device.lsc_md5, encrConfig="true" if profile.tftp_encrypted else "false")
        + element("advertiseG722Codec", 1)
    )


def _users(device: Device, site: ConfigSite) -> str:
    owner = device.owner or ""
    attribute = f'serviceProfileFile="{escape(site.service_profile, "serviceProfileFile")}"'
    return element("userId", owner, attribute) + element("ownerId", owner, attribute)
