"""The phone's own reading of `<device>.cnf.xml`: every value by path, every oddity a typed problem or warning.

The registrar renders this file with other code on purpose. Rules: device-config 5 (values) and 7 (edge cases).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import TypeVar

from softphone.core.device_file.lines import Line, read_lines
from softphone.core.device_file.nodes import ConfigNode, read_nodes
from softphone.core.device_file.problems import ConfigError, ConfigProblem, ConfigWarning, Finding
from softphone.core.device_file.xml_reader import Element, read_xml


class SecurityMode(IntEnum):
    """deviceSecurityMode. [documented: S9; observed: S5]"""

    NON_SECURE = 1
    AUTHENTICATED = 2
    ENCRYPTED = 3


class TransportProtocol(IntEnum):
    """transportLayerProtocol. 4 stands for "TCP+UDP"; to a client it is TCP. [assumed: device-config 1.6]"""

    TCP = 1
    UDP = 2
    TLS = 3
    TCP_AND_UDP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTimers:
    """sipStack timers, seconds."""

    register_expires: int = 3600
    register_delta: int = 5
    keep_alive: int = 120
    t1: float = 0.5
    t2: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigView:
    """What the phone reads out of its cnf.xml."""

    model_type: str = ""
    """device@xsi:type, e.g. axl:XIPPhone."""
    ctiid: str = ""
    uuid: str = ""
    encrypted_config: bool = False
    sip_oauth_mode: bool = False
    security_mode: SecurityMode = SecurityMode.NON_SECURE
    transport: TransportProtocol | None = None
    nodes: tuple[ConfigNode, ...]
    """Usable hosts in the order to try them; never empty."""
    lines: tuple[Line, ...]
    """Registration lines by lineIndex; never empty."""
    timers: DeviceTimers = DeviceTimers()
    media_ports: tuple[int, int] = (16384, 32766)
    cert_hash: str = ""
    """MD5 of the LSC, lower-case hex. [observed: S11]"""
    version_stamp: str = ""
    user: str = ""
    owner: str = ""
    service_profile: str = ""
    """File name in userId@serviceProfileFile."""
    findings: tuple[Finding, ...] = ()
    """Warnings, and problems that cost a node or a line only."""


ROOT = "device"
_STAMP_LIMIT = 128
E = TypeVar("E", bound=IntEnum)


@lru_cache(maxsize=64)
def read_config(xml: bytes) -> ConfigView:
    """Read a cnf.xml. Raises ConfigError (with path and line) and nothing else, whatever the bytes."""
    if (
        xml[:1] == b"\x01"
    ):  # TLV tag 1 of a .sgn header; verifying it needs the CTL/ITL, which this stage has not
        raise ConfigError(
            ConfigProblem.SIGNATURE, "a signed file (.sgn), whose signature cannot be verified here"
        )
    root = read_xml(xml)
    if root.name != ROOT:
        raise root.error(
            ConfigProblem.NOT_DEVICE_CONFIG, f"the root element is <{root.name[:40]}>, not <device>"
        )
    findings: list[Finding] = []
    if "xmlns" in root.attributes:
        _warn(findings, root, ConfigWarning.NAMESPACE, "a default namespace; names are compared as written")
    protocol = root.value("deviceProtocol")
    if protocol not in (None, "SIP"):
        raise _leaf_error(root, "deviceProtocol", ConfigProblem.WRONG_PROTOCOL, f"{protocol!r} is not SIP")
    encrypted = _boolean(root, "encrConfig", default=False)
    if not _boolean(root, "fullConfig", default=True):
        also = "; the full one is encrypted (.enc.sgn), which this client cannot read" if encrypted else ""
        raise _leaf_error(
            root, "fullConfig", ConfigProblem.SHORT_CONFIG, f"this is a short configuration{also}"
        )
    _suspicious(root, "sipOAuthMode", findings)
    oauth = root.value("sipOAuthMode")
    if oauth not in (None, "0", "1"):
        raise _leaf_error(root, "sipOAuthMode", ConfigProblem.BAD_ENUM, f"{oauth[:40]!r} is neither 0 nor 1")
    stamp = root.value("versionStamp") or ""
    if len(stamp) > _STAMP_LIMIT:
        _warn(findings, root, ConfigWarning.LONG_STAMP, f"versionStamp of {len(stamp)} characters was cut")
    profile = root.one("sipProfile")
    user = root.leaf("userId")
    return ConfigView(
        model_type=root.attributes.get("xsi:type", ""),
        ctiid=root.attributes.get("ctiid", ""),
        uuid=root.attributes.get("uuid", "").strip("{}"),
        encrypted_config=encrypted,
        sip_oauth_mode=oauth == "1",
        security_mode=_enum(root, "deviceSecurityMode", SecurityMode) or SecurityMode.NON_SECURE,
        transport=_enum(root, "transportLayerProtocol", TransportProtocol),
        nodes=read_nodes(root, findings),
        lines=read_lines(root, findings),
        timers=_timers(profile, findings),
        media_ports=_media_ports(profile, findings),
        cert_hash=(root.value("certHash") or "").lower(),
        version_stamp=stamp[:_STAMP_LIMIT],
        user="" if user is None else user.text,
        owner=root.value("ownerId") or "",
        service_profile="" if user is None else user.attributes.get("serviceProfileFile", ""),
        findings=tuple(findings),
    )


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """What differs between two versions of a cnf.xml."""

    restart: bool
    """Something changed that needs a new registration (device-config 2, versionStamp)."""
    findings: tuple[Finding, ...] = ()


def compare_configs(old: ConfigView, new: ConfigView) -> ConfigChange:
    """Return what has changed; only the content says whether to register again (device-config 7, row 63).

    The stamp is no hash: it may change without the content, and the content without it.
    """

    def relevant(view: ConfigView) -> tuple[object, ...]:
        return (
            view.nodes, view.lines, view.timers, view.sip_oauth_mode, view.security_mode, view.transport,
            view.cert_hash, view.encrypted_config,
        )  # fmt: skip

    restart = relevant(old) != relevant(new)
    if restart and old.version_stamp == new.version_stamp:
        reused = Finding(
            code=ConfigWarning.STAMP_REUSED,
            detail=f"the content changed under the same versionStamp {new.version_stamp!r}",
            path="/device/versionStamp",
        )
        return ConfigChange(restart, (reused,))
    return ConfigChange(restart)


def _warn(findings: list[Finding], element: Element, code: ConfigWarning, detail: str) -> None:
    findings.append(Finding(code=code, detail=detail, path=element.path, line=element.line))


def _leaf_error(parent: Element, name: str, code: ConfigProblem, detail: str) -> ConfigError:
    return (parent.leaf(name) or parent).error(code, detail)


def _suspicious(parent: Element, name: str, findings: list[Finding]) -> None:
    for child in parent.children:
        if child.name != name and child.name.casefold() == name.casefold():
            _warn(findings, child, ConfigWarning.SUSPICIOUS_NAME, f"ignored; the element is called {name}")


def _boolean(root: Element, name: str, *, default: bool) -> bool:
    text = root.value(name)
    if text is None or (text == "" and not default):
        return default
    if text not in ("true", "false"):
        raise _leaf_error(root, name, ConfigProblem.BAD_ENUM, f"{text[:40]!r} is neither true nor false")
    return text == "true"


def _enum(root: Element, name: str, kind: type[E]) -> E | None:
    text = root.value(name)
    if text is None:
        return None
    for member in kind:
        if text == str(member.value):
            return member
    allowed = ", ".join(str(member.value) for member in kind)
    raise _leaf_error(root, name, ConfigProblem.BAD_ENUM, f"{text[:40]!r} is none of {allowed}")


def _number(parent: Element | None, name: str) -> int | None:
    text = None if parent is None else parent.value(name)
    if text is None or not text.isascii() or not text.lstrip("-").isdecimal() or len(text) > 20:
        return None
    return int(text) if text.rfind("-") < 1 else None


_TIMER_RANGES = {
    # element: default, lowest, highest (register expires: device-config 7 row 61; the others are assumed)
    "timerRegisterExpires": (3600, 60, 86_400),
    "timerRegisterDelta": (5, 0, 59),
    "timerKeepAliveExpires": (120, 30, 3600),
    "timerT1": (500, 10, 10_000),
    "timerT2": (4000, 10, 60_000),
}


def _timers(profile: Element | None, findings: list[Finding]) -> DeviceTimers:
    stack = profile.one("sipStack") if profile is not None else None
    values: dict[str, int] = {}
    for name, (default, low, high) in _TIMER_RANGES.items():
        leaf = stack.leaf(name) if stack is not None else None
        wanted = _number(stack, name)
        values[name] = default if wanted is None else min(max(wanted, low), high)
        if leaf is not None and values[name] != wanted:
            _warn(
                findings, leaf, ConfigWarning.TIMER_CLAMPED,
                f"{name} {leaf.text[:40]!r} is not a number in {low}..{high}; {values[name]} is used",
            )  # fmt: skip
    return DeviceTimers(
        register_expires=values["timerRegisterExpires"],
        register_delta=values["timerRegisterDelta"],
        keep_alive=values["timerKeepAliveExpires"],
        t1=values["timerT1"] / 1000,
        t2=max(values["timerT1"], values["timerT2"]) / 1000,
    )


def _media_ports(profile: Element | None, findings: list[Finding]) -> tuple[int, int]:
    default = (16384, 32766)
    start, stop = _number(profile, "startMediaPort"), _number(profile, "stopMediaPort")
    if profile is None or (start is None and stop is None and profile.leaf("startMediaPort") is None):
        return default
    if start is None or stop is None or not 0 < start < stop < 65_536 or start % 2:
        _warn(
            findings, profile, ConfigWarning.MEDIA_PORTS_DEFAULTED,
            f"media ports {start}-{stop} are no range from an even port; {default[0]}-{default[1]} is used",
        )  # fmt: skip
        return default
    return start, stop
