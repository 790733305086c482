"""Guards the prescribed, generic package names: all five must come from one installation of ucmsim.

A project under test may own a package called `softphone` or `certs`; mixed with ours, errors would be baffling.
Imports nothing else of ours, so that it can run first.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("simulator", "registrar", "softphone", "certs", "scenarios")


class InstallationError(RuntimeError):
    """Says which package comes from where, and what to do."""


def roots() -> dict[str, Path | None]:
    """The folder each of the five packages is found in; None if it is not found or is no regular package."""
    found: dict[str, Path | None] = {}
    for name in PACKAGES:
        spec = find_spec(name)
        origin = spec.origin if spec is not None else None
        found[name] = Path(origin).resolve().parent.parent if origin else None
    return found


def check() -> None:
    """Raises InstallationError unless all five packages stand in one folder."""
    ours = Path(__file__).resolve().parent.parent
    strangers = {name: root for name, root in roots().items() if root != ours}
    if strangers:
        listed = "; ".join(f"{name} from {root or 'nowhere'}" for name, root in strangers.items())
        raise InstallationError(
            f"ucmsim lives in {ours}, but Python finds {listed}. Another project owns a package of that name: "
            "run ucmsim out of process (`python -I -m simulator`) or from another directory."
        )


def python_version() -> str:
    return sys.version.split()[0]
