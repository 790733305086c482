"""Inside or outside? What the SRV records of the account's domain say (device-config 4.1).

Both questions go out together. Servers of `_cisco-uds` mean inside; only `_collab-edge` means outside. Where
`_cisco-uds` is missing, `cisco-internal.<domain>` is asked for it before that counts: companies whose domain is
the public one inside too keep the inside's records there [documented].
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.instant import Instant
from softphone.core.signin.name_lookup import NameLookup, Question, SrvTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The servers that were found, in the order to be tried; never empty."""

    record: str
    outside: bool
    targets: tuple[SrvTarget, ...]

    @property
    def text(self) -> str:
        first, service = self.targets[0], self.record.partition(".")[0]
        return f"{len(self.targets)} x {service}, first {first.host}:{first.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nowhere:
    """Why no server was found; `final`: asking again would not help."""

    code: str
    detail: str
    final: bool


class Discovery:
    """Asks for the SRV records, then for addresses that did not come along."""

    def __init__(self, domain: str, names: NameLookup) -> None:
        self._domain, self._names = domain, names
        self.inside: Question = f"_cisco-uds._tcp.{domain}", "SRV"
        self.outside: Question = f"_collab-edge._tls.{domain}", "SRV"
        self.internal: Question = f"_cisco-uds._tcp.cisco-internal.{domain}", "SRV"
        self._found: Servers | None = None
        self._edges: Servers | None = None
        self._asked_internal = self._asked_addresses = False

    def begin(self, now: Instant) -> None:
        """Ask for the records of both sides."""
        self._found = self._edges = None
        self._asked_internal = self._asked_addresses = False
        self._names.ask((self.inside, self.outside), now)

    def look(self, now: Instant) -> Servers | Nowhere | None:
        """Return what the answers say; None while one is awaited."""
        names = self._names
        if not names.done:
            return None
        if self._found is None:
            asked = self.internal if self._asked_internal else self.inside
            self._found = self._servers(asked, outside=False)
        if self._found is None and not names.unanswered:
            if not self._asked_internal:
                self._edges = self._servers(self.outside, outside=True)
                self._asked_internal = True
                names.ask((self.internal,), now)
                return self.look(now)
            self._found = self._edges
        found = self._found
        if found is not None:
            missing = [t.host for t in found.targets if t.host not in names.addresses and not _literal(t.host)]
            if not missing or self._asked_addresses:
                return found
            self._asked_addresses = True
            names.ask(tuple((host, "A") for host in dict.fromkeys(missing)), now)
            return self.look(now)
        if names.unanswered:
            return Nowhere(
                code="E_NO_NAME_SERVER", detail="no name server gave an answer, or each refused to", final=False
            )
        detail = f"{self._domain} has neither _cisco-uds nor _collab-edge records"
        return Nowhere(code="E_NO_SRV", detail=detail, final=True)

    def _servers(self, question: Question, *, outside: bool) -> Servers | None:
        targets = self._names.targets(question)
        return Servers(record=question[0], outside=outside, targets=targets) if targets else None


def _literal(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
