from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.registrar.core.axl.bench import WebBench


@pytest.fixture
def web() -> Iterator[WebBench]:
    made = WebBench()
    yield made
    made.database.close()
