from __future__ import annotations

import pytest

from tests.registrar.core.platform_cli.cli_bench import Bench, Typist


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def admin(bench: Bench) -> Typist:
    return bench.session()
