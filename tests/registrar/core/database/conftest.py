from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.registrar.core.database.bench import Administered


@pytest.fixture
def ucm() -> Iterator[Administered]:
    made = Administered()
    yield made
    made.database.close()
