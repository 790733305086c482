"""A ladder as SVG: one strip for each row, so that a page can put something between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from simulator.evidence.ladder.lanes import lanes_of
from simulator.evidence.ladder.row import LadderRow, Tone
from simulator.evidence.ladder.text import NO_CAPTIONS, wrap

_LEFT, _LANE, _EDGE = 84, 250, 130
"""Pixels of the time column, between two lanes, and from the last lane to the right edge."""
_LINE, _CHARACTER = 17, 6.9
"""Height of a line of text and mean width of a character at 13 px."""
_PADDING = 9
_COLORS: dict[Tone, str] = {
    "good": "#116329",
    "bad": "#cf222e",
    "plain": "#1f2328",
    "quiet": "#0550ae",
    "step": "#7d4e00",
}
_FILLS: dict[Tone, str] = {
    "good": "#dafbe1",
    "bad": "#ffebe9",
    "plain": "#f6f8fa",
    "quiet": "#ddf4ff",
    "step": "#fff8c5",
}
STYLE = "text{font:13px system-ui,'Segoe UI','DejaVu Sans',sans-serif}.time{fill:#59636e;font-size:11px}"
"""For every SVG of ours: into its own <style>, or once into the page."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One row as SVG elements, drawn from y=0 down to `height`."""

    row: LadderRow | None
    height: int
    body: str


@dataclass(frozen=True, slots=True)
class _Layout:
    x: dict[str, int]
    width: int


def strips(rows: Sequence[LadderRow], captions: Mapping[str, str] = NO_CAPTIONS) -> tuple[int, list[Strip]]:
    """Draw (width, strips): the lanes' names and captions, then one strip for each row. Empty without lanes."""
    lanes = lanes_of(rows)
    if not lanes:
        return 0, []
    x = {lane: _LEFT + _EDGE + index * _LANE for index, lane in enumerate(lanes)}
    layout = _Layout(x=x, width=_LEFT + 2 * _EDGE + (len(lanes) - 1) * _LANE)
    out = [_head(layout, captions)]
    shown = ""
    for row in rows:
        stamp = f"{row.at:.3f} s"
        out.append(_strip(row, layout, stamp if stamp != shown else ""))
        shown = stamp
    return layout.width, out


def svg(rows: Sequence[LadderRow], *, title: str = "", captions: Mapping[str, str] = NO_CAPTIONS) -> str:
    """Draw one picture; details show under the pointer."""
    width, drawn = strips(rows, captions)
    y, body = 0, []
    for strip in drawn:
        body.append(f'<g transform="translate(0 {y})">{strip.body}</g>')
        y += strip.height
    named = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" viewBox="0 0 {width} {y}" '
        f'role="img">{named}<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(body)}</svg>\n"
    )


def piece(strip: Strip, width: int) -> str:
    """Draw one strip as an SVG element of a page."""
    return (
        f'<svg width="{width}" height="{strip.height}" viewBox="0 0 {width} {strip.height}" '
        f'aria-hidden="true">{strip.body}</svg>'
    )


def _head(layout: _Layout, captions: Mapping[str, str]) -> Strip:
    height = 66 if captions else 48
    out = []
    for lane, x in layout.x.items():
        name = lane if len(lane) <= 30 else lane[:29] + "…"
        half = max(45, round(len(name) * _CHARACTER / 2) + 12)
        out.append(_line(x, 38, height))
        caption = captions.get(lane)
        if caption:
            out.append(f'<text x="{x}" y="55" text-anchor="middle" {_HALO}>{escape(caption)}</text>')
        out.append(f'<rect x="{x - half}" y="8" width="{2 * half}" height="30" rx="6" fill="#1f2328"/>')
        out.append(
            f'<text x="{x}" y="28" text-anchor="middle" fill="#fff" font-weight="600">{escape(name)}</text>'
        )
    return Strip(None, height, "".join(out))


def _strip(row: LadderRow, layout: _Layout, stamp: str) -> Strip:
    if row.lane is None:
        height, body = _banner(row, layout)
    elif row.to is None or row.to == row.lane:
        height, body = _note(row, layout)
    else:
        height, body = _arrow(row, layout)
    lines = "".join(_line(x, 0, height) for x in layout.x.values())
    time = f'<text class="time" x="8" y="{height / 2 + 4:g}">{stamp}</text>' if stamp else ""
    tip = f"<title>{escape(row.detail)}</title>" if row.detail else ""
    return Strip(row, height, f"{lines}{time}<g>{tip}{body}</g>")


def _line(x: int, top: int, bottom: int) -> str:
    return f'<line x1="{x}" y1="{top}" x2="{x}" y2="{bottom}" stroke="#d1d9e0" stroke-width="2"/>'


def _banner(row: LadderRow, layout: _Layout) -> tuple[int, str]:
    parts = wrap(row.text, int((layout.width - _LEFT - 40) / _CHARACTER))
    height = len(parts) * _LINE + 2 * _PADDING
    weight = ' font-weight="600"' if row.tone == "step" else ""
    box = (
        f'<rect x="{_LEFT - 10}" y="4" width="{layout.width - _LEFT}" height="{height - 8}" rx="4" '
        f'fill="{_FILLS[row.tone]}"/>'
    )
    return height, box + _texts(parts, _LEFT + 4, _PADDING, row.tone, extra=weight)


def _note(row: LadderRow, layout: _Layout) -> tuple[int, str]:
    assert row.lane is not None
    parts = wrap(row.text, int((_LANE - 34) / _CHARACTER))
    height = len(parts) * _LINE + 2 * _PADDING
    half = min(_LANE // 2 - 6, round(max(map(len, parts)) * _CHARACTER / 2) + 12)
    x = layout.x[row.lane]
    box = (
        f'<rect x="{x - half}" y="4" width="{2 * half}" height="{height - 8}" rx="6" fill="{_FILLS[row.tone]}" '
        f'stroke="{_COLORS[row.tone]}" stroke-opacity=".45"/>'
    )
    return height, box + _texts(parts, x, _PADDING, row.tone, extra=' text-anchor="middle"')


def _arrow(row: LadderRow, layout: _Layout) -> tuple[int, str]:
    assert row.lane is not None
    assert row.to is not None
    start, end = layout.x[row.lane], layout.x[row.to]
    span = abs(end - start)
    parts = wrap(row.text, int((span - 30) / _CHARACTER))
    y = len(parts) * _LINE + 8
    height, color = y + 12, _COLORS[row.tone]
    direction = 1 if end > start else -1
    weight = ' font-weight="600"' if row.tone == "bad" else ""
    labels = _texts(parts, (start + end) // 2, 2, row.tone, extra=f' text-anchor="middle"{weight} {_HALO}')
    dash = ' stroke-dasharray="6 4"' if row.tone == "quiet" else ""
    thick = 2.5 if row.tone == "bad" else 1.6
    tip = end - direction * 2
    back = tip - direction * 10
    shaft = f'<line x1="{start}" y1="{y}" x2="{back}" y2="{y}" stroke="{color}" stroke-width="{thick}"{dash}/>'
    head = f'<path d="M{tip} {y}L{back} {y - 5}L{back} {y + 5}Z" fill="{color}"/>'
    return height, labels + shaft + head


_HALO = 'stroke="#fff" stroke-width="4" paint-order="stroke" stroke-linejoin="round"'


def _texts(parts: Sequence[str], x: int, top: int, tone: Tone, *, extra: str = "") -> str:
    return "".join(
        f'<text x="{x}" y="{top + index * _LINE + 13}" fill="{_COLORS[tone]}"{extra}>{escape(part)}</text>'
        for index, part in enumerate(parts)
    )
