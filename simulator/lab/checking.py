"""`ucmsim check`: reads files without running them. A lab file has no `steps`; anything else is a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from registrar.core.directory import ProfileError
from registrar.core.ports import PortError
from registrar.core.ssosp import ParameterError
from simulator.lab import authorization, catalogue, yaml_source
from simulator.lab.build import node_ports, security_profile
from simulator.lab.config import LabConfig
from simulator.lab.scenario import Scenario, check_references
from simulator.lab.yaml_source import Loaded, SourceError


@dataclass(frozen=True, slots=True)
class Checked:
    files: int
    problems: tuple[SourceError, ...]


def check_paths(paths: Sequence[str] | None) -> Checked:
    """None: the built-in scenarios. A problem ends its file, not the check."""
    files: list[Path] = []
    problems: list[SourceError] = []
    for name in paths or [str(catalogue.builtin_folder())]:
        builtin = catalogue.builtin_folder() / name / catalogue.FILE
        path = builtin if "/" not in name and builtin.is_file() else Path(name)
        if not path.exists():
            problems.append(SourceError(name, None, "", "no such file, folder or scenario"))
            continue
        found = catalogue.files_below(path)
        if not found:
            problems.append(SourceError(name, None, "", f"no {catalogue.FILE} below this folder"))
        files += found
    ids: dict[str, Path] = {}
    for file in files:
        try:
            scenario = check_file(file)
            if scenario is not None and scenario.id in ids:
                raise SourceError(str(file), 1, "id", f"{scenario.id} is also the id of {ids[scenario.id]}")
        except SourceError as problem:
            problems.append(problem)
        else:
            if scenario is not None:
                ids[scenario.id] = file
    return Checked(len(files), tuple(problems))


def check_file(path: Path) -> Scenario | None:
    """The scenario in the file; None if it is a lab file. Raises SourceError."""
    loaded = yaml_source.read_file(path)
    if isinstance(loaded.data, dict) and "steps" not in loaded.data and "id" not in loaded.data:
        check_rules(yaml_source.build(LabConfig, loaded), loaded, ())
        return None
    scenario = yaml_source.build(Scenario, loaded)
    check_references(scenario, loaded)
    check_rules(scenario.lab, loaded, ("lab",))
    return scenario


def check_rules(lab: LabConfig, loaded: Loaded, at: tuple[str, ...]) -> None:
    """What UCM's administration would refuse, and names only other houses know. Raises SourceError."""
    from registrar.core.tokens import MUTATIONS
    from softphone.core.behaviours import Behaviour

    def problem(message: str, *path: str | int) -> SourceError:
        return SourceError(
            loaded.source, loaded.line_of((*at, *path)), ".".join(map(str, (*at, *path))), message
        )

    for index, node in enumerate(lab.nodes):
        try:
            node_ports(node.ports)
        except PortError as error:
            raise problem(str(error), "nodes", index, "ports") from None
    for index, profile in enumerate(lab.profiles):
        try:
            security_profile(profile)
        except ProfileError as error:
            raise problem(str(error), "profiles", index) from None
    try:
        authorization.settings(lab.cluster.authorization)
    except ParameterError as error:
        raise problem(str(error), "cluster", "authorization", "token_paths") from None
    behaviours = {str(behaviour) for behaviour in Behaviour}
    for index, phone in enumerate(lab.phones):
        for name in phone.behaviours:
            if name not in behaviours:
                known = ", ".join(sorted(behaviours))
                raise problem(f"no behaviour {name!r} ({known})", "phones", index, "behaviours")
        if phone.token.mutate is not None and phone.token.mutate not in MUTATIONS:
            raise problem(f"no token mutation {phone.token.mutate!r}", "phones", index, "token", "mutate")
