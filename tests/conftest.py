"""How xdist shares the tests out: what uses the same costly thing goes to the same worker."""

from __future__ import annotations

import gc
import re
from typing import Any

import pytest

from tests.commands import end_server

RUN = re.compile(r"\[(?:.*-)?(\S+ on TLS 1\.[23])\b.*\]$")


def shared_by(test: str) -> str:
    """What a test shares with others: the World report of a scenario and TLS version, else its file."""
    run = RUN.search(test)
    return run[1] if run else test.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Schedule by `shared_by`, unless the command line names another way to distribute."""
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class BySharedThing(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return shared_by(nodeid)

    return BySharedThing(config, log)


def pytest_unconfigure() -> None:
    end_server()


def pytest_collection_finish() -> None:
    gc.freeze()  # ten thousand tests need not be looked through at every collection of garbage
