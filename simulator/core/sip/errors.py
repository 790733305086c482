"""What a peer can do wrong: the only exceptions that leave the SIP parsers, whatever the bytes.

RemoteProtocolError
  MalformedMessage     the grammar is broken
  MessageTooLarge      a limit was passed; raised before the excess is stored
  MissingHeader        a header field that must be there is not
  DuplicateHeader      a header field that may stand once says two different things
"""

from __future__ import annotations


class RemoteProtocolError(ValueError):
    """The peer broke the protocol; `detail` says what and where, never with a credential in it."""

    def __init__(self, detail: str, *, status_hint: int | None = 400, request: object | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status_hint = status_hint
        """The response status that fits; None where nothing can be answered."""
        self.request = request
        """The `Request` as far as it could be read, enough for `reply_to`; None if it was none or could not be
        read.

        Of no type here, as requests are made by modules that raise these errors.
        """


class MalformedMessage(RemoteProtocolError):
    """The bytes do not follow the grammar of RFC 3261 section 25."""


class MessageTooLarge(RemoteProtocolError):
    """A message, line or header count is over the limit."""

    def __init__(self, detail: str, *, status_hint: int | None = 513, request: object | None = None) -> None:
        super().__init__(detail, status_hint=status_hint, request=request)


class MissingHeader(RemoteProtocolError):
    """A mandatory header field is absent."""


class DuplicateHeader(RemoteProtocolError):
    """A header field that may stand only once stands twice with different values."""
