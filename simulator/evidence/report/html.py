"""Pages of a run that need nothing but a browser: the run's own page, and the index of many.

Each row of the ladder is folded: a click shows the whole message (redacted) or the certificates of a handshake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby

from simulator.evidence import ladder
from simulator.evidence.explain import SHOWN, Attempt, failures
from simulator.evidence.ladder import svg_picture
from simulator.evidence.report.report import Report, Tally

Link = tuple[str, str]
"""(file name, title)."""

_STYLE = files("simulator.evidence.report").joinpath("pages.css").read_text(encoding="utf-8")
_STATE = {"pass": "good", "fail": "bad", "not_reached": "skip", "unseen": "skip"}


def run_page(report: Report, links: Sequence[Link] = ()) -> str:
    """Write the page of one run: verdict, every attempt explained, the ladder."""
    attempts = report.attempts()
    body = [
        f"<h1>{escape(report.title)}</h1>",
        f'<p class="quiet">{escape(report.name)}, seed {report.seed}, {report.seconds:.2f} s '
        f"{_verdict(report)}</p>",
        _failures(report),
        _links(links),
        "<h2>What was tried</h2>",
        *(_attempt(attempt, shown=attempt in failures(attempts)[:1]) for attempt in attempts),
        "" if attempts else "<p>Nobody tried to connect or to register.</p>",
        "<h2>What was said</h2>",
        '<p class="quiet">A click on a row shows the whole message, or the certificates.</p>',
        _ladder(report),
    ]
    return _page(report.title, body)


def index_page(rows: Mapping[str, Sequence[str]], tally: Tally, links: Sequence[Link] = ()) -> str:
    """Draw the page over all runs: of each group the rows that `index_row` drew."""
    body = [
        "<h1>ucmsim</h1>",
        f'<p class="quiet">{tally}, {tally.seconds:.1f} s. Not affiliated with Cisco.</p>',
        _links(links),
    ]
    for group, of_group in rows.items():
        body.append(
            f"<h2>{escape(group)}</h2><table class=index><tr><th></th><th>scenario</th>"
            "<th>first check that failed, and the remedy</th><th>files</th></tr>"
        )
        body += of_group
        body.append("</table>")
    return _page("ucmsim", body)


def index_row(report: Report, folder: str, files: Sequence[Link]) -> str:
    """Draw the row of one run on the page over all runs; `folder` is where its files are."""
    first = next(iter(failures(report.attempts())), None)
    failure = first.failure if first else None
    seen = (
        f"{escape(failure.title)}<br><span class=quiet>{escape(failure.evidence.partition(';')[0])}</span>"
        if failure
        else "none"
    )
    if first is not None and first.advice:
        several = "Most likely remedy" if len(first.advice) > 1 else "Remedy"
        seen += f"<br><b>{several}.</b> {escape(first.advice[0].remedy)}"
    wrong = "".join(f"<br>{escape(text)}" for text in report.failures)
    page = f"<b>{escape(report.title)}</b>"
    if files:
        page = f'<a href="{escape(f"{folder}/{files[0][0]}")}">{page}</a>'
    shown = " · ".join(f'<a href="{escape(f"{folder}/{name}")}">{escape(title)}</a>' for name, title in files)
    return (
        f"<tr><td>{_verdict(report)}</td><td>{page}<br>"
        f"<span class=quiet>{escape(report.name)}, {report.seconds:.2f} s</span>{wrong}</td>"
        f"<td>{seen}</td><td>{shown}</td></tr>"
    )


def _page(title: str, body: Iterable[str]) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}{svg_picture.STYLE}</style><body>{''.join(body)}</body></html>\n"
    )


def _verdict(report: Report) -> str:
    if report.environment:
        return _badge("bad", "no proof")
    return _badge("good", "as expected") if report.passed else _badge("bad", "not as expected")


def _badge(kind: str, text: str) -> str:
    return f'<span class="{kind}">{escape(text)}</span>'


def _failures(report: Report) -> str:
    items = "".join(f"<li>{escape(failure)}</li>" for failure in report.failures)
    return f"<ul>{items}</ul>" if items else ""


def _links(links: Sequence[Link]) -> str:
    shown = " · ".join(f'<a href="{escape(name)}">{escape(title)}</a>' for name, title in links)
    return f"<p>{shown}</p>" if shown else ""


def _attempt(attempt: Attempt, *, shown: bool) -> str:
    badge = _badge("good", "ok") if attempt.passed else _badge("bad", "failed")
    failure = attempt.failure
    failed = f"<p><b>{escape(failure.title)}:</b> {escape(failure.evidence)}</p>" if failure else ""
    advice = "".join(
        f'<div class="advice"><p><b>Cause.</b> {escape(one.cause)} <span class=quiet>[{one.mark}]</span></p>'
        f"<p><b>Remedy.</b> {escape(one.remedy)}</p>"
        f"<p><b>To see it on a real UCM.</b> {escape(one.verify)}</p></div>"
        for one in attempt.advice
    )
    checks = f"<table class=checks>{''.join(_checks(attempt))}</table>"
    if failure:
        checks = f"<details><summary>every check, in order</summary>{checks}</details>"
    return (
        f'<details class="attempt"{" open" if shown else ""}><summary>{badge} <b>{attempt.number}.</b> '
        f"{escape(attempt.title)}: {escape(attempt.outcome)} "
        f"<span class=quiet>at {attempt.at:.3f} s</span></summary>{failed}{advice}{checks}</details>"
    )


def _checks(attempt: Attempt) -> Iterable[str]:
    """Table rows; checks that were not reached share one."""
    for leg, of_leg in groupby(attempt.rows, key=lambda row: row.leg):
        if leg:
            yield f"<tr><th colspan=3>{escape(leg)}</th></tr>"
        for state, rows in groupby(of_leg, key=lambda row: row.state):
            badge = _badge(_STATE[state], SHOWN[state])
            if state in ("not_reached", "unseen"):
                titles = escape("; ".join(row.title for row in rows))
                yield f"<tr><td>{badge}</td><td colspan=2 class=quiet>{titles}</td></tr>"
                continue
            for row in rows:
                yield f"<tr><td>{badge}</td><td>{escape(row.title)}</td><td>{escape(row.evidence)}</td></tr>"


def _ladder(report: Report) -> str:
    width, strips = ladder.strips(ladder.rows_of(report.records), ladder.captions_of(report.records))
    parts = []
    for strip in strips:
        drawn, row = svg_picture.piece(strip, width), strip.row
        if row is None or not row.detail:
            parts.append(f"<div>{drawn}</div>")
            continue
        name = f"{row.text}, {row.lane} to {row.to}" if row.to else row.text
        parts.append(
            f'<details><summary aria-label="{escape(name)}">{drawn}</summary>'
            f"<pre>{escape(row.detail)}</pre></details>"
        )
    return f'<div class="ladder">{"".join(parts)}</div>'
