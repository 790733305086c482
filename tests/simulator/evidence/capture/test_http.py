"""Requests in plain HTTP stand in a capture as they were on the wire, on both drivers."""

from __future__ import annotations

import asyncio

import pytest

from simulator.core.events import ConfigServed, FlowClosed, FlowOpened
from simulator.evidence.capture import Capture
from simulator.evidence.report.report import DriverName
from simulator.lab.files import catalogue
from simulator.lab.run.runner import run_live, run_world


@pytest.mark.parametrize("driver", ["world", "lab"])
def test_a_configuration_file_from_6970_is_in_the_events_and_in_the_capture(driver: DriverName) -> None:
    (scenario,) = catalogue.find(["registers-on-5090"])
    with Capture() as capture:
        if driver == "world":
            report = run_world(scenario, "1.3", capture=capture)
        else:
            report = asyncio.run(run_live(scenario, "1.3", capture=capture))
    assert report.passed, report.failures
    assert report.pcapng is not None
    assert b"GET /CSFALICE.cnf.xml HTTP/1.1\r\nHost: ucm-pub.lab.example:6970\r\n" in report.pcapng
    assert b"HTTP/1.1 200 OK\r\n" in report.pcapng
    assert b"<sipOAuthPort>5090</sipOAuthPort>" in report.pcapng

    at_node = [record for record in report.records if record.actor == "ucm-pub"]
    (opened,) = [r for r in at_node if isinstance(r.event, FlowOpened) and r.event.listener == "config"]
    assert isinstance(opened.event, FlowOpened)
    assert opened.event.transport == "tcp"
    assert opened.event.local.endswith(":6970"), "the documented port, whatever was bound"
    (closed,) = [r for r in at_node if isinstance(r.event, FlowClosed) and r.flow == opened.flow]
    (served,) = [r for r in at_node if isinstance(r.event, ConfigServed)]
    assert opened.seq < served.seq < closed.seq
    dialled = [r.event for r in report.records if r.actor == "CSFALICE" and isinstance(r.event, FlowOpened)]
    assert dialled[0].remote.endswith(":6970")
