"""Foreign clients: where one is not installed its tests are skipped, and say so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.running_lab import RunningLab, running_lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """A lab of its own process for the whole session (with xdist: for each worker)."""
    with running_lab(tmp_path_factory.mktemp("lab") / "stderr", "--port-base", "0") as running:
        yield running


@pytest.fixture(scope="session")
def lab_tls13(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """The same users and devices as `lab`, but every TLS listener speaks 1.3 only."""
    folder = tmp_path_factory.mktemp("lab13")
    file = folder / "lab.yaml"
    file.write_text(LAB_TLS13)
    with running_lab(folder / "stderr", file, "--port-base", "0") as running:
        yield running


LAB_TLS13 = """\
name: tls13
tls: "1.3"
nodes:
  - {name: ucm-pub, host: 127.0.0.1}
expressways:
  - {name: expc}
phones:
  - {device: CSFALICE, user: alice, dn: "1010", profile: oauth}
  - {device: CSFDAVE, user: dave, dn: "1013", profile: encrypted}
"""


def _program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed (Debian package {package})")
    return path


@pytest.fixture(scope="session")
def sipp() -> str:
    return _program("sipp", "sip-tester")


@pytest.fixture(scope="session")
def stunnel() -> str:
    return _program("stunnel4", "stunnel4")


@pytest.fixture(scope="session")
def openssl() -> str:
    return _program("openssl", "openssl")


@pytest.fixture(scope="session")
def dig() -> str:
    return _program("dig", "bind9-dnsutils")


@pytest.fixture(scope="session")
def curl() -> str:
    return _program("curl", "curl")
