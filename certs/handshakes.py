"""The events a driver writes about a TLS handshake: what either end brought, said once for every driver."""

from __future__ import annotations

from contextlib import suppress
from typing import TypedDict

from certs.identity import of_chain, subjects_of
from simulator.core.events import TlsEstablished, TlsFailed
from simulator.core.tls.alerts import TlsRefusal
from simulator.core.tls.facts import TlsFacts
from simulator.core.tls.identity import PeerIdentity
from simulator.core.tls.settings import ClientTls, Credential, ServerTls

_HOUR = 3600.0
_SHOWN = 20
"""Authorities named in an event: a client may trust hundreds."""


class _Peer(TypedDict):
    peer_names: tuple[str, ...]
    peer_issuer: str
    peer_usages: tuple[str, ...]
    peer_validity: tuple[int, ...]


class _Own(TypedDict):
    own_names: tuple[str, ...]
    own_issuer: str
    own_usages: tuple[str, ...]
    own_validity: tuple[int, ...]
    own_versions: str
    own_trust: tuple[str, ...]
    server_name: str
    client_auth: str


def established(settings: ServerTls | ClientTls, facts: TlsFacts, real_now: float) -> TlsEstablished:
    """Make the event of a handshake that succeeded.

    `real_now`: the machine's time in seconds since 1970, by which OpenSSL judges validity.
    """
    return TlsEstablished(
        role="server" if isinstance(settings, ServerTls) else "client",
        version=facts.version,
        cipher=facts.cipher,
        **_peer(facts.peer, real_now),
        **_own(settings, real_now),
    )


def failed(settings: ServerTls | ClientTls, refusal: TlsRefusal, real_now: float) -> TlsFailed:
    """Make the event of a handshake that failed; `real_now` as for `established`."""
    return TlsFailed(
        role="server" if isinstance(settings, ServerTls) else "client",
        by=refusal.by,
        alert=refusal.alert,
        alert_name=refusal.alert_name,
        reason=refusal.reason,
        detail=refusal.detail,
        verify_code=refusal.verify_code,
        own_shown=refusal.own_shown,
        **_peer(refusal.peer, real_now),
        **_own(settings, real_now),
    )


def _peer(peer: PeerIdentity | None, real_now: float) -> _Peer:
    if peer is None:
        return _Peer(peer_names=(), peer_issuer="", peer_usages=(), peer_validity=())
    return _Peer(
        peer_names=peer.names,
        peer_issuer=peer.issuer,
        peer_usages=peer.usages,
        peer_validity=_validity(peer, real_now),
    )


def _own(settings: ServerTls | ClientTls, real_now: float) -> _Own:
    own = _holder(settings.credential)
    versions = dict.fromkeys((f"TLSv{settings.minimum}", f"TLSv{settings.maximum}"))
    return _Own(
        own_names=own.names if own else (),
        own_issuer=own.issuer if own else "",
        own_usages=own.usages if own else (),
        own_validity=_validity(own, real_now) if own else (),
        own_versions=" to ".join(versions),
        own_trust=_authorities(settings.trust),
        server_name="" if isinstance(settings, ServerTls) else settings.server_name,
        client_auth=settings.client_auth.value if isinstance(settings, ServerTls) else "",
    )


def _holder(credential: Credential | None) -> PeerIdentity | None:
    try:
        return of_chain(credential.chain) if credential is not None else None
    except ValueError:  # OpenSSL takes certificates that no other library can read
        return None


def _authorities(trust: tuple[bytes, ...]) -> tuple[str, ...]:
    subjects: list[str] = []
    for bundle in trust:
        with suppress(ValueError):
            subjects += subjects_of(bundle)
    return tuple(dict.fromkeys(subjects))[:_SHOWN]


def _validity(identity: PeerIdentity, real_now: float) -> tuple[int, int]:
    return round((real_now - identity.not_before) / _HOUR), round((identity.not_after - real_now) / _HOUR)
