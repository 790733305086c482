"""What a well-formed lab or scenario file may still not say: UCM's own rules, and names other houses know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registrar.core.cluster.directory import ProfileError
from registrar.core.cluster.ports import PortError
from registrar.core.ssosp import ParameterError
from registrar.core.tokens import MUTATIONS
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.phones import TokenConfig
from simulator.lab.files.yaml_source import Loaded, SourceError
from simulator.lab.site import oauth_settings
from simulator.lab.site.builder import node_ports, security_profile
from softphone.core.settings.behaviours import Behaviour

if TYPE_CHECKING:
    from simulator.lab.config.scenario import Step

_BEHAVIOURS = {str(behaviour) for behaviour in Behaviour}


def check_rules(lab: LabConfig, loaded: Loaded, at: tuple[str, ...]) -> None:
    """`at`: where the lab stands in the file. Raises SourceError."""
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
    for index, phone in enumerate(lab.phones):
        _check_behaviours(phone.behaviours, loaded, *at, "phones", index, "behaviours")
        _check_token(phone.token, loaded, *at, "phones", index, "token")


def check_step(step: Step, loaded: Loaded, index: int) -> None:
    """Raises SourceError."""
    if step.set_behaviours is not None:
        _check_behaviours(
            step.set_behaviours.behaviours, loaded, "steps", index, "set_behaviours", "behaviours"
        )
    if step.set_token is not None:
        _check_token(step.set_token.token, loaded, "steps", index, "set_token", "token")
    if step.send is not None:
        _check_token(step.send.token, loaded, "steps", index, "send", "token")


def _check_behaviours(names: list[str], loaded: Loaded, *path: str | int) -> None:
    for name in names:
        if name not in _BEHAVIOURS:
            raise _problem(loaded, f"no behaviour {name!r} ({', '.join(sorted(_BEHAVIOURS))})", *path)


def _check_token(token: TokenConfig, loaded: Loaded, *path: str | int) -> None:
    if token.mutate is not None and token.mutate not in MUTATIONS:
        message = f"no token mutation {token.mutate!r}: `ucmsim token mutations` lists them"
        raise _problem(loaded, message, *path, "mutate")


def _problem(loaded: Loaded, message: str, *path: str | int) -> SourceError:
    where = ""
    for part in path:
        where += f"[{part}]" if isinstance(part, int) else (f".{part}" if where else part)
    return SourceError(loaded.source, loaded.line_of(path), where, message)
