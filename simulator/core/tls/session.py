"""One end of a TLS connection without a socket: ciphertext in, ciphertext and events out.

OpenSSL does the work (`ssl.SSLObject` over two memory BIOs). What is added is what asyncio's TLS loses
(architecture 3): who refused a handshake, with which alert, why, and the alert itself in `data_to_send()`.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, cast

from simulator.core.tls.alerts import TlsRefusal, received_alert, sent_alert
from simulator.core.tls.facts import TlsFacts, TlsVersionName
from simulator.core.tls.identity import PeerIdentity
from simulator.core.tls.presented_certificate import leaf_in_clear

Identify = Callable[[bytes], PeerIdentity]
"""DER to identity: `certs.identity.read`, injected because the core knows no X.509."""

_FLIGHT = 32_768
"""Bytes of a handshake that are kept: more than any chain of ours."""
_RECORD = 16_384
"""The most plaintext one record holds (RFC 8446 5.1), and the most one SSL_read returns."""


@dataclass(frozen=True, slots=True)
class TlsUp:
    """Our handshake is finished. In TLS 1.3 a server can still refuse a client that has said this."""

    facts: TlsFacts


@dataclass(frozen=True, slots=True)
class TlsRefused:
    """Ours or the peer's refusal; nothing follows. `by="peer"` may come after `TlsUp`."""

    refusal: TlsRefusal


@dataclass(frozen=True, slots=True)
class TlsData:
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TlsDown:
    """The end of an established session; nothing follows. Clean: the peer said close_notify."""

    clean: bool
    detail: str = ""


TlsEvent = TlsUp | TlsRefused | TlsData | TlsDown


class _State(Enum):
    HANDSHAKE = "handshake"
    OPEN = "open"
    CLOSED = "closed"
    """Ended by either side, or refused: whatever still comes in is dropped."""


class TlsSession:
    """Feed it with `receive_data` and `receive_eof`, then take `events()` and send `data_to_send()`.

    Bulk data may take the short way: once `established`, `decrypt` returns plaintext without event objects.
    No method raises for anything a peer can send.
    """

    __slots__ = (
        "_events",
        "_flight",
        "_heard",
        "_identify",
        "_incoming",
        "_object",
        "_outgoing",
        "_shown",
        "_state",
        "_unsent",
        "ended",
        "role",
    )

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        role: Literal["client", "server"],
        server_name: str | None,
        identify: Identify,
    ) -> None:
        self.role: Literal["client", "server"] = role
        self.ended = False
        """True once TlsRefused or TlsDown has been reported."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=role == "server", server_hostname=server_name
        )
        self._identify = identify
        self._state = _State.HANDSHAKE
        self._heard = False
        self._shown = False
        """Server: our certificate is on its way."""
        self._flight = b""
        """What the peer sent of the handshake: shows which certificate was refused."""
        self._unsent: list[bytes] = []
        self._events: list[TlsEvent] = []

    @classmethod
    def server(cls, context: ssl.SSLContext, *, identify: Identify) -> TlsSession:
        return cls(context, role="server", server_name=None, identify=identify)

    @classmethod
    def client(cls, context: ssl.SSLContext, server_name: str, *, identify: Identify) -> TlsSession:
        """Its ClientHello is in `data_to_send()` at once.

        `server_name` is checked against the certificate's names or addresses, and sent as SNI unless it is an
        address. Raises ValueError if it cannot be a host name.
        """
        session = cls(context, role="client", server_name=server_name or None, identify=identify)
        session._shake_hands(b"")
        return session

    @property
    def established(self) -> bool:
        """The handshake is finished and the session is not closed."""
        return self._state is _State.OPEN

    @property
    def has_output(self) -> bool:
        """`data_to_send()` would return something."""
        return self._outgoing.pending > 0

    def receive_data(self, data: bytes | memoryview) -> None:
        """Takes ciphertext; plaintext comes as TlsData events."""
        if self._state is _State.HANDSHAKE:
            self._incoming.write(data)
            self._flight = (self._flight + data)[:_FLIGHT]
            self._shake_hands(bytes(data[:32]))
            data = b""
        if self._state is _State.OPEN and (data or self._incoming.pending):
            plain = self.decrypt(data)
            if plain:
                # Before a TlsDown or TlsRefused that the same bytes may have brought.
                self._events.insert(len(self._events) - self.ended, TlsData(plain))

    def decrypt(self, data: bytes | memoryview) -> bytes:
        """The hot path of an established session: ciphertext in, all plaintext out.

        Look at `ended` afterwards: if true, `events()` says how; that end comes after the plaintext.
        """
        if self._state is not _State.OPEN:
            return b""
        incoming = self._incoming
        incoming.write(data)
        read = self._object.read
        plain = b""
        try:
            plain = read(_RECORD)
            if plain and not incoming.pending:
                # The usual case: one whole record. Nothing is left, so no SSLWantReadError need be raised.
                self._heard = True
                return plain
            chunk = plain
            while chunk:
                chunk = read(_RECORD)
                plain += chunk
            self._heard = self._heard or bool(plain)
            self._closed_by_peer()
        except ssl.SSLWantReadError:
            self._heard = self._heard or bool(plain)
        except ssl.SSLError as error:
            self._heard = self._heard or bool(plain)
            self._broken(error)
        return plain

    def receive_eof(self) -> None:
        """The peer closed its half of the connection, or the connection was lost."""
        if self._state is _State.HANDSHAKE:
            self._incoming.write_eof()
            self._shake_hands(b"")
        elif self._state is _State.OPEN:
            self._end(TlsDown(clean=False, detail="the connection ended without close_notify"))

    def send(self, data: bytes) -> None:
        """Takes plaintext; before the handshake is finished it waits for it, after the end it is dropped."""
        if self._state is _State.OPEN:
            self._write(data)
        elif self._state is _State.HANDSHAKE:
            self._unsent.append(data)

    def close(self) -> None:
        """Says close_notify after all that was sent; what the peer still sends is dropped."""
        if self._state is _State.OPEN:
            self._say_goodbye()
        self._state = _State.CLOSED
        self._unsent.clear()

    def data_to_send(self) -> bytes:
        """Drains the ciphertext for the peer. After our refusal it holds the alert: send it, then close."""
        return self._outgoing.read()

    def events(self) -> list[TlsEvent]:
        """Drains what happened, in order."""
        events, self._events = self._events, []
        return events

    def _shake_hands(self, start: bytes) -> None:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            self._shown = self._shown or (self.role == "server" and self.has_output)
            return
        except ssl.SSLError as error:
            self._refuse(_refusal_by_peer(error, shown=self._shown) or self._refusal_by_us(error, start))
            return
        try:
            facts = self._facts()
        except ValueError as error:
            # OpenSSL is content with a certificate that nobody can read names from.
            self._refuse(
                TlsRefusal(
                    by="us", alert=None, reason="UNREADABLE_CERTIFICATE", detail=f"peer certificate: {error}"
                )
            )
            return
        self._state = _State.OPEN
        self._flight = b""
        self._events.append(TlsUp(facts))
        for data in self._unsent:
            self._write(data)
        self._unsent.clear()

    def _facts(self) -> TlsFacts:
        der = self._object.getpeercert(binary_form=True)
        cipher = self._object.cipher()
        return TlsFacts(
            version=cast(TlsVersionName, self._object.version()),
            cipher=cipher[0] if cipher else "",
            peer=self._identify(der) if der else None,
        )

    def _write(self, data: bytes) -> None:
        written = self._object.write(data) if data else 0
        while written < len(data):
            written += self._object.write(data[written:])

    def _refusal_by_us(self, error: ssl.SSLError, start: bytes) -> TlsRefusal:
        reason = error.reason or "UNKNOWN"
        peer = None
        if isinstance(error, ssl.SSLCertVerificationError):
            code, detail = error.verify_code, error.verify_message
            peer = self._refused_peer()
        else:
            code, detail = None, _plain_text(start) or reason.replace("_", " ").lower()
        records = self._outgoing.read()
        self._outgoing.write(records)
        return TlsRefusal(
            by="us",
            alert=sent_alert(records, reason, code),
            reason=reason,
            detail=detail,
            verify_code=code,
            peer=peer,
        )

    def _refused_peer(self) -> PeerIdentity | None:
        der = leaf_in_clear(self._flight)
        if der is None:
            return None
        try:
            return self._identify(der)
        except ValueError:
            return None

    def _refuse(self, refusal: TlsRefusal) -> None:
        self._end(TlsRefused(refusal))

    def _broken(self, error: ssl.SSLError) -> None:
        refusal = _refusal_by_peer(error)
        if refusal is not None and refusal.alert is not None and not self._heard:
            self._refuse(refusal)
        else:
            self._end(TlsDown(clean=False, detail=error.reason or str(error)))

    def _closed_by_peer(self) -> None:
        self._say_goodbye()
        self._end(TlsDown(clean=True))

    def _say_goodbye(self) -> None:
        # unwrap() wants the peer's close_notify as well; ours is in the outgoing BIO either way.
        try:
            self._object.unwrap()
        except ssl.SSLError:
            return

    def _end(self, event: TlsRefused | TlsDown) -> None:
        self._state = _State.CLOSED
        self.ended = True
        self._unsent.clear()
        self._events.append(event)


def _refusal_by_peer(error: ssl.SSLError, *, shown: bool = False) -> TlsRefusal | None:
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        # OpenSSL then puts out decode_error (50), but it is the peer who left. With a close_notify, and on
        # CPython 3.11.2 (not 3.11.7) without one too, it is SSLZeroReturnError, which has no reason.
        reason = error.reason or "UNEXPECTED_EOF_WHILE_READING"
        return TlsRefusal(
            by="peer", alert=None, reason=reason, detail="the peer left during the handshake", own_shown=shown
        )
    reason = error.reason or "UNKNOWN"
    alert = received_alert(reason)
    return None if alert is None else TlsRefusal(by="peer", alert=alert, reason=reason)


def _plain_text(data: bytes) -> str:
    """Names the mistake behind most garbage: a peer that speaks plain SIP or HTTP. Quotes one word only."""
    word = data.split(b" ", 1)[0]
    method = 3 <= len(word) <= 16 and word.isalpha() and word.isupper()
    if method or word in (b"SIP/2.0", b"HTTP/1.0", b"HTTP/1.1"):
        return f"plain text instead of TLS: {word.decode('ascii')}"
    return ""
