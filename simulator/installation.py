"""Guards the prescribed, generic package names: all five must come from one installation of ucmsim.

A project under test may own a package called `softphone` or `certs`; mixed with ours, errors would be baffling.
Imports nothing else of ours, so that it can run first.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("simulator", "registrar", "softphone", "certs", "scenarios")


class InstallationError(RuntimeError):
    """Says which package comes from where, and what to do."""


def origins() -> dict[str, Path | None]:
    """The file that each of the five names would be imported from; None if there is none."""
    found: dict[str, Path | None] = {}
    for name in PACKAGES:
        spec = find_spec(name)
        origin = spec.origin if spec is not None else None
        found[name] = Path(origin).resolve() if origin else None
    return found


def check() -> None:
    """Raises InstallationError unless all five are packages in one folder."""
    ours = Path(__file__).resolve().parent.parent
    strangers = {name: file for name, file in origins().items() if file != ours / name / "__init__.py"}
    if strangers:
        listed = "; ".join(f"{name} in {file or 'no place'}" for name, file in strangers.items())
        raise InstallationError(
            f"ucmsim lives in {ours}, but Python finds {listed}. Another project owns something of that name: "
            "run ucmsim from another directory and without PYTHONPATH (`python -I -m simulator` does both), "
            "or in a virtual environment of its own."
        )
