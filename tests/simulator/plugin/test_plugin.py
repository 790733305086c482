"""The plugin as a project meets it: each test is a pytest of its own, in a process of its own."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.patience import patience

pytest_plugins = ["pytester"]

INSIDE = Path(__file__).parent / "inside"
INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings =
    error
    ignore:.*cannot be rewritten; _editable_impl_ucmsim:pytest.PytestAssertRewriteWarning
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makefile(".ini", pytest=INI)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=patience())


def python(project: pytest.Pytester, body: str) -> None:
    """Has the project's labs run by a Python that does `body` first."""
    script = project.path / "python"
    script.write_text(
        f"#!{sys.executable}\n{body}\nimport sys\nfrom simulator.__main__ import main\n"
        'sys.argv = ["ucmsim", *sys.argv[4:]]\nmain()\n'
    )
    script.chmod(0o755)
    project.makefile(".ini", pytest=f"{INI}ucmsim_python = {script}\n")


def test_every_fixture_does_what_it_says(project: pytest.Pytester) -> None:
    project.makepyfile(test_using=(INSIDE / "using.py").read_text())
    project.makefile(".yaml", lab=(INSIDE / "lab.yaml").read_text())
    result = run(project)
    result.assert_outcomes(passed=23)
    result.stdout.fnmatch_lines([f"ucmsim: [0-9]*, labs run as {sys.executable} -I -m simulator"])


FAILURES = {
    "test_somebody_else_is_registered": "expected CSFALICE registered; registered: CSFBOB",
    "test_registered_elsewhere": "expected CSFALICE registered at ucm-sub; it is registered at ucm-pub",
    "test_refused_instead": "expected CSFALICE registered; nobody is registered\n"
    r"E +nearest: #\d+ ucm-pub registrar:challenged device=CSFALICE reason=expired status=407",
    "test_still_registered": "expected CSFALICE not to be registered; it is: device=CSFALICE dn=1010",
    "test_rejected_for_another_reason": "expected CSFALICE rejected: profile_not_oauth\n"
    r"E +nearest: #\d+ ucm-pub registrar:rejected device=CSFALICE reason=subject_device_mismatch status=403",
    "test_accepted_instead": "expected somebody rejected: expird; nothing was rejected\n"
    r"E +seen instead: #\d+ ucm-pub registrar:accepted device=CSFALICE what=registered expires=120\n"
    "E +there is no reason 'expird': did you mean expired?",
    "test_another_alert": "expected TLS alert certificate_expired by server; nearest: #.* alert=48 "
    "alert_name=unknown_ca .* refused by the client",
    "test_no_alert_at_all": r"expected TLS alert unknown_ca; no handshake was refused; last finished: #\d+",
    "test_an_assertion_of_the_users_own": r"assert \[\] != \[\]",
    "test_an_unknown_key": r"the lab did not start: --set: phones\[0\].colour: unknown key",
    "test_a_missing_lab_file": "the lab did not start: .*missing.yaml: No such file or directory",
    "test_a_mark_with_positional_arguments": r"the ucmsim mark takes keyword arguments only, not \('1.3',\)",
    "test_a_mutation_there_is_not": "there is no token mutation 'expird'; did you mean expired",
}


def test_a_failure_shows_the_nearest_miss_the_checklist_and_the_ladder(project: pytest.Pytester) -> None:
    project.makepyfile(test_failing=(INSIDE / "failing.py").read_text())
    result = run(project)
    result.assert_outcomes(failed=10, errors=3)
    titles = re.compile(r"^_{3,} (?:ERROR at setup of )?(\w+) _{3,}$", re.MULTILINE)
    _, *parts = titles.split(result.stdout.str())
    reports = dict(zip(parts[::2], parts[1::2], strict=True))
    assert reports.keys() == FAILURES.keys()
    for name, text in FAILURES.items():
        assert re.search(text, reports[name]), reports[name]
        assert not re.search(r"(pytest_ucmsim|plugin/\w+)\.py:\d", reports[name]), "its own lines are no news"
        if "the lab did not start" not in text and "keyword" not in text:
            assert " ucmsim explain " in reports[name]
            assert " ucmsim ladder " in reports[name]
    assert "403 Forbidden" in reports["test_an_assertion_of_the_users_own"]
    assert re.search(r"FAIL +Token's user may use the device", reports["test_an_assertion_of_the_users_own"])
    assert "Remedy: Set the device's Owner User ID" in reports["test_an_assertion_of_the_users_own"]
    assert "nobody tried to connect" in reports["test_a_mutation_there_is_not"]


def test_each_xdist_worker_has_a_lab_of_its_own(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(12))
        def test_it(number, ucmsim_lab, ucmsim_phone, worker_id, request):
            assert ucmsim_lab.control.registrations() == []
            ucmsim_phone("CSFALICE")
            ucmsim_lab.assert_registered("CSFALICE")
            with (request.config.rootpath / "seen").open("a") as file:
                file.write(f"{worker_id} {ucmsim_lab.control.url}\\n")
        """
    )
    run(project, "-n", "2", "--dist", "worksteal").assert_outcomes(passed=12)
    seen = {tuple(line.split()) for line in (project.path / "seen").read_text().splitlines()}
    assert len(seen) == 2, seen


def test_an_error_inside_the_lab_fails_the_test_that_met_it(project: pytest.Pytester) -> None:
    python(
        project,
        """
from registrar.core.callmanager.service import CallManager
def flow_data(self, flow, data, now):
    raise RuntimeError("planted: " + data.decode())
CallManager.flow_data = flow_data
""",
    )
    project.makepyfile(
        """
        import socket

        def provoke(lab):
            with socket.create_connection(lab.endpoint("sip")) as client:
                client.sendall(b"OPTIONS")
                assert client.recv(1) == b""

        def test_meets_it(ucmsim_lab):
            provoke(ucmsim_lab)

        def test_meets_it_before_a_reset(ucmsim_lab):
            provoke(ucmsim_lab)
            ucmsim_lab.reset()

        def test_does_not(ucmsim_lab):
            ucmsim_lab.assert_not_registered("CSFALICE")
        """
    )
    result = run(project)
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_meets_it *",
            "ucmsim: an error inside the lab",
            "ucm-pub failed in flow_data: RuntimeError: planted: OPTIONS",
            "*ERROR at teardown of test_meets_it_before_a_reset*",
            "ucm-pub failed in flow_data: RuntimeError: planted: OPTIONS",
        ]
    )


def test_a_lab_that_dies_fails_its_test_and_the_next_gets_another(project: pytest.Pytester) -> None:
    python(
        project,
        """
import os
from registrar.core.callmanager.service import CallManager
def flow_data(self, flow, data, now):
    os.write(2, b"planted")
    os._exit(7)
CallManager.flow_data = flow_data
""",
    )
    project.makepyfile(
        """
        import socket

        def test_meets_it(ucmsim_lab):
            with socket.create_connection(ucmsim_lab.endpoint("sip")) as client:
                client.sendall(b"OPTIONS")
                client.recv(1)
            ucmsim_lab.assert_registered("CSFALICE")

        def test_does_not(ucmsim_lab):
            ucmsim_lab.assert_not_registered("CSFALICE")
        """
    )
    result = run(project)
    result.assert_outcomes(passed=1, failed=1, errors=1)
    assert result.stdout.str().count("the lab ended by itself with 7: planted") >= 2


def test_without_ucmsim_in_that_python_the_error_says_so(project: pytest.Pytester) -> None:
    project.makefile(".ini", pytest=f"{INI}ucmsim_python = {project.path / 'nowhere' / 'python'}\n")
    project.makepyfile("def test_it(ucmsim_lab): pass")
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["ucmsim: cannot run *nowhere?python: No such file or directory"])


def test_a_lab_does_not_outlive_a_pytest_that_was_killed(project: pytest.Pytester) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(patience())
        project.makepyfile(
            f"""
            import socket

            def test_it(ucmsim_lab):
                with socket.create_connection(("127.0.0.1", {server.getsockname()[1]})) as outside:
                    outside.sendall(f"{{ucmsim_lab.control.url}}\\n".encode())
                    outside.recv(1)
            """
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
            cwd=project.path,
            stdout=subprocess.DEVNULL,
        )
        try:
            inside, _ = server.accept()
            with inside, inside.makefile() as said:
                control = urlsplit(said.readline())
                with socket.create_connection((control.hostname, control.port), timeout=patience()) as lab:
                    process.kill()
                    assert lab.recv(1) == b"", "the control API closes when the lab ends"
        finally:
            process.kill()
            process.wait()


def test_nothing_is_started_for_tests_that_ask_for_nothing(project: pytest.Pytester) -> None:
    python(project, "raise SystemExit('started')")
    project.makepyfile(
        """
        import sys

        def test_it():
            ours = {"simulator", "registrar", "softphone", "certs", "scenarios", "aiohttp", "asyncssh"}
            assert not ours & set(sys.modules)
        """
    )
    run(project).assert_outcomes(passed=1)


def test_the_help_describes_fixtures_and_mark(project: pytest.Pytester) -> None:
    run(project, "--markers").stdout.fnmatch_lines(["@pytest.mark.ucmsim(lab=None, [*][*]changes): shape of *"])
    fixtures = run(project, "--fixtures")
    for name in ("ucmsim_lab", "ucmsim_token", "ucmsim_phone"):
        fixtures.stdout.fnmatch_lines([f"{name} -- *pytest_ucmsim.py:*"])
