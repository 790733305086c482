"""How tables, open ports and times look on the CLI."""

from __future__ import annotations

from collections.abc import Iterable

from registrar.core.database import QueryResult
from registrar.core.platform_cli.administration import OpenPort
from simulator.core.instant import Instant, to_datetime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def render_rows(result: QueryResult) -> list[str]:
    """Render the answer of `run sql`: a header, a ruler of `=`, then rows.

    Every cell is padded, the last one too, as clients cut columns by the ruler. [observed in about twenty
    listings: administration 6.3]
    """
    table = [["NULL" if cell is None else cell for cell in row] for row in result.rows]
    widths = [
        max(_width(cell) for cell in (name, *(row[index] for row in table)))
        for index, name in enumerate(result.columns)
    ]
    lines = [list(result.columns), ["=" * width for width in widths], *table]
    return [" ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines]


def _width(cell: str) -> int:
    return max(map(len, cell.splitlines()), default=0)


def render_ports(ports: Iterable[OpenPort]) -> list[str]:
    """Render sockets as `lsof` does. [observed: administration 6.4; its column widths are kept]

    File descriptors and device numbers are made up: by position in the node's list.
    """
    lines = []
    for number, port in enumerate(ports):
        name = f"{port.local}->{port.remote} (ESTABLISHED)" if port.remote else port.local
        if port.protocol == "TCP" and not port.remote:
            name += " (LISTEN)"
        lines.append(
            f"{port.process:<8} {port.pid:>5} {port.user:>8} {f'{number + 11}u':>4}  {port.family} "
            f"{60853 + number:>7} {'0t0':>8} {port.protocol:>4} {name}"
        )
    return lines


def ctime(instant: Instant) -> str:
    """Render a time as `Mon Jul  1 13:44:09 2019` [observed]; UTC, independent of the locale."""
    t = to_datetime(instant)
    return f"{_DAYS[t.weekday()]} {_MONTHS[t.month - 1]} {t.day:2d} {t:%H:%M:%S} {t.year}"
