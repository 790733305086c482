"""The binding store: a model of a plain dictionary must agree with it, whatever is done in whatever order."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from registrar.core.cluster.bindings import Binding, BindingStore, ClientIdentity, is_same_client
from registrar.core.cluster.causes import UnregCause
from simulator.core.actor.flow import Address
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import parse_uri

NODES = ("ucm-pub", "ucm-sub")
URI = parse_uri("sip:x@192.0.2.10:62162")


def binding(device: str, dn: str, ends: float, node: str = "ucm-pub") -> Binding:
    return Binding(
        device=device,
        dn=dn,
        node=node,
        aor=f"sip:{dn}@ucm",
        contact="<sip:x@192.0.2.10:62162>",
        contact_uri=URI,
        instance=None,
        call_id="c",
        cseq=1,
        flow=1,
        source=Address("192.0.2.10", 62162),
        transport="tls",
        lines=(dn,),
        registered_at=0.0,
        expires_at=ends,
    )


def refresh(store: BindingStore, held: Binding, ends: float) -> None:
    store.refresh(held.key, cseq=held.cseq + 1, flow=held.flow, source=held.source, expires_at=Instant(ends))


def test_a_refresh_moves_the_binding_to_the_flow_it_came_on_and_ends_the_wish_to_unregister_it() -> None:
    store, source = BindingStore(), Address("192.0.2.11", 50000)
    held = binding("A", "1", 120.0)
    store.put(held)
    store.ask_to_unregister(held.key, UnregCause.CALL_MANAGER_RESET)
    assert held.unregister_cause is UnregCause.CALL_MANAGER_RESET
    store.refresh(held.key, cseq=7, flow=FlowId(2), source=source, expires_at=Instant(240.0))
    assert store.get("A", "1") is held
    assert (held.cseq, held.flow, held.source, held.expires_at) == (7, 2, source, 240.0)
    assert held.unregister_cause is None


def test_only_a_binding_of_the_store_can_be_refreshed() -> None:
    with pytest.raises(KeyError):
        refresh(BindingStore(), binding("A", "1", 120.0), 240.0)


OTHER = ClientIdentity(
    call_id="another", flow=FlowId(9), instance="<urn:uuid:2>", contact=parse_uri("sip:y@192.0.2.99:5060")
)


@pytest.mark.parametrize(
    ("client", "same"),
    [
        pytest.param(OTHER, False, id="nothing agrees"),
        pytest.param(replace(OTHER, call_id="c"), True, id="the Call-ID"),
        pytest.param(replace(OTHER, flow=FlowId(1)), True, id="the connection"),
        pytest.param(replace(OTHER, flow=None), False, id="a connection that others share"),
        pytest.param(replace(OTHER, instance="<urn:uuid:1>"), True, id="the instance"),
        pytest.param(replace(OTHER, instance=None), False, id="no instance"),
        pytest.param(replace(OTHER, contact=URI), True, id="the Contact address"),
        pytest.param(replace(OTHER, contact=parse_uri("sip:x@192.0.2.10:1")), False, id="another port"),
    ],
)
def test_a_client_is_recognised_by_any_one_of_its_marks(client: ClientIdentity, same: bool) -> None:
    held = replace(binding("A", "1", 120.0), instance="<urn:uuid:1>")
    assert is_same_client(held, client) is same


def test_an_instance_that_names_nobody_recognises_nobody() -> None:
    assert not is_same_client(binding("A", "1", 120.0), replace(OTHER, instance=None))


class Model(RuleBasedStateMachine):
    """Small names and times, so that every collision happens."""

    def __init__(self) -> None:
        super().__init__()
        self.store = BindingStore()
        self.model: dict[tuple[str, str], Binding] = {}
        self.now = 0.0

    @rule(
        device=st.sampled_from("AB"),
        dn=st.sampled_from("12"),
        life=st.integers(1, 5),
        node=st.sampled_from(NODES),
    )
    def put(self, device: str, dn: str, life: int, node: str) -> None:
        made = binding(device, dn, self.now + life, node)
        self.store.put(made)
        self.model[made.key] = made

    @precondition(lambda self: self.model)
    @rule(data=st.data(), life=st.integers(1, 5))
    def refresh(self, data: st.DataObject, life: int) -> None:
        held = data.draw(st.sampled_from(list(self.model.values())))
        refresh(self.store, held, self.now + life)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(list(self.model.values())))
        assert self.store.remove(held)
        assert not self.store.remove(held)
        del self.model[held.key]

    @rule(node=st.sampled_from(NODES), passed=st.integers(0, 4))
    def expire(self, node: str, passed: int) -> None:
        self.now += passed
        expected = [held for held in self.model.values() if held.node == node and held.expires_at <= self.now]
        expired = self.store.expire(node, self.now)
        assert sorted(held.key for held in expired) == sorted(held.key for held in expected)
        assert [held.expires_at for held in expired] == sorted(held.expires_at for held in expired)
        for held in expired:
            del self.model[held.key]

    @rule(node=st.sampled_from(NODES))
    def clear(self, node: str) -> None:
        for held in self.store.clear(node):
            assert held.node == node
            del self.model[held.key]

    @invariant()
    def agrees(self) -> None:
        assert len(self.store) == len(self.model)
        assert {held.key for held in self.store.all()} == set(self.model)
        for node in NODES:
            ends = [held.expires_at for held in self.model.values() if held.node == node]
            assert self.store.next_expiry(node) == (min(ends) if ends else None)
        for device in "AB":
            assert {held.dn for held in self.store.of(device)} == {
                key[1] for key in self.model if key[0] == device
            }


Model.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestModel = Model.TestCase


def test_a_replaced_binding_cannot_remove_its_successor():
    store = BindingStore()
    first, second = binding("A", "1", 10.0), binding("A", "1", 20.0)
    store.put(first)
    store.put(second)
    assert not store.remove(first)
    assert store.get("A", "1") is second


def test_refreshing_costs_no_memory():
    store = BindingStore()
    held = binding("A", "1", 120.0)
    store.put(held)
    for step in range(1000):
        refresh(store, held, 120.0 + step)
        store.next_expiry("ucm-pub")
    assert len(store._heaps["ucm-pub"]) == 1


def test_coming_and_going_costs_no_memory():
    store = BindingStore()
    for step in range(1000):
        held = binding("A", "1", 120.0 + step)
        store.put(held)
        store.remove(held)
    assert len(store._heaps["ucm-pub"]) == 1
    assert store.next_expiry("ucm-pub") is None
    assert store._queued == {}
