"""The lock file: pip keeps to a pin only where the extras asked of the package are written there too."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[1] / "requirements" / "dev.txt"


def pins() -> dict[str, set[str]]:
    """Canonical name -> the extras in its line of the lock file."""
    found = [Requirement(line) for line in re.findall(r"(?m)^(\w[^\\\n]*?) \\$", LOCK.read_text())]
    return {canonicalize_name(pin.name): set(pin.extras) for pin in found}


def asked(name: str, extras: set[str]) -> list[Requirement]:
    """What the installed distribution asks for, with these extras of its own."""
    try:
        lines = requires(name) or []
    except PackageNotFoundError:  # of another platform
        return []
    found = [Requirement(line) for line in lines]
    return [
        r for r in found if not r.marker or any(r.marker.evaluate({"extra": extra}) for extra in {"", *extras})
    ]


def test_an_extra_that_one_pinned_package_asks_of_another_is_pinned_as_well() -> None:
    # The pip of Python 3.11 refuses everything (--require-hashes) as soon as there is a newer release than the
    # pin of a package asked for with an extra that its pin does not name.
    locked = pins()
    assert len(locked) > 40
    assert not [
        f"{name} asks for {wanted.name}[{extra}]"
        for name, extras in locked.items()
        for wanted in asked(name, extras)
        for extra in wanted.extras
        if extra not in locked[canonicalize_name(wanted.name)]
    ]
