"""Scriptable misbehaviours: each is one wrong thing a client can do, to watch a registrar refuse it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Behaviour(StrEnum):
    """One misbehaviour; `DESCRIPTIONS` says what each does."""

    NEVER_REFRESH = "never-refresh"
    REUSE_EXPIRED_TOKEN = "reuse-expired-token"  # noqa: S105
    SEND_TOKEN_FIRST = "send-token-first"  # noqa: S105
    NEVER_SEND_TOKEN = "never-send-token"  # noqa: S105
    SEND_TOKEN_ANYWHERE = "send-token-anywhere"  # noqa: S105
    NO_CLIENT_CERTIFICATE = "no-client-certificate"
    PRESENT_CLIENT_CERTIFICATE = "present-client-certificate"
    SKIP_SERVER_VERIFICATION = "skip-server-verification"
    IGNORE_423 = "ignore-423"
    WRONG_PORT = "wrong-port"
    HOP_TO_LEGACY_PORT = "hop-to-legacy-port"
    WRONG_DEVICE_NAME = "wrong-device-name"
    WRONG_DIRECTORY_NUMBER = "wrong-directory-number"
    REFRESH_WITH_NEW_CALL_ID = "refresh-with-new-call-id"
    CSEQ_NOT_INCREASING = "cseq-not-increasing"
    CLOSE_WITHOUT_UNREGISTER = "close-without-unregister"
    IGNORE_RETRY_AFTER = "ignore-retry-after"
    IN_CALL = "in-call"


DESCRIPTIONS: Mapping[Behaviour, str] = MappingProxyType(
    {
        Behaviour.NEVER_REFRESH: "lets the registration run out; the registrar's expiry does the rest",
        Behaviour.REUSE_EXPIRED_TOKEN: "answers challenges with the first token it got, never a renewed one",
        Behaviour.SEND_TOKEN_FIRST: "puts the token into the first REGISTER, before any challenge",
        Behaviour.NEVER_SEND_TOKEN: "answers each challenge by repeating the REGISTER without a token",
        Behaviour.SEND_TOKEN_ANYWHERE: "sends its token to ports that are not OAuth ports, also in clear text",
        Behaviour.NO_CLIENT_CERTIFICATE: "presents no certificate where the LSC is expected (5061)",
        Behaviour.PRESENT_CLIENT_CERTIFICATE: "presents its LSC on the OAuth port too, if asked for a "
        "certificate",
        Behaviour.SKIP_SERVER_VERIFICATION: "accepts any server certificate",
        Behaviour.IGNORE_423: "answers 423 by asking again for the same Expires",
        Behaviour.WRONG_PORT: "dials another port or element than the configuration says (`port_override`)",
        Behaviour.HOP_TO_LEGACY_PORT: "after a refusal on the OAuth port, tries 5061 or 5060 of the same node",
        Behaviour.WRONG_DEVICE_NAME: "names another device in its Contact",
        Behaviour.WRONG_DIRECTORY_NUMBER: "registers a directory number that is not its own",
        Behaviour.REFRESH_WITH_NEW_CALL_ID: "changes the Call-ID on every refresh",
        Behaviour.CSEQ_NOT_INCREASING: "repeats the same CSeq number on a refresh",
        Behaviour.CLOSE_WITHOUT_UNREGISTER: "drops the connection on stop instead of unregistering",
        Behaviour.IGNORE_RETRY_AFTER: "tries again after its own back-off, whatever Retry-After says",
        Behaviour.IN_CALL: "is in a call: a move to another edge waits until the call ends",
    }
)


class Conduct:
    """The phone's present behaviours: shared by its parts, and changed from outside while it runs."""

    def __init__(self, behaviours: frozenset[Behaviour] = frozenset()) -> None:
        self.behaviours = behaviours

    def __contains__(self, behaviour: Behaviour) -> bool:
        return behaviour in self.behaviours
