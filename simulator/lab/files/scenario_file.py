"""Reads scenario files. Every problem is a SourceError, which names the file, the line and the key."""

from __future__ import annotations

from pathlib import Path

from simulator.lab.files import yaml_source
from simulator.lab.files.references import check_references
from simulator.lab.files.ucm_rules import check_rules
from simulator.lab.files.yaml_source import Loaded
from simulator.lab.steps.scenario import Scenario


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises SourceError."""
    return scenario_of(yaml_source.read_file(path))


def scenario_of(loaded: Loaded) -> Scenario:
    """Build the scenario that a file's data describe. Raises SourceError."""
    scenario = yaml_source.build(Scenario, loaded)
    check_references(scenario, loaded)
    check_rules(scenario.lab, loaded, ("lab",))
    return scenario
