"""What a node says to all but REGISTER: OPTIONS and the phones' REFERs are answered, calls are not made."""

from __future__ import annotations

from enum import Enum

from registrar.core.register.reasons import Reason
from simulator.core.sip import Request

_TOKEN_REGISTRATION = "<urn:x-cisco-remotecc:token-registration>"  # noqa: S105 - a phone's wish to fall back


class Granted(Enum):
    """A request other than REGISTER that is answered with success."""

    OPTIONS = "options"
    """200 with Allow. [documented: UCM answers OPTIONS, sip-wire 7]"""
    REFERRED = "referred"
    """202, without a token on every port. [observed on 5060; assumed for 5090: sip-wire 7, Q17]"""


def judge_other(request: Request, *, throttled: bool) -> Granted | Reason:
    """Judge a request that is neither REGISTER nor ACK.

    Raises RemoteProtocolError for a To that cannot be read.
    """
    method = request.method
    if method in ("BYE", "CANCEL") or request.to.tag is not None:
        return Reason.NO_DIALOG
    if method == "OPTIONS":
        return Granted.OPTIONS
    if method == "REFER" and _is_phones_refer(request):
        return Reason.THROTTLED if throttled else Granted.REFERRED
    return Reason.METHOD_NOT_ALLOWED


def _is_phones_refer(request: Request) -> bool:
    """An alarm (`cid:...`) or the wish to fall back to this node. [observed; read in code: sip-wire 7, T9]"""
    target = (request.headers.get("refer-to") or "").strip().lower()
    return target == _TOKEN_REGISTRATION or target.lstrip("<").startswith("cid:")
