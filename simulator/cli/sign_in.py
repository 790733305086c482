"""The options of `ucmsim phone --domain`: who signs in, with what, and which name servers are asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import typer

from simulator.core.actor.flow import Address
from softphone.core.signin import JabberAccount

REFUSALS = (
    "E_CREDENTIALS",
    "E_EDGE_REFUSED",
    "E_USER_NOT_FOUND",
    "E_NO_DEVICE",
    "E_SESSION_EXPIRED",
    "E_AUTHORIZE",
    "E_TOKEN_ENDPOINT",
)
"""Outcomes of a sign-in in which the server said no; all others mean that it was not reached, or is none."""

REMEDIES = {
    "E_CREDENTIALS": "Enter the right password; the user must be active. The server does not say more.",
    "E_USER_NOT_FOUND": "Create the user, or use the user's home cluster.",
    "E_NO_DEVICE": "Create a device for the user and make the user its owner, or name another with --device.",
    "E_SESSION_EXPIRED": "Sign in again: the refresh token was revoked or has expired, or its key is gone.",
    "E_NO_SRV": "Publish _cisco-uds._tcp (inside) or _collab-edge._tls (outside), or use another --nameserver.",
    "E_EDGE_REFUSED": "The Expressway must serve this domain, and this address must not be blocked there.",
    "E_EDGE_SSO": "A sign-in at an identity provider is not simulated: switch SAML SSO off at the edge.",
    "E_NO_NEXT_HOP": "The Expressway names no SIP edge server: discover the Unified CM servers there.",
    "E_NO_UDS": "The Expressway knows no Unified CM: discover or refresh the servers there.",
    "E_TLS_TRUST": "Trust the issuer with --ca-file; the certificate must carry the name that was dialled.",
    "E_NO_NAME_SERVER": "Name a server that answers with --nameserver HOST:PORT.",
    "E_AUTHORIZE": "The client id and its redirect URI must be known to the cluster.",
    "E_TOKEN_ENDPOINT": "The cluster must know the client id and secret; `error` says what it refuses.",
}


@dataclass(frozen=True, slots=True)
class Client:
    """The product that signs in, as the cluster knows it. `id` None: the lab's Jabber."""

    id: str | None
    secret_file: Path | None
    token_path: str | None

    def fields(self) -> dict[str, str]:
        """Return the fields of a JabberAccount. Raises ValueError and OSError with a sentence for the user."""
        found = {}
        if self.id is not None:
            if not re.fullmatch(r"[!-~]+", self.id):
                raise ValueError("--client-id must be printable ASCII without spaces")
            found["client_id"] = self.id
        if self.secret_file is not None:
            found["client_secret"] = _line(self.secret_file, "the client secret")
        if self.token_path is not None:
            if not re.fullmatch(r"/[!-~]*", self.token_path) or "?" in self.token_path:
                raise ValueError(f"--token-path must begin with a slash, unlike {self.token_path!r}")
            found["token_path"] = self.token_path
        return found


def account(
    domain: str,
    user: str | None,
    password_file: Path | None,
    nameserver: list[str],
    device: str | None,
    client: Client,
) -> JabberAccount:
    """Build the account that signs in. Raises ValueError and OSError with a sentence for the user."""

    if user is None:
        raise ValueError("--domain requires --user")
    return JabberAccount(
        domain=domain,
        user=user,
        password=_password(user, password_file),
        name_servers=tuple(map(_server, nameserver)) or _system_servers(),
        device=device,
        **client.fields(),
    )


def _password(user: str, file: Path | None) -> str:
    if file is None:
        text: str = typer.prompt(f"Password of {user}", hide_input=True, err=True)
        return text
    return _line(file, "the password")


def _line(file: Path, what: str) -> str:
    """Read the only line of a file, without the line end. Raises ValueError if there is not exactly one."""
    try:
        text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{file}: not a text file, so it cannot hold {what}") from None
    text = text.rstrip("\r\n")
    if not text or "\n" in text:
        raise ValueError(f"{file}: {what} must be exactly one line")
    return text


def _server(text: str) -> Address:

    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0:
        raise ValueError(f"--nameserver requires HOST or HOST:PORT, not {text!r}")
    return Address(host, port or 53)


def _system_servers() -> tuple[Address, ...]:
    import dns.exception
    import dns.resolver

    try:
        system = dns.resolver.Resolver()
    except dns.exception.DNSException:
        return ()
    return tuple(Address(str(server), system.port) for server in system.nameservers)
