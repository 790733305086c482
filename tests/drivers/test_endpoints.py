"""Opening, closing and reopening endpoints, joining, leaving and vanishing: the same on both networks."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from certs.authority import IssuedCertificate
from simulator.core.actor.flow import Address, SendData
from simulator.core.events import FlowClosed, FlowFailed, FlowOpened
from simulator.core.instant import Instant
from simulator.core.network.endpoint import TerminalHandler
from simulator.core.tls.settings import ServerTls
from tests.drivers.bench import Bench, Talker


async def test_an_open_endpoint_says_where_it_listens_and_takes_connections(bench: Bench) -> None:
    node, phone = Talker("ucm", reply=bytes.upper), Talker("phone")
    _, address = await bench.serve(node, name="sip")
    assert address.host == bench.host
    assert address.port > 0
    await bench.network.join(phone)
    flow = await bench.connect(phone, address)
    bench.say(phone, flow, b"register ", b"me")
    await bench.until(lambda: phone.heard[flow] == b"REGISTER ME", "the answer")
    (accepted,) = node.facts
    assert (node.facts[accepted].listener, phone.facts[flow].listener) == ("sip", None)
    assert node.facts[accepted].local == phone.facts[flow].remote == address
    assert node.facts[accepted].remote == phone.facts[flow].local
    assert [(e.listener, e.local) for e in bench.of("ucm", FlowOpened)] == [("sip", str(address))]
    assert [e.remote for e in bench.of("phone", FlowOpened)] == [str(address)]


async def test_datagrams_arrive_whole_and_are_answered(bench: Bench) -> None:
    node, phone = Talker("ucm", reply=bytes.upper), Talker("phone")
    _, address = await bench.serve(node, name="sip-udp", transport="udp")
    await bench.network.join(phone)
    flow = await bench.connect(phone, address, transport="udp")
    bench.say(phone, flow, b"one")
    await bench.until(lambda: phone.heard[flow] == b"ONE", "the first answer")
    bench.say(phone, flow, b"two")
    await bench.until(lambda: phone.heard[flow] == b"ONETWO", "the second answer")
    assert len(node.facts) == 1, "one remote address is one flow"


async def test_a_port_on_which_nobody_listens_refuses(bench: Bench) -> None:
    endpoint, address = await bench.serve(Talker("ucm"))
    await bench.network.close(endpoint)
    phone = Talker("phone")
    await bench.network.join(phone)
    flow = bench.dial(phone, address)
    await bench.until(lambda: flow in phone.ends, "an end of the flow")
    end = phone.ends[flow]
    assert (end.by, end.clean, end.refusal) == ("network", False, None)
    assert "connection refused" in end.detail
    assert str(address) in end.detail
    assert phone.calls == ["flow_ended"]
    assert [(e.remote, e.transport) for e in bench.of("phone", FlowFailed)] == [(str(address), "tcp")]


async def test_a_taken_port_is_an_error_that_names_the_address_and_leaves_nothing_open(bench: Bench) -> None:
    _, address = await bench.serve(Talker("first"))
    second = Talker("second")
    free = bench.endpoint("second", second, name="free")
    taken = bench.endpoint("second", second, name="taken", port=address.port)
    with pytest.raises(OSError, match=str(address).replace(".", r"\.")):
        await bench.network.open(free, taken)
    (again,) = await bench.network.open(free)
    assert again.port > 0


async def test_an_endpoint_can_be_open_once(bench: Bench) -> None:
    node = Talker("ucm")
    await bench.serve(node, name="sip")
    with pytest.raises(ValueError, match="ucm has an open endpoint named 'sip'"):
        await bench.serve(node, name="sip")


async def test_tls_without_settings_is_an_error_and_the_port_stays_free(bench: Bench) -> None:
    node = Talker("ucm")
    with pytest.raises(ValueError, match="listener 'oauth' has no TLS settings"):
        await bench.serve(node, name="oauth", transport="tls")
    await bench.serve(node, name="oauth")


async def test_a_closed_endpoint_can_be_opened_again_at_its_port(bench: Bench) -> None:
    node, phone = Talker("ucm"), Talker("phone")
    endpoint, address = await bench.serve(node)
    await bench.network.join(phone)
    first = await bench.connect(phone, address)
    await bench.network.close(endpoint)
    await bench.until(lambda: first in phone.ends, "an end of the first flow")
    assert (phone.ends[first].by, phone.ends[first].clean) == ("peer", True)
    assert await bench.serve(node, port=address.port) == (
        bench.endpoint("ucm", node, port=address.port),
        address,
    )
    second = await bench.connect(phone, address)
    assert second not in phone.ends


async def test_an_endpoint_that_is_not_open_is_closed_without_complaint(bench: Bench) -> None:
    endpoint, _ = await bench.serve(Talker("ucm"))
    await bench.network.close(endpoint)
    await bench.network.close(endpoint)


async def test_an_actor_leaves_with_its_last_endpoint_and_is_told_nothing_more(bench: Bench) -> None:
    node, phone = Talker("ucm"), Talker("phone")
    endpoint, address = await bench.serve(node)
    await bench.network.join(phone)
    await bench.connect(phone, address)
    node.deadlines.append(Instant(bench.clock.now() + 1))
    bench.network.run(node)
    node.calls.clear()
    await bench.network.close(endpoint)
    await bench.network.advance(5)
    assert node.calls == []
    assert [(e.by, e.clean) for e in bench.of("ucm", FlowClosed)] == [("us", True)]


async def test_an_actor_with_another_endpoint_stays_and_is_told_which_flows_ended(bench: Bench) -> None:
    node, phone = Talker("ucm", reply=bytes.upper), Talker("phone")
    one, first = await bench.serve(node, name="one")
    _, second = await bench.serve(node, name="two")
    await bench.network.join(phone)
    lost, kept = await bench.connect(phone, first), await bench.connect(phone, second)
    await bench.network.close(one)
    await bench.until(lambda: lost in phone.ends, "an end of the flow to the closed port")
    assert [(end.by, end.clean) for end in node.ends.values()] == [("us", True)]
    bench.say(phone, kept, b"still")
    await bench.until(lambda: phone.heard[kept] == b"STILL", "an answer on the other flow")


async def test_what_an_actor_still_wants_to_say_is_said_before_its_endpoint_closes(bench: Bench) -> None:
    node, phone = Talker("ucm"), Talker("phone")
    endpoint, address = await bench.serve(node)
    await bench.network.join(phone)
    flow = await bench.connect(phone, address)
    await bench.until(lambda: node.facts, "the accepted flow")
    (accepted,) = node.facts
    bench.network.run(node)

    node.todo.append(SendData(accepted, b"goodbye"))
    await bench.network.close(endpoint)
    await bench.until(lambda: flow in phone.ends, "an end of the flow")
    assert phone.heard[flow] == b"goodbye"


async def test_an_actor_that_joined_stays_when_its_endpoint_closes(bench: Bench) -> None:
    node, phone = Talker("ucm"), Talker("phone")
    endpoint, _ = await bench.serve(node)
    await bench.network.join(node)
    _, elsewhere = await bench.serve(phone)
    await bench.network.close(endpoint)
    await bench.connect(node, elsewhere)


async def test_an_actor_joins_once(bench: Bench) -> None:
    phone = Talker("phone")
    await bench.network.join(phone)
    with pytest.raises(ValueError, match="phone is on this"):
        await bench.network.join(phone)


async def test_an_actor_that_leaves_closes_ports_and_flows_in_order(bench: Bench) -> None:
    node, phone = Talker("ucm"), Talker("phone")
    _, address = await bench.serve(node)
    await bench.network.join(phone)
    await bench.connect(phone, address)
    await bench.network.leave(phone)
    await bench.until(lambda: node.ends, "an end at the other side")
    assert [(end.by, end.clean) for end in node.ends.values()] == [("peer", True)]
    assert phone.ends == {}
    await bench.network.leave(node)
    await bench.network.join(phone)
    flow = bench.dial(phone, address)
    await bench.until(lambda: flow in phone.ends, "a refusal")
    assert "connection refused" in phone.ends[flow].detail


async def test_an_actor_that_vanishes_leaves_a_reset_behind(bench: Bench) -> None:
    node, phone = Talker("ucm"), Talker("phone")
    _, address = await bench.serve(node)
    await bench.network.join(phone)
    await bench.connect(phone, address)
    await bench.until(lambda: node.facts, "the accepted flow")
    await bench.network.drop(phone)
    await bench.until(lambda: node.ends, "an end at the other side")
    assert [(end.by, end.clean) for end in node.ends.values()] == [("network", False)]
    assert phone.ends == {}


async def test_an_actor_that_vanishes_frees_its_ports(bench: Bench, node: IssuedCertificate) -> None:
    actor = Talker("ucm")
    tls = ServerTls(credential=node.credential)
    endpoint, address = await bench.serve(actor, name="oauth", tls=tls)
    await bench.network.drop(actor)
    assert await bench.serve(actor, name="oauth", tls=tls, port=address.port)
    assert endpoint.key == ("ucm", "oauth")


async def test_an_actor_that_is_not_here_is_ignored(bench: Bench) -> None:
    phone = Talker("phone")
    await bench.network.leave(phone)
    await bench.network.drop(phone)
    bench.dial(phone, Address(bench.host, 1))
    await bench.network.until_idle()
    assert phone.calls == []
    assert bench.log.records() == []


@dataclass
class Shell:
    opened: list[str] = field(default_factory=list)

    def open(self, user: str, now: Instant) -> object:
        self.opened.append(user)
        return self


async def test_a_network_that_carries_no_terminal_says_so(bench: Bench) -> None:
    endpoint = bench.endpoint("ucm", TerminalHandler(service=Shell()), name="ssh")
    with pytest.raises(ValueError, match=r"'ssh': .*terminal"):
        await bench.network.open(endpoint)
