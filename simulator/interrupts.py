"""Ctrl-C while a command starts: until there is something to clean up, it ends the process at once.

Python would raise it wherever it is: in an import that makes a page of traceback, and in a finaliser it is
swallowed and the command goes on.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Inside, Ctrl-C kills the process; where it is ignored (a background job) or handled, it stays so."""
    main = threading.current_thread() is threading.main_thread()  # no other may change it
    changed = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if changed:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if changed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
