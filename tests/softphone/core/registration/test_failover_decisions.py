"""Failover alone: what it returns for each thing that can fail, without a connection, a timer or a clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.core.actor.flow import Address
from simulator.core.entropy import SeededEntropy
from simulator.core.events import PhoneFailedOver, PhoneRefused
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.core.sip import UCM
from softphone.core.device_file.ports import PortPlan, decide_ports
from softphone.core.device_file.view import read_config
from softphone.core.registration.context import PhoneContext
from softphone.core.registration.failover import Exhausted, Failover, Move
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import Deployment, EdgeServer, FixedToken, PhoneProfile

E1, E2 = (EdgeServer(address=Address(f"expe{number}.example.com", 5061)) for number in (1, 2))
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"
Start = Callable[..., tuple[Failover, PortPlan, PhoneContext]]


@pytest.fixture
def start(cnf: Callable[..., bytes]) -> Start:
    """A failover that has begun a round, the plan of that round, and the phone's context."""

    def start(*edges: EdgeServer, **profile: Any) -> tuple[Failover, PortPlan, PhoneContext]:
        deployment = Deployment.MRA if edges else Deployment.ON_PREM
        context = PhoneContext(
            PhoneProfile(
                device="CSFADA",
                config_urls=("http://tftp/CSFADA.cnf.xml",),
                deployment=deployment,
                edges=edges,
                **profile,
            ),
            tokens=FixedToken(),
            entropy=SeededEntropy(1),
            journal=EventLog(ManualClock(Instant(0.0))).journal(ActorId("CSFADA")),
            flows=FlowIds(),
            dialect=UCM,
        )
        plan = decide_ports(read_config(cnf()), deployment, edges=edges)
        failover = Failover(context)
        failover.begin(plan)
        return failover, plan, context

    return start


def moved(found: Move | Exhausted) -> Move:
    assert isinstance(found, Move), found
    return found


def test_a_round_goes_through_all_nodes_and_ends_with_the_reasons(start: Start) -> None:
    failover, plan, _ = start()
    first, second = plan.decisions
    assert moved(failover.first()) == Move(to=first)
    move = moved(failover.connection_failed(first, "connection refused"))
    assert move == Move(to=second, events=(PhoneFailedOver(old=SUB1, new=SUB2, why="connection refused"),))
    assert failover.node_failed(second, "no answer to REGISTER") == Exhausted(
        detail=f"{first.next_hop}: connection refused; {second.next_hop}: no answer to REGISTER"
    )


def test_an_edge_that_fails_takes_every_node_behind_it_along(start: Start) -> None:
    failover, plan, _ = start(E1, E2)
    first = moved(failover.first()).to
    move = moved(failover.connection_failed(first, "connection refused"))
    assert (first.next_hop, move.to.next_hop) == (E1.address, E2.address)
    assert move.to.node == first.node
    assert move.events == (PhoneFailedOver(old=str(E1.address), new=str(E2.address), why="connection refused"),)
    assert len(plan.decisions) == 4


@pytest.mark.parametrize("lasted", [True, False], ids=["that had lasted", "that had just begun"])
def test_a_lost_registration_comes_back_to_its_node_only_after_one(start: Start, lasted: bool) -> None:
    failover, plan, _ = start()
    first, second = plan.decisions
    failover.first()
    move = moved(failover.registration_lost(first, "connection reset", lasted=lasted))
    assert move.to == second
    again = failover.node_failed(second, "no answer")
    assert isinstance(again, Move if lasted else Exhausted)


def test_the_way_back_leads_to_the_better_node_with_the_others_to_fail_over_to(start: Start) -> None:
    failover, plan, _ = start()
    better, worse = plan.decisions
    move = failover.fall_back(worse, better)
    assert move == Move(to=better, events=(PhoneFailedOver(old=SUB2, new=SUB1, why="a better node"),))
    assert moved(failover.node_failed(better, "no answer")).to == worse


def test_a_move_is_postponed_in_a_call_and_reported_once(start: Start) -> None:
    failover, _, context = start(E1)
    assert failover.postpone("connection lost") is None
    context.conduct.behaviours = frozenset({Behaviour.IN_CALL})
    first, second = failover.postpone("connection lost"), failover.postpone("no answer to STUN")
    assert first is not None
    assert second is not None
    assert (first.first, second.first, failover.postponed) == (True, False, "connection lost")
    failover.forget_postponed()
    assert failover.postponed == ""


@pytest.mark.parametrize(
    ("status", "retry_after", "edges", "down"),
    [
        pytest.param(408, None, (E1,), True, id="a 408 from an edge"),
        pytest.param(503, None, (E1,), True, id="a 503 from an edge"),
        pytest.param(503, 10, (E1,), False, id="a 503 that says when to come again"),
        pytest.param(403, None, (E1,), False, id="a 403 from an edge"),
        pytest.param(503, None, (), False, id="a 503 inside"),
    ],
)
def test_a_refusal_means_that_the_node_is_down_only_if_an_edge_says_so(
    start: Start, status: int, retry_after: int | None, edges: tuple[EdgeServer, ...], down: bool
) -> None:
    failover, _, _ = start(*edges)
    failover.first()
    refusal = PhoneRefused(
        node=SUB1, port=5090, status=status, phrase="No", warning=None, retry_after=retry_after
    )
    assert failover.reports_node_down(refusal, registered=False) is down
