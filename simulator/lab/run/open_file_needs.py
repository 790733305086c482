"""How many open files a lab needs: two for each connection between its own actors, which has both ends here."""

from __future__ import annotations

import errno

from simulator.aio.open_files import allowed
from simulator.lab.config.lab import LabConfig

_OVERHEAD = 64
"""Standard streams, the event loop, database, key log and control API."""
_OF_A_NODE = 16
"""Listeners of its services."""
_CONNECTION = 2
_GROUP = 3
"""Nodes that a phone keeps a connection to, at most: its own and those it may fail over to."""


def least_open_files(config: LabConfig) -> int:
    """Count what the lab needs when each phone has registered once."""
    return _fixed(config) + _CONNECTION * len(config.phones)


def most_open_files(config: LabConfig) -> int:
    """Count what it needs when each phone also keeps the connections that it may fail over to."""
    each = _CONNECTION * min(_GROUP, len(config.nodes))
    return _fixed(config) + each * len(config.phones)


def check_open_files(config: LabConfig) -> str | None:
    """Return a warning if the system allows too few for what the phones may open later.

    Raises OSError (EMFILE) if it allows too few for all of them to register; both name the limit and the need.
    """
    limit, least, most = allowed(), least_open_files(config), most_open_files(config)
    if limit is None or most <= limit:
        return None
    has = f"the system allows this process {limit:,} (`ulimit -n`; its hard limit: `ulimit -Hn`)"
    phones = f"{len(config.phones):,} phones"
    if least > limit:
        raise OSError(errno.EMFILE, f"the lab's {phones} need {least:,} open files to register, and {has}")
    return f"the lab's {phones} need up to {most:,} open files with failover, and {has}"


def _fixed(config: LabConfig) -> int:
    return _OVERHEAD + _OF_A_NODE * (len(config.nodes) + len(config.expressways))
