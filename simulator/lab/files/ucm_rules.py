"""Checks a well-formed lab file against rules of UCM's own."""

from __future__ import annotations

from registrar.core.cluster.directory import ProfileError
from registrar.core.cluster.ports import PortError
from registrar.core.ssosp import ParameterError
from simulator.lab.config.lab import LabConfig
from simulator.lab.files.yaml_source import Loaded, SourceError
from simulator.lab.site.ucm import oauth_settings
from simulator.lab.site.ucm.cluster_start import node_ports, security_profile


def check_rules(lab: LabConfig, loaded: Loaded, at: tuple[str, ...]) -> None:
    """Check ports, profiles and authorization settings. Raises SourceError.

    `at`: where the lab stands in the file.
    """
    for index, node in enumerate(lab.nodes):
        try:
            node_ports(node.ports)
        except PortError as error:
            raise _problem(loaded, str(error), *at, "nodes", index, "ports") from None
    for index, profile in enumerate(lab.profiles):
        try:
            security_profile(profile)
        except ProfileError as error:
            raise _problem(loaded, str(error), *at, "profiles", index) from None
    try:
        oauth_settings.settings(lab.cluster.authorization)
    except ParameterError as error:
        raise _problem(loaded, str(error), *at, "cluster", "authorization", "token_paths") from None


def _problem(loaded: Loaded, message: str, *path: str | int) -> SourceError:
    where = ""
    for part in path:
        where += f"[{part}]" if isinstance(part, int) else (f".{part}" if where else part)
    return SourceError(loaded.source, loaded.line_of(path), where, message)
