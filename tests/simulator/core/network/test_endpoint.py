"""What an endpoint is known by, and the endpoints of an actor that says where it listens."""

from __future__ import annotations

from simulator.core.actor.flow import Address, Effect, FlowEnd, FlowFacts, Listen
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant
from simulator.core.network.endpoint import Endpoint, endpoints_of

PORTS = tuple(
    Listen(name=name, transport="tcp", address=Address("127.0.0.1", port))
    for name, port in (("sip-tcp", 5060), ("extra", 0))
)


class Silent:
    """An actor that listens on two ports and answers nothing."""

    name = ActorId("ucm")

    def listens(self) -> tuple[Listen, ...]:
        return PORTS

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None: ...

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None: ...

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None: ...

    def next_timeout(self) -> Instant | None:
        return None

    def handle_timeout(self, now: Instant) -> None: ...

    def effects(self) -> list[Effect]:
        return []


def test_an_actor_has_an_endpoint_for_each_port_it_wants() -> None:
    actor = Silent()
    found = endpoints_of(actor)
    assert [endpoint.listen for endpoint in found] == [*PORTS]
    assert {(endpoint.owner, endpoint.handler) for endpoint in found} == {(actor.name, actor)}


def test_an_endpoint_is_known_by_owner_and_listener_whatever_its_port() -> None:
    actor = Silent()
    first, second = endpoints_of(actor)
    moved = Endpoint(
        owner=actor.name,
        listen=Listen(name="sip-tcp", transport="tcp", address=Address("127.0.0.1", 5070)),
        handler=actor,
    )
    assert first.key == moved.key == ("ucm", "sip-tcp")
    assert second.key == ("ucm", "extra")
