"""`python -m benchmarks [--json FILE] [--only NAME] [--quick]`: exits 1 if a server answered wrong."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.bench import Bench, Settings
from benchmarks.cases import CASES
from benchmarks.harness import Figure, Placement, Unavailable, machine, pin, set_ratios
from benchmarks.limits import LIMITS, Measure
from benchmarks.load import UnexpectedAnswer
from benchmarks.report import table


def wanted(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """(limits, cases) to measure: all, or the named ones with the limits they are compared to.

    Raises KeyError for a name that is neither.
    """
    chosen = list(names) or [*LIMITS, *CASES]
    unknown = [name for name in chosen if name not in LIMITS and name not in CASES]
    if unknown:
        raise KeyError(", ".join(unknown))
    needed = set(chosen).union(*(CASES[name].against for name in chosen if name in CASES))
    return [name for name in LIMITS if name in needed], [name for name in CASES if name in chosen]


def run(settings: Settings, names: Iterable[str], announce: Console) -> dict[str, Figure]:
    """Measures one after the other, limits first; what this machine cannot give is skipped with a reason."""
    limits, cases = wanted(names)
    bench = Bench(settings=settings, placement=Placement.here())
    pin(bench.placement.load)
    for name in limits:
        what, unit, measure = LIMITS[name]
        figure = Figure(name=name, what=what, unit=unit, more_is_better=unit != "KiB")
        _measured(bench, figure, measure, announce)
    for name in cases:
        case = CASES[name]
        figure = Figure(
            name=name,
            what=case.what,
            unit=case.unit,
            more_is_better=case.more_is_better,
            reach=case.reach,
            against=case.against,
            elsewhere=case.elsewhere,
        )
        _measured(bench, figure, case.measure, announce)
    set_ratios(bench.figures)
    return bench.figures


def _measured(bench: Bench, figure: Figure, measure: Measure, announce: Console) -> None:
    announce.print(f"measuring {figure.name} ...", style="dim")
    try:
        measure(bench, figure)
    except Unavailable as reason:
        figure.skipped = str(reason)
    except UnexpectedAnswer as answer:
        figure.skipped, figure.wrong = f"wrong answer: {answer}", True
    bench.figures[figure.name] = figure


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this figure (repeatable)")
    parser.add_argument("--quick", action="store_true", help="a smoke run: everything once and tiny")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print("\n".join([*CASES, *LIMITS]))
        return 0
    try:
        wanted(chosen.only)
    except KeyError as unknown:
        parser.error(f"no figure is called {unknown.args[0]}; --list names them")
    begun = time.perf_counter()
    settings = Settings.smoke() if chosen.quick else Settings()
    figures = run(settings, chosen.only, Console(stderr=True))
    if chosen.json:
        document = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - begun, 1),
            "quick": chosen.quick,
            "machine": machine(),
            "figures": [figure.to_json() for figure in figures.values()],
        }
        chosen.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    # A pipe has no width, and rich would assume 80 columns.
    Console(width=None if sys.stdout.isatty() else 160).print(table(figures.values()))
    return 1 if any(figure.wrong for figure in figures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
