"""The pytest plugin of ucmsim: a simulated UCM for your tests, in a process of its own, on free ports.

`ucmsim_lab` lends a running lab that looks as if it had just started; `@pytest.mark.ucmsim(...)` shapes it;
`ucmsim_token` mints tokens in it, `ucmsim_phone` runs its Jabbers. There is one lab for each shape and session,
hence for each xdist worker, reset in milliseconds between tests. What a failed test needs to be understood, the
checklist and the ladder, is added to its report; what goes wrong inside the lab fails the test.

No event loop either: every call is a plain blocking one of a few milliseconds, fit for sync and async tests.

The parts lie in simulator/plugin, but are loaded as `pytest_ucmsim.lab` and so on: nothing here may import a
package called `simulator`, `softphone` or `certs`, for these may be the project's own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

__path__ = [str(Path(__file__).with_name("simulator") / "plugin")]

if TYPE_CHECKING:
    from simulator.plugin.control import ControlClient, Record
    from simulator.plugin.lab import UcmsimLab
    from simulator.plugin.labs import Labs, shape_of
    from simulator.plugin.phone import Phone
    from simulator.plugin.process import LabError
else:
    from pytest_ucmsim.control import ControlClient, Record
    from pytest_ucmsim.lab import UcmsimLab
    from pytest_ucmsim.labs import Labs, shape_of
    from pytest_ucmsim.phone import Phone
    from pytest_ucmsim.process import LabError

__all__ = ["ControlClient", "LabError", "Phone", "Record", "UcmsimLab"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "ucmsim_python", "Python that runs ucmsim's labs (default: the one that runs pytest)", default=""
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "ucmsim(lab=None, **changes): shape of the test's lab; `lab` is a lab file or its content as a dict, "
        'everything else a key of it: tls="1.3", cluster={...}, phones=[...].',
    )


def pytest_report_header(config: pytest.Config) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("ucmsim")
    except PackageNotFoundError:
        number = "of unknown version"
    return f"ucmsim: {number}, labs run as {' '.join(_command(config))}"


_LAB = pytest.StashKey["UcmsimLab"]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]
    lab = item.stash.get(_LAB, None)
    if lab is not None and report.failed:
        report.sections += lab._evidence()
    return report  # type: ignore[return-value]


@pytest.fixture(scope="session")
def _ucmsim_labs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Labs]:
    labs = Labs(_command(request.config), tmp_path_factory.mktemp("ucmsim"))
    yield labs
    labs.close()


@pytest.fixture
def ucmsim_lab(request: pytest.FixtureRequest, _ucmsim_labs: Labs) -> Iterator[UcmsimLab]:
    """A running lab as after its start, shaped by the test's `ucmsim` marks. Errors in it fail the test."""
    trouble = ""
    try:
        lab = _ucmsim_labs.lend(shape_of(request.node))
    except LabError as error:
        trouble = f"ucmsim: {error}"
    if trouble:
        pytest.fail(trouble, pytrace=False)
    request.node.stash[_LAB] = lab
    yield lab
    faults = lab._faults()
    if faults:
        pytest.fail("ucmsim: an error inside the lab\n" + "\n".join(faults), pytrace=False)


@pytest.fixture
def ucmsim_token(ucmsim_lab: UcmsimLab) -> Callable[..., str]:
    """`ucmsim_token(user, *, mutate=None, lifetime=3600, device=None)`: an access token of the lab's cluster.

    `mutate` makes it wrong in one way; `ucmsim token mutations` lists them.
    """

    def mint(user: str, *, mutate: str | None = None, lifetime: int = 3600, device: str | None = None) -> str:
        __tracebackhide__ = True
        asked = {"user": user, "mutate": mutate, "lifetime": lifetime, "device": device}
        return str(ucmsim_lab.control.post("/tokens", asked)["token"])

    return mint


@pytest.fixture
def ucmsim_phone(ucmsim_lab: UcmsimLab) -> Callable[..., Phone]:
    """`ucmsim_phone(device, *, behaviours=None, token=None, start=True)`: one of the lab's Jabbers.

    `behaviours` are scripted misbehaviours (`ucmsim list --behaviours`), `token` is the `token` part of a phone
    in a lab file, e.g. {"mutate": "expired"}.
    """

    def phone(
        device: str,
        *,
        behaviours: list[str] | None = None,
        token: Mapping[str, object] | None = None,
        start: bool = True,
    ) -> Phone:
        __tracebackhide__ = True
        return Phone(ucmsim_lab, device, {"behaviours": behaviours, "token": token}, start=start)

    return phone


def _command(config: pytest.Config) -> list[str]:
    # -I: neither the working directory nor PYTHONPATH, so that packages of the project are not taken for ours.
    return [config.getini("ucmsim_python") or sys.executable, "-I", "-m", "simulator"]
