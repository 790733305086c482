"""How xdist shares the tests out: what uses the same costly thing goes to the same worker."""

from __future__ import annotations

import gc
import os
import re
import shutil
import tempfile
from typing import Any

import pytest

from tests.commands import end_server

REPORTS = "UCMSIM_TEST_REPORTS"
"""The environment variable with the folder of World reports that workers share."""
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


def pytest_configure(config: pytest.Config) -> None:
    """Give the workers a folder for the World reports that they share."""
    if getattr(config.option, "tx", None):
        os.environ[REPORTS] = tempfile.mkdtemp(prefix="ucmsim-reports-")


def pytest_unconfigure(config: pytest.Config) -> None:
    end_server()
    if getattr(config.option, "tx", None):
        shutil.rmtree(os.environ.pop(REPORTS), ignore_errors=True)


def pytest_collection_finish() -> None:
    gc.freeze()  # ten thousand tests need not be looked through at every collection of garbage
