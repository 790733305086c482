"""What can be wrong with a device configuration, or odd about it, as typed codes (device-config 5, 7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ConfigProblem(StrEnum):
    """The file, a node or a line cannot be used."""

    # transport of the file
    HTTP_404 = "E_HTTP_404"
    HTTP_AUTH = "E_HTTP_AUTH"
    HTTP_STATUS = "E_HTTP_STATUS"
    TLS_TRUST = "E_TLS_TRUST"
    UNREACHABLE = "E_UNREACHABLE"
    # the text
    EMPTY = "E_EMPTY"
    ENCODING = "E_ENCODING"
    SIGNATURE = "E_SIGNATURE"
    TOO_LARGE = "E_TOO_LARGE"
    TOO_DEEP = "E_TOO_DEEP"
    XML_FORBIDDEN = "E_XML_FORBIDDEN"
    XML_MALFORMED = "E_XML_MALFORMED"
    # the meaning
    NOT_DEVICE_CONFIG = "E_NOT_DEVICE_CONFIG"
    WRONG_PROTOCOL = "E_WRONG_PROTOCOL"
    SHORT_CONFIG = "E_SHORT_CONFIG"
    BAD_STRUCTURE = "E_BAD_STRUCTURE"
    BAD_ENUM = "E_BAD_ENUM"
    DUPLICATE = "E_DUPLICATE"
    NO_CCM = "E_NO_CCM"
    BAD_HOST = "E_BAD_HOST"
    BAD_PORT = "E_BAD_PORT"
    NO_LINE = "E_NO_LINE"
    BAD_LINE = "E_BAD_LINE"
    UNSUPPORTED_PROXY = "E_UNSUPPORTED_PROXY"
    # the decision
    OAUTH_ENCR_CONFLICT = "E_OAUTH_ENCR_CONFLICT"
    INSECURE_MISMATCH = "E_INSECURE_MISMATCH"
    NO_LSC = "E_NO_LSC"
    NO_EDGE = "E_NO_EDGE"
    MRA_UDP = "E_MRA_UDP"


class ConfigWarning(StrEnum):
    """The file is used; a user would want to know."""

    NAMESPACE = "W_NAMESPACE"
    SUSPICIOUS_NAME = "W_SUSPICIOUS_NAME"
    PORT_DEFAULTED = "W_PORT_DEFAULTED"
    PORT_OUTSIDE_UCM_RANGE = "W_PORT_OUTSIDE_UCM_RANGE"
    OAUTH_INCONSISTENT = "W_OAUTH_INCONSISTENT"
    TLS_DOWNGRADE = "W_TLS_DOWNGRADE"
    NULL_CIPHER = "W_NULL_CIPHER"
    NODE_SKIPPED = "W_NODE_SKIPPED"
    DUPLICATE_PRIORITY = "W_DUPLICATE_PRIORITY"
    TOO_MANY_NODES = "W_TOO_MANY_NODES"
    LINE_IGNORED = "W_LINE_IGNORED"
    DUPLICATE_LINE = "W_DUPLICATE_LINE"
    NO_CONTACT = "W_NO_CONTACT"
    TIMER_CLAMPED = "W_TIMER_CLAMPED"
    MEDIA_PORTS_DEFAULTED = "W_MEDIA_PORTS_DEFAULTED"
    LONG_STAMP = "W_LONG_STAMP"
    STAMP_REUSED = "W_STAMP_REUSED"
    STALE_CONFIG = "W_STALE_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem of one part (a node, a line), or a warning: what, and where in the file."""

    code: ConfigProblem | ConfigWarning
    detail: str
    path: str = ""
    """Of the element, e.g. `/device/sipOAuthMode`; empty when the whole file is meant."""
    line: int | None = None

    @property
    def text(self) -> str:
        """The detail, and the place where there is one."""
        if self.line is None:
            return self.detail
        return f"{self.detail} ({self.path or 'file'}, line {self.line})"

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


class ConfigError(ValueError):
    """The configuration cannot be used: no SIP connection is opened from it."""

    def __init__(self, code: ConfigProblem, detail: str, *, path: str = "", line: int | None = None) -> None:
        self.finding = Finding(code=code, detail=detail, path=path, line=line)
        super().__init__(str(self.finding))
        self.code = code
        self.detail = detail
        self.path = path
        self.line = line
