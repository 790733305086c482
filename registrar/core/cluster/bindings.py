"""Who is registered, where, and until when: one binding for each line a device registered.

The store is the cluster's. Expiry costs one heap entry a binding however often it is refreshed: an entry that
turns out to be too early is put back at the binding's real end.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace

from registrar.core.cluster.causes import UnregCause
from simulator.core.actor.flow import Address
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import SipUri

BindingKey = tuple[str, str]
"""(device name, directory number)."""


@dataclass(slots=True, kw_only=True)
class Binding:
    """One registered line. Owned by its `BindingStore`, which alone changes it, in place.

    Not frozen: a refresh would make a copy of 18 fields, which costs 5.6 microseconds of some 40.
    """

    device: str
    dn: str
    node: str
    aor: str
    """e.g. sip:1010@ucm-pub.example.com, as the To of the request had it."""
    contact: str
    """The whole Contact value, as received."""
    contact_uri: SipUri
    instance: str | None
    """+sip.instance; None if absent or all zeros, which names nobody."""
    call_id: str
    cseq: int
    flow: FlowId
    source: Address
    """Where the request came from."""
    transport: str
    lines: tuple[str, ...]
    """The directory numbers this one registration stands for (bulk registration: all of the device)."""
    registered_at: Instant
    expires_at: Instant
    subject: str | None = None
    """The user of the token that registered it."""
    unregister_cause: UnregCause | None = None
    """Why UCM asked the device to unregister, once it has; gone with the next refresh."""
    path: tuple[str, ...] = ()
    """RFC 3327 Path values, to be used as Route towards the phone."""

    @property
    def key(self) -> BindingKey:
        """What the store knows it by."""
        return (self.device, self.dn)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity:
    """By what a client is recognised that sends another REGISTER for the same device."""

    call_id: str
    flow: FlowId | None
    """Its connection; None where connections are shared (MRA)."""
    instance: str | None
    """+sip.instance, as in `Binding`."""
    contact: SipUri


def is_same_client(binding: Binding, client: ClientIdentity) -> bool:
    """Compare Call-ID, connection, +sip.instance and Contact address: one that agrees is enough.
    [assumed: sip-wire 5]"""
    return (
        binding.call_id == client.call_id
        or (client.flow is not None and binding.flow == client.flow)
        or (client.instance is not None and client.instance == binding.instance)
        or same_address(client.contact, binding.contact_uri)
    )


def same_address(one: SipUri, other: SipUri) -> bool:
    """Compare user, host and port: what a refresh must keep. [documented: sip-wire 4]"""
    return (one.user, one.host, one.port) == (other.user, other.host, other.port)


class BindingStore:
    """Keeps the cluster's bindings. Look-ups are dictionary accesses; nothing here decides."""

    def __init__(self) -> None:
        self._bindings: dict[BindingKey, Binding] = {}
        self._by_device: dict[str, dict[str, Binding]] = {}
        self._heaps: dict[str, list[tuple[Instant, BindingKey]]] = {}
        self._queued: dict[tuple[str, BindingKey], Instant] = {}

    def __len__(self) -> int:
        return len(self._bindings)

    def get(self, device: str, dn: str) -> Binding | None:
        """Return the binding of one line of a device; None if it is not registered."""
        return self._bindings.get((device, dn))

    def of(self, device: str) -> tuple[Binding, ...]:
        """Return the device's bindings, oldest first."""
        return tuple(self._by_device.get(device, {}).values())

    def all(self) -> tuple[Binding, ...]:
        """Return every binding of the cluster, oldest first."""
        return tuple(self._bindings.values())

    def on(self, node: str) -> tuple[Binding, ...]:
        """Return the bindings that were made on `node`, oldest first."""
        return tuple(b for b in self._bindings.values() if b.node == node)

    def put(self, binding: Binding) -> None:
        """Add, or replace the binding of the same device and line."""
        self._bindings[binding.key] = binding
        self._by_device.setdefault(binding.device, {})[binding.dn] = binding
        self._queue(binding)

    def refresh(
        self, key: BindingKey, *, cseq: int, flow: FlowId, source: Address, expires_at: Instant
    ) -> None:
        """Write what a refresh changes of the binding of `key`. Raises KeyError if there is none."""
        binding = self._bindings[key]
        binding.cseq = cseq
        binding.flow = flow
        binding.source = source
        binding.unregister_cause = None
        earlier = expires_at < binding.expires_at
        binding.expires_at = expires_at
        if earlier:
            self._queue(binding)

    def ask_to_unregister(self, key: BindingKey, cause: UnregCause) -> None:
        """Note why the device of `key` was asked to unregister. Raises KeyError if it is not registered."""
        self._bindings[key].unregister_cause = cause

    def remove(self, binding: Binding) -> bool:
        """Remove `binding`; returns False if the store holds another one, or none, in its place."""
        if self._bindings.get(binding.key) is not binding:
            return False
        del self._bindings[binding.key]
        lines = self._by_device[binding.device]
        del lines[binding.dn]
        if not lines:
            del self._by_device[binding.device]
        return True

    def next_expiry(self, node: str) -> Instant | None:
        """Return when the node's first binding ends; None if it has none."""
        heap = self._heaps.get(node)
        while heap:
            queued_at, key = heap[0]
            binding = self._bindings.get(key)
            if binding is None or binding.node != node or self._queued.get((node, key)) != queued_at:
                heappop(heap)
                if self._queued.get((node, key)) == queued_at:
                    del self._queued[node, key]
            elif binding.expires_at > queued_at:
                heapreplace(heap, (binding.expires_at, key))
                self._queued[node, key] = binding.expires_at
            else:
                return queued_at
        return None

    def expire(self, node: str, now: Instant) -> list[Binding]:
        """Remove and return the node's bindings that have ended by `now`, in the order they ended."""
        expired = []
        while (at := self.next_expiry(node)) is not None and at <= now:
            binding = self._bindings[self._heaps[node][0][1]]
            self.remove(binding)
            expired.append(binding)
        return expired

    def clear(self, node: str) -> list[Binding]:
        """Remove and return all of a node's bindings: its CallManager stopped."""
        cleared = list(self.on(node))
        for binding in cleared:
            self.remove(binding)
        return cleared

    def _queue(self, binding: Binding) -> None:
        slot = (binding.node, binding.key)
        queued = self._queued.get(slot)
        if queued is None or binding.expires_at < queued:
            self._queued[slot] = binding.expires_at
            heappush(self._heaps.setdefault(binding.node, []), (binding.expires_at, binding.key))
