"""The figures as a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from benchmarks.harness import Figure


def table(figures: Iterable[Figure]) -> Table:
    out = Table(box=None, title="ucmsim benchmarks, medians", title_justify="left", show_edge=False)
    for heading in (
        "figure",
        "value",
        "",
        "reach for",
        "as a multiple of",
        "core used (and a whole one gives): server, client",
    ):
        numeric = heading in ("value", "reach for")
        out.add_column(heading, justify="right" if numeric else "left", no_wrap=heading != "as a multiple of")
    for figure in figures:
        if figure.skipped is not None:
            out.add_row(figure.name, "-", figure.unit, "", f"skipped: {figure.skipped}", "")
            continue
        sign = "≥" if figure.more_is_better else "≤"
        out.add_row(
            figure.name,
            _number(figure.value),
            figure.unit,
            "" if figure.reach is None else f"{sign} {_number(figure.reach)}",
            ", ".join(f"{name} {ratio:.2f}" for name, ratio in figure.ratios.items()),
            _shares(figure),
        )
    return out


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:,.3g}"


def _shares(figure: Figure) -> str:
    notes = figure.notes
    if "client_ceiling" not in notes:
        return ""
    server = notes.get("server_core_share", "?")
    ceiling = _number(float(notes["client_ceiling"]))
    return f"{server} ({_number(figure.comparable)}/s), {notes['client_core_share']} ({ceiling}/s)"
