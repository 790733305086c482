"""One `ucmsim up` for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.running_lab import RunningLab, running_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("lab") / "stderr", "--port-base", "0") as running:
        yield running
