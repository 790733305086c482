"""The phones' side of an Expressway: the flows that came in, and which contact is reached over which.

At an Expressway-E one flow is one phone. Behind a traversal zone many phones share one flow, and their contacts
still tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.core.actor.flow import Address
from simulator.core.ids import FlowId
from simulator.core.sip import SipStream

ContactKey = tuple[str, str, str]
"""The zone that accepted the registration, the contact's user part, the client's own host and port."""


@dataclass(slots=True, kw_only=True)
class PhoneFlow:
    """One connection, and the contacts that are reached over it."""

    flow: FlowId
    remote: Address
    stream: SipStream = field(default_factory=SipStream)
    contacts: set[ContactKey] = field(default_factory=set)


class PhoneFlows:
    """At most `limit` flows, each with at most `contacts_per_flow` registered contacts."""

    def __init__(self, *, limit: int, contacts_per_flow: int) -> None:
        self._limit = limit
        self._contacts_per_flow = contacts_per_flow
        self._flows: dict[FlowId, PhoneFlow] = {}
        self._reached: dict[ContactKey, FlowId] = {}

    def __len__(self) -> int:
        return len(self._flows)

    @property
    def contacts(self) -> int:
        """How many contacts can be reached."""
        return len(self._reached)

    def get(self, flow: FlowId) -> PhoneFlow | None:
        """Return what is known of a connection."""
        return self._flows.get(flow)

    def flows_of(self, host: str) -> tuple[FlowId, ...]:
        """Return every connection from this address."""
        return tuple(flow for flow, held in self._flows.items() if held.remote.host == host)

    def open(self, flow: FlowId, remote: Address) -> bool:
        """Add a connection; False if there are too many already."""
        if len(self._flows) >= self._limit:
            return False
        self._flows[flow] = PhoneFlow(flow=flow, remote=remote)
        return True

    def close(self, flow: FlowId) -> frozenset[ContactKey]:
        """Remove a connection, and return the contacts that were reached over it."""
        gone = self._flows.pop(flow, None)
        lost = frozenset(key for key in (gone.contacts if gone else ()) if self._reached.get(key) == flow)
        for key in lost:
            del self._reached[key]
        return lost

    def forget(self) -> None:
        """Remove every connection."""
        self._flows.clear()
        self._reached.clear()

    def bind(self, key: ContactKey, flow: FlowId) -> None:
        """Reach the contact over `flow`; the latest accepted registration wins."""
        held = self._flows.get(flow)
        if held is None or (len(held.contacts) >= self._contacts_per_flow and key not in held.contacts):
            return
        before = self._flows.get(self._reached.get(key, flow))
        if before is not None:
            before.contacts.discard(key)
        held.contacts.add(key)
        self._reached[key] = flow

    def unbind(self, key: ContactKey, flow: FlowId) -> None:
        """Reach the contact no longer, unless another flow took it over in the meantime."""
        if self._reached.get(key) == flow:
            del self._reached[key]
            self._flows[flow].contacts.discard(key)

    def reach(self, key: ContactKey) -> PhoneFlow | None:
        """Return the connection over which a contact is reached."""
        flow = self._reached.get(key)
        return None if flow is None else self._flows.get(flow)
