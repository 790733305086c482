"""Checks that a scenario names only phones, nodes, Expressways and clients that there are."""

from __future__ import annotations

from simulator.lab.config.lab import LabConfig
from simulator.lab.files.yaml_source import Loaded, SourceError
from simulator.lab.steps.scenario import Scenario
from simulator.lab.steps.step import ReferenceKind

_OTHER_ACTORS = {"lab", "dns", "dns-outside"}


def check_references(scenario: Scenario, loaded: Loaded) -> None:
    """Check every name in the steps against the lab.

    Raises SourceError for the first one that is not in the lab, and for a client whose name is.
    """
    names = _names(scenario.lab)
    names["actor"] = names["actor"] | {client for step in scenario.steps for client in step.clients()}
    taken = names["phone"] | names["node or Expressway"]
    for index, step in enumerate(scenario.steps):
        for reference in step.references():
            known = names[reference.kind]
            if reference.name not in known:
                listed = ", ".join(sorted(known)) or "none"
                problem = f"no {reference.kind} {reference.name!r} in this lab ({listed})"
                raise _problem(loaded, problem, index, *reference.path)
        for client in step.clients():
            if client in taken:
                problem = f"the lab already has a {client!r}: a foreign client needs another name"
                raise _problem(loaded, problem, index)


def _names(lab: LabConfig) -> dict[ReferenceKind, set[str]]:
    phones = {phone.device for phone in lab.phones}
    nodes = {node.name for node in lab.nodes}
    expressways = {expressway.name for expressway in lab.expressways}
    expressways |= {expressway.edge.name for expressway in lab.expressways if expressway.edge}
    return {
        "phone": phones,
        "node": nodes,
        "Expressway": expressways,
        "node or Expressway": nodes | expressways,
        "phone or Expressway": phones | expressways,
        "actor": phones | nodes | expressways | _OTHER_ACTORS,
    }


def _problem(loaded: Loaded, problem: str, index: int, *path: str | int) -> SourceError:
    return SourceError(loaded.source, loaded.line_of(("steps", index, *path)), f"steps[{index}]", problem)
