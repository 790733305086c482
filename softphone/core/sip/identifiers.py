"""Branches, tags, Call-IDs and CSeq numbers as Jabber writes them (sip-wire 3.1), from the phone's entropy."""

from __future__ import annotations

from simulator.core.entropy import Entropy


class Identifiers:
    """`mac` is 12 hex digits; tags and Call-IDs begin with it. [observed: S1, S10, S11]"""

    def __init__(self, entropy: Entropy, mac: str | None = None) -> None:
        self._entropy = entropy
        self.mac = mac if mac is not None else entropy.hex(6)

    def branch(self) -> str:
        """Draw the branch of a Via."""
        return f"z9hG4bK{self._entropy.hex(4)}"

    def tag(self) -> str:
        """Draw a From tag."""
        return f"{self.mac}{self._entropy.hex(6)}-{self._entropy.hex(4)}"

    def call_id(self, local_host: str) -> str:
        """Draw a Call-ID."""
        first, second = self.mac[:8], self.mac[8:] + self._entropy.hex(2)
        return f"{first}-{second}-{self._entropy.hex(4)}-{self._entropy.hex(4)}@{local_host}"

    def cseq(self) -> int:
        """Draw an arbitrary first CSeq number."""
        return self._entropy.integer(100, 4999)
