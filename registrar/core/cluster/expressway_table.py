"""The Expressway-C table: whether a verified peer certificate belongs to an Expressway-C that UCM knows.

Chain verification is OpenSSL's; this is the second question UCM asks on 5091: is the CN or a SAN of the
certificate among the names of Device > Expressway-C (`expresswaycconfiguration`)? [documented: sip-wire 2]
How names are compared is not published; case-insensitive, whole, without wildcard expansion is [assumed].
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from simulator.core.tls.identity import PeerIdentity

_SEPARATORS = re.compile(r"[,;\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpresswayRow:
    """One row of the table, fields as in AXL (HostNameOrIP, X509SubjectNameorSubjectAlternateName)."""

    host: str
    x509_name: str = ""
    """One name or several, separated by comma, semicolon or blank."""
    description: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that a certificate may have to match the row."""
        return tuple(name for name in _SEPARATORS.split(self.x509_name) if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustVerdict:
    """What the table says of a peer."""

    trusted: bool
    offered: tuple[str, ...] = ()
    """Every name the certificate offered, CN first."""
    matched: str | None = None
    """The offered name that matched, as the certificate spells it."""
    row: ExpresswayRow | None = None
    table: tuple[str, ...] = ()
    """Every name the table held when this was judged."""


class ExpresswayTrust:
    """The table at one moment: a change makes a new one, so a decision never sees half an update."""

    __slots__ = ("_by_name", "rows", "table")

    def __init__(self, rows: Iterable[ExpresswayRow] = ()) -> None:
        self.rows = tuple(rows)
        self._by_name: dict[str, ExpresswayRow] = {}
        for row in self.rows:
            for name in row.names:
                self._by_name.setdefault(name.casefold(), row)
        self.table = tuple(name for row in self.rows for name in row.names)

    def judge(self, peer: PeerIdentity | None) -> TrustVerdict:
        """Judge a peer by its certificate. None: not trusted, nothing offered."""
        if peer is None:
            return TrustVerdict(trusted=False, table=self.table)
        for name in peer.names:
            row = self._by_name.get(name.casefold())
            if row is not None:
                return TrustVerdict(
                    trusted=True,
                    offered=peer.names,
                    matched=name,
                    row=row,
                    table=self.table,
                )
        return TrustVerdict(trusted=False, offered=peer.names, table=self.table)
