"""The built-in scenarios, read once in a process, and one World run of each with each TLS version it names.

Tests that only look at what a run left share its report: the same seed gives the same trace, which
`tests/simulator/lab/run/test_scenarios.py` proves for every scenario. `tests/conftest.py` gives all tests of
one scenario and TLS version to one worker.
"""

from __future__ import annotations

import os
import pickle
from functools import cache
from pathlib import Path

import pytest

from simulator.core.tls.settings import TlsVersion
from simulator.evidence.report.report import Report
from simulator.lab.files import catalogue
from simulator.lab.run.runner import run_world
from simulator.lab.steps.scenario import Scenario

SCENARIOS = tuple(catalogue.builtin())
SCENARIO = {scenario.id: scenario for scenario in SCENARIOS}
RUNS = tuple(
    pytest.param(scenario, version, id=f"{scenario.id} on TLS {version}")
    for scenario in SCENARIOS
    for version in scenario.tls
)
"""Parameters `scenario` and `tls` of every run."""
NEWEST = tuple(
    pytest.param(scenario, scenario.tls[-1], id=f"{scenario.id} on TLS {scenario.tls[-1]}")
    for scenario in SCENARIOS
)
"""The same with the newest TLS version of each scenario only."""


def world_report(scenario: Scenario | str, tls: TlsVersion) -> Report:
    """The report of a built-in scenario's World run, made when first asked for and shared by all tests."""
    return _world_report(scenario if isinstance(scenario, str) else scenario.id, tls)


@cache
def _world_report(name: str, tls: TlsVersion) -> Report:
    shared = os.environ.get("UCMSIM_TEST_REPORTS")  # by tests/conftest.py
    if shared is None:
        return run_world(SCENARIO[name], tls)
    file = Path(shared) / f"{name}-{tls}"
    if file.exists():
        kept: Report = pickle.loads(file.read_bytes())
        return kept
    report = run_world(SCENARIO[name], tls)
    written = file.with_name(f"{file.name}.{os.getpid()}")
    written.write_bytes(pickle.dumps(report))
    written.replace(file)  # another worker sees all of it or nothing
    return report
