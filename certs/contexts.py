"""TLS settings to `ssl.SSLContext`, one context per distinct settings.

Server contexts give out no TLS 1.3 tickets: the phones modelled here do not resume, tickets cost memory, and
a refused client then reads the alert first. TLS 1.2 tickets stay on: without them OpenSSL would keep every
session in the context's cache.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

from simulator.core.tls.settings import ClientAuth, ClientTls, Credential, ServerTls, TlsVersion

_VERSIONS: dict[TlsVersion, ssl.TLSVersion] = {
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_CLIENT_AUTH = {
    ClientAuth.NONE: ssl.CERT_NONE,
    ClientAuth.OPTIONAL: ssl.CERT_OPTIONAL,
    ClientAuth.REQUIRED: ssl.CERT_REQUIRED,
}
_ANY_STRENGTH = "ALL:!aNULL:!eNULL:@SECLEVEL=0"


def server_context(settings: ServerTls, keylog: str | None = None) -> ssl.SSLContext:
    """Return the context of a listener: the same for the same settings.

    `keylog`: a file that gets the session secrets of every connection (NSS key log format), mode 0600. Raises
    ssl.SSLError if a certificate, key or trust anchor cannot be read, ValueError if versions contradict.
    """
    make = _server_context if keylog is None else _logging_server_context
    return make(settings, keylog, _file_identity(keylog))


def client_context(settings: ClientTls, keylog: str | None = None) -> ssl.SSLContext:
    """Return the context of a client: see `server_context`.

    The server name is the session's, not the context's.
    """
    make = _client_context if keylog is None else _logging_client_context
    return make(settings, keylog, _file_identity(keylog))


def _new_server_context(
    settings: ServerTls, keylog: str | None, _file: tuple[int, int] | None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0
    _configure(context, settings, keylog)
    _load_credential(context, settings.credential)
    context.verify_mode = _CLIENT_AUTH[settings.client_auth]
    return context


def _new_client_context(
    settings: ClientTls, keylog: str | None, _file: tuple[int, int] | None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _configure(context, settings, keylog)
    if settings.credential is not None:
        _load_credential(context, settings.credential)
    context.check_hostname = settings.check_hostname and settings.verify
    context.verify_mode = ssl.CERT_REQUIRED if settings.verify else ssl.CERT_NONE
    return context


_server_context = lru_cache(maxsize=256)(_new_server_context)
_client_context = lru_cache(maxsize=256)(_new_client_context)
# Each holds its key log open: a run of many scenarios must not run out of files.
_logging_server_context = lru_cache(maxsize=32)(_new_server_context)
_logging_client_context = lru_cache(maxsize=32)(_new_client_context)


def _configure(context: ssl.SSLContext, settings: ServerTls | ClientTls, keylog: str | None) -> None:
    if settings.minimum > settings.maximum:
        raise ValueError(f"TLS minimum {settings.minimum} is above maximum {settings.maximum}")
    context.minimum_version = _VERSIONS[settings.minimum]
    context.maximum_version = _VERSIONS[settings.maximum]
    context.options |= ssl.OP_NO_RENEGOTIATION
    if settings.ciphers:
        context.set_ciphers(settings.ciphers)
    if settings.trust:
        context.load_verify_locations(cadata=b"".join(settings.trust).decode("ascii"))
    if settings.crls:
        with _as_file(b"".join(settings.crls)) as path:
            context.load_verify_locations(cafile=path)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    if keylog is not None:
        context.keylog_filename = keylog


def _load_credential(context: ssl.SSLContext, credential: Credential) -> None:
    with _as_file(credential.private_key + credential.chain) as path:
        try:
            context.load_cert_chain(path)
        except ssl.SSLError as error:
            if error.reason != "EE_KEY_TOO_SMALL":
                raise
            # A weak key that is to be presented on purpose: the peer, not we, is the one who judges it.
            context.set_ciphers(_ANY_STRENGTH)
            context.load_cert_chain(path)


@contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """Write a private file (mkstemp: 0600) for as long as it is read: Python's ssl module takes files only."""
    handle, path = tempfile.mkstemp(prefix="ucmsim-", suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        yield path
    finally:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _file_identity(keylog: str | None) -> tuple[int, int] | None:
    """Create the file with its mode, and return what distinguishes it from an older file of its name."""
    if keylog is None:
        return None
    handle = os.open(keylog, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        status = os.fstat(handle)
        return status.st_dev, status.st_ino
    finally:
        os.close(handle)
