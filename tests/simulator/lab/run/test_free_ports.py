"""Free ports are chosen before they are bound: whoever takes one in between costs a lab only another choice."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import closing

import pytest

from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import PortsConfig
from simulator.lab.run import bound_ports
from simulator.lab.run.live import Lab, open_lab

ROLES = ("sip", "sips", "oauth", "mra", "config")
CONFIG = LabConfig.model_validate(
    {
        "nodes": [
            {
                "name": "ucm-pub",
                "host": "127.0.0.1",
                "ports": dict.fromkeys(PortsConfig.model_fields, 0),
            }
        ],
        "expressways": [{"name": "expc", "port": 0}],
    }
)


def lab() -> Lab:
    """Its ports are chosen, none is bound yet."""
    return Lab(
        CONFIG,
        virtual_ports=False,
        host="127.0.0.1",
        keep=None,
        keylog=None,
        capture=None,
        state=None,
        syslog=None,
        patience=None,
    )


def chosen(lab: Lab) -> dict[str, int]:
    (node,) = lab.site.config.nodes
    return {**{role: getattr(node.ports, role) for role in ROLES}, "edge": lab.site.config.expressways[0].port}


@pytest.mark.parametrize("role", [*ROLES, "edge"])
async def test_a_port_that_is_taken_after_it_was_chosen_is_replaced(role: str) -> None:
    ours = lab()
    before = chosen(ours)
    with closing(socket.create_server(("127.0.0.1", before[role]))):
        await ours.start()
        try:
            after = chosen(ours)
            assert after[role] != before[role]
            assert {key: port for key, port in after.items() if key != role} == {
                key: port for key, port in before.items() if key != role
            }
        finally:
            await ours.shut_down()


async def test_udp_of_5060_counts_too() -> None:
    ours = lab()
    before = chosen(ours)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as squatter:
        squatter.bind(("127.0.0.1", before["sip"]))
        await ours.start()
        await ours.shut_down()
    assert chosen(ours)["sip"] != before["sip"]


def few_ports() -> range:
    """64 ports, others for each process: suites that run side by side must not wait for each other's."""
    first = 20_000 + os.getpid() % 180 * 64
    return range(first, first + 64)


async def test_labs_that_start_at_once_do_not_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.lab.run.free_ports.RANGE", few_ports())
    labs = [lab() for _ in range(4)]
    assert len({port for one in labs for port in chosen(one).values()}) < 24, "some chose the same"
    started = await asyncio.gather(*(one.start() for one in labs), return_exceptions=True)
    try:
        assert not [error for error in started if error is not None]
        assert len({port for one in labs for port in chosen(one).values()}) == 24
    finally:
        for one in labs:
            await one.shut_down()


async def test_a_port_that_was_asked_for_by_number_is_not_replaced() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as squatter:
        config = CONFIG.model_copy(
            update={
                "expressways": [CONFIG.expressways[0].model_copy(update={"port": squatter.getsockname()[1]})]
            }
        )
        with pytest.raises(OSError, match="in use"):
            async with open_lab(config, virtual_ports=False):
                pass


async def test_a_scenarios_port_that_is_taken_after_it_was_chosen_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choose = bound_ports._free_port
    with closing(socket.create_server(("127.0.0.1", 0))) as squatter:
        choices = iter([squatter.getsockname()[1]])
        monkeypatch.setattr(bound_ports, "_free_port", lambda host: next(choices, 0) or choose(host))
        async with open_lab(LabConfig(), virtual_ports=True) as started:
            assert started.site.phones.actors == {}
    assert next(choices, None) is None, "the taken port was never tried"
