"""A session's states: questions, pages, time, Control-C, completion."""

from __future__ import annotations

import pytest

from registrar.core.platform_cli import CommandRun, Wants
from registrar.core.platform_cli.session import FAILED, INTERRUPTED, MAX_LINE, PAGE_PROMPT, TIMED_OUT
from simulator.core.instant import Instant
from tests.registrar.core.platform_cli.cli_bench import CALLMANAGER, NOW, PUBLISHER, Bench, Typist

RESTART = f"utils service restart {CALLMANAGER}"


class TestRestart:
    def test_that_takes_time_shows_a_line_a_second_and_then_the_prompt(self) -> None:
        bench = Bench(takes=3.0)
        admin = bench.session()
        output = admin.type(RESTART)
        text = output.text
        assert output.wants is Wants.TIME
        assert not bench.nodes[PUBLISHER].running
        times = []
        while admin.output.wants is Wants.TIME:
            text += admin.wait().text
            times.append(bench.clock.now() - NOW)
        assert text.splitlines()[1:] == [
            "Service Manager is running",
            *["Cisco CallManager[STOPPING]"] * 3,
            *["Cisco CallManager[STARTING]"] * 3,
            "Cisco CallManager[STARTED]",
        ]
        assert times == [1, 2, 3, 4, 5, 6]
        assert admin.output.prompt == "admin:"
        assert bench.nodes[PUBLISHER].running

    def test_that_hangs_is_given_up_and_called_unsuccessful(self) -> None:
        bench = Bench(takes=1e6)
        admin = bench.session()
        admin.type(RESTART)
        while admin.output.wants is Wants.TIME:
            admin.wait()
        assert admin.output.text.endswith(f"{FAILED}\n")

    def test_control_c_leaves_it_and_the_service_goes_on(self) -> None:
        bench = Bench(takes=3.0)
        admin = bench.session()
        admin.type(RESTART)
        output = admin.session.interrupt(bench.clock.now())
        assert output.text == f"{INTERRUPTED}\n{FAILED}\n"
        assert output.prompt == "admin:"
        bench.clock.set(Instant(NOW + 60))
        assert f"{CALLMANAGER}[STARTED]" in admin.run("utils service list")

    def test_lines_fed_meanwhile_are_nobodys(self) -> None:
        admin = Bench(takes=3.0).session()
        admin.type(RESTART)
        assert admin.type("show version active").wants is Wants.TIME


class TestPages:
    @pytest.fixture
    def paged(self, bench: Bench) -> Typist:
        admin = bench.session()
        admin.session.rows = 5
        admin.run("set cli pagination on")
        return admin

    def test_come_one_by_one_line_by_line_or_end(self, paged: Typist) -> None:
        output = paged.type("utils service list")
        assert output.text.count("\n") == 4
        assert (output.prompt, output.wants) == (PAGE_PROMPT, Wants.PAGE)
        assert paged.type("").text == "Name Service Cache [STOPPED]  Service Not Activated\n"
        assert paged.type(" ").text.count("\n") == 4
        assert paged.type("q").prompt == "admin:"
        assert paged.output.text == ""

    def test_end_by_themselves(self, paged: Typist) -> None:
        text = paged.run("utils service list", [" ", " ", " "])
        assert text.endswith("Service Not Activated\n")
        assert paged.output.wants is Wants.LINE

    def test_do_not_break_what_fits(self, paged: Typist) -> None:
        assert paged.type("show version active").wants is Wants.LINE


class TestTimeout:
    def test_ends_a_silent_session(self, bench: Bench, admin: Typist) -> None:
        bench.clock.set(Instant(NOW + 1799.0))
        assert admin.session.handle_timeout(bench.clock.now()) is None
        admin.run("show cli pagination")
        assert admin.session.next_timeout() == NOW + 1799.0 + 1800.0
        output = admin.wait()
        assert (output.text, output.wants) == (f"\n{TIMED_OUT}\n", Wants.CLOSED)
        assert admin.session.next_timeout() is None
        assert admin.type("show version active").wants is Wants.CLOSED

    def test_ends_one_that_waits_for_an_answer(self, admin: Typist) -> None:
        admin.type("set cert regen tomcat")
        assert admin.wait().wants is Wants.CLOSED

    def test_is_set_for_new_sessions_only(self, bench: Bench, admin: Typist) -> None:
        assert admin.type("set cli session timeout 5").succeeded
        assert admin.session.next_timeout() == NOW + 1800
        assert bench.session().session.next_timeout() == NOW + 300


@pytest.mark.parametrize("word", ["quit", "exit"])
def test_quit_closes_the_session(admin: Typist, word: str) -> None:
    output = admin.type(word)
    assert (output.text, output.prompt, output.wants) == ("", "", Wants.CLOSED)


def test_the_prompt_counts_commands_when_told_to(admin: Typist) -> None:
    assert admin.type("set commandcount enable").prompt == "admin(1):"
    assert admin.type("show cli pagination").prompt == "admin(2):"
    assert admin.type("set commandcount disable").prompt == "admin:"


def test_control_c_at_the_prompt_gives_a_new_one(bench: Bench, admin: Typist) -> None:
    output = admin.session.interrupt(bench.clock.now())
    assert (output.text, output.prompt) == (f"{INTERRUPTED}\n", "admin:")


def test_an_endless_command_is_refused(admin: Typist) -> None:
    output = admin.type("x" * (MAX_LINE + 1))
    assert output.text == f"The command is longer than {MAX_LINE} characters\n{FAILED}\n"


@pytest.mark.parametrize(
    ("typed", "line", "candidates"),
    [
        ("ut", "utils ", ()),
        ("utils si", "utils sipOAuth-mode ", ()),
        ("utils service re", "utils service restart ", ()),
        ("utils service st", "utils service st", ("start", "stop")),
        ("utils ", "utils ", ("network*", "service*", "sipOAuth-mode*")),
        ("show c", "show c", ("cert*", "cli*", "csr*")),
        ("show cert list t", "show cert list trust ", ()),
        ("show cert list own", "show cert list own ", ()),
        ("show version active ", "show version active ", ()),
        ("nonsense", "nonsense", ()),
        ("", "", ("exit", "help", "quit", "run*", "set*", "show*", "utils*")),
    ],
)
def test_tab(admin: Typist, typed: str, line: str, candidates: tuple[str, ...]) -> None:
    completion = admin.session.complete(typed)
    assert (completion.line, completion.candidates) == (line, candidates)


class TestErrand:
    def test_runs_a_command_with_its_answers(self, bench: Bench) -> None:
        errand = CommandRun(bench.publisher, "set cert regen tomcat", NOW, user="admin", answers=["yes"])
        assert errand.result is not None
        assert errand.result.succeeded
        assert "Proceed with regeneration (yes|no)? yes\nSuccessfully Regenerated" in errand.result.text
        assert errand.next_timeout() is None

    def test_without_an_answer_leaves_as_control_c_does(self, bench: Bench) -> None:
        errand = CommandRun(bench.publisher, "set cert regen tomcat", NOW, user="admin")
        assert errand.result is not None
        assert not errand.result.succeeded
        assert errand.result.text.endswith(f"\n{INTERRUPTED}\n{FAILED}\n")

    def test_waits_for_a_restart(self) -> None:
        bench = Bench(takes=2.0)
        errand = CommandRun(bench.publisher, RESTART, NOW, user="admin")
        while (due := errand.next_timeout()) is not None:
            assert errand.result is None
            bench.clock.set(due)
            errand.handle_timeout(due)
        assert errand.result is not None
        assert errand.result.text.endswith(f"{CALLMANAGER}[STARTED]\n")

    def test_keeps_passwords_to_itself(self, bench: Bench) -> None:
        errand = CommandRun(
            bench.publisher, "set password user admin", NOW, user="admin", answers=["wrong one", "x", "x"]
        )
        assert errand.result is not None
        assert not errand.result.succeeded
        assert "wrong one" not in errand.result.text
