"""The SIP addresses under which an Expressway writes itself into messages."""

from __future__ import annotations

from simulator.core.actor.flow import Address

_ANY = ("0.0.0.0", "::")  # noqa: S104


class OwnAddress:
    """`outer` faces the phones, `inner` the Expressway-C of an Expressway-E; None: there is only one side.

    With port 0 or a wildcard host an address is not known before the first accepted connection.
    """

    def __init__(self, outer: Address, inner: Address | None = None) -> None:
        self.outer, self.inner = outer, inner
        self._inner_is_told = inner is not None and not _is_known(inner)

    @property
    def all(self) -> tuple[Address, ...]:
        return (self.outer,) if self.inner is None else (self.outer, self.inner)

    @property
    def towards_ucm(self) -> Address:
        """The address on the inner side."""
        return self.inner or self.outer

    def learn_outer(self, local: Address) -> None:
        """Take the local address of a phone's connection if `outer` is not known yet."""
        if not _is_known(self.outer):
            self.outer = local

    def learn_inner(self, local: Address) -> None:
        """Take the local address of a connection of the inner side if `inner` was not given in full."""
        if self._inner_is_told:
            self.inner = local


def _is_known(address: Address) -> bool:
    return bool(address.port) and address.host not in _ANY
