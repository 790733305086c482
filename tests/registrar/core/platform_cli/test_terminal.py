"""Keys in, screen out: echo, line ends, editing, and that no byte sequence breaks it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registrar.core.platform_cli.session import MAX_LINE, PAGE_PROMPT
from registrar.core.platform_cli.terminal import MAX_WAITING, Terminal
from tests.registrar.core.platform_cli.cli_bench import CALLMANAGER, NOW, PASSWORD, Bench

SHOWN = b"Automatic Pagination : Off.\r\nadmin:"


@pytest.fixture
def terminal(bench: Bench) -> Terminal:
    terminal = Terminal(bench.publisher.open("admin", NOW))
    assert terminal.start(NOW).endswith(b"\r\n\r\nadmin:")
    return terminal


def press(terminal: Terminal, keys: str | bytes) -> bytes:
    return terminal.receive_data(keys.encode() if isinstance(keys, str) else keys, NOW)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"], ids=["CR", "LF", "CR LF"])
def test_echoes_the_command_behind_its_prompt_whatever_ends_the_line(terminal: Terminal, end: str) -> None:
    assert press(terminal, f"show cli pagination{end}") == b"show cli pagination\r\n" + SHOWN


def test_cr_and_lf_in_two_pieces_are_one_end(terminal: Terminal) -> None:
    assert press(terminal, "show cli pagination\r").endswith(SHOWN)
    assert press(terminal, "\n") == b""
    assert press(terminal, "\n") == b"\r\nadmin:"


def test_an_empty_line_gives_another_prompt(terminal: Terminal) -> None:
    assert press(terminal, "\r\r") == b"\r\nadmin:\r\nadmin:"


def test_several_commands_at_once_are_echoed_each_in_its_place(terminal: Terminal) -> None:
    shown = press(terminal, "show cli pagination\nshow cli pagination\n")
    assert shown == 2 * (b"show cli pagination\r\n" + SHOWN)


@pytest.mark.parametrize(
    "keys",
    [
        "show clx\x7fi pagination\r",
        "show cli paginatino\b\bon\r",
        "nonsense\x15show cli pagination\r",
        "show cli pagination nonsense\x17\r",
        "how cli pagination\x1b[Hs\r",
        "how cli pagination\x01s\x05\r",
        "show cli pagnation\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[Di\r",
        "show cxli pagination\x01\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[3~\r",
        "sho\tcl\tpag\t\r",
        "show cli pagi\u00e9\x7fnation\r",
    ],
    ids=["DEL", "BS", "Control-U", "Control-W", "Home", "Control-A E", "left", "delete", "Tab", "UTF-8"],
)
def test_edits(terminal: Terminal, keys: str) -> None:
    assert press(terminal, keys).endswith(SHOWN)


def test_the_arrows_bring_commands_back(terminal: Terminal) -> None:
    press(terminal, "show cli pagination\rshow accountlocking\r")
    assert press(terminal, "\x1b[A\x1b[A\r").endswith(SHOWN)
    assert press(terminal, "\x1bOA\x1b[A\r").endswith(b"3 attempts\r\nadmin:")
    assert press(terminal, "\x1b[B\r") == b"\r\nadmin:"


def test_an_escape_sequence_may_come_in_pieces(terminal: Terminal) -> None:
    press(terminal, "show cli pagination\r")
    assert press(terminal, "\x1b") == b""
    assert press(terminal, "[") == b""
    assert press(terminal, "A\r").endswith(SHOWN)


def test_tab_lists_what_is_possible_and_repeats_the_line(terminal: Terminal) -> None:
    shown = press(terminal, "utils \t")
    assert shown == b"utils \r\nnetwork*          service*          sipOAuth-mode*\r\nadmin:utils "


def test_a_password_shows_stars(terminal: Terminal) -> None:
    shown = press(terminal, f"set password user admin\r{PASSWORD}\x7fe\rnew password\rnew password\r")
    assert PASSWORD.encode() not in shown
    assert b"Please enter the old password: *" in shown
    assert shown.endswith(b"Password updated successfully.\r\nadmin:")


def test_a_page_goes_on_by_single_keys(terminal: Terminal) -> None:
    terminal.resize(5)
    shown = press(terminal, "set cli pagination on\rutils service list\r")
    assert shown.endswith(PAGE_PROMPT.encode())
    assert press(terminal, " ").startswith(b"\r\x1b[K")
    assert press(terminal, "q") == b"\r\x1b[Kadmin:"


def test_keys_typed_while_a_command_is_at_work_come_after_it() -> None:
    bench = Bench(takes=1.0)
    terminal = Terminal(bench.publisher.open("admin", NOW))
    terminal.start(NOW)
    press(terminal, f"utils service restart {CALLMANAGER}\r")
    assert terminal.busy
    assert press(terminal, "show cli pagination\r") == b""
    assert press(terminal, "x" * MAX_WAITING) == b"\a"
    shown = b""
    while terminal.busy:
        due = terminal.next_timeout()
        assert due is not None
        bench.clock.set(due)
        shown += terminal.handle_timeout(due)
    assert terminal.pending
    assert shown.endswith(b"Cisco CallManager[STARTED]\r\nadmin:")
    shown += terminal.type_ahead(bench.clock.now())
    assert b"Cisco CallManager[STARTED]\r\nadmin:show cli pagination\r\n" + SHOWN in shown


def test_control_c_interrupts_what_is_at_work() -> None:
    terminal = Terminal(Bench(takes=9.0).publisher.open("admin", NOW))
    terminal.start(NOW)
    press(terminal, f"utils service restart {CALLMANAGER}\r")
    assert press(terminal, "typed ahead\x03show cli pagination\r").endswith(SHOWN)


def test_a_line_without_end_is_refused_not_cut(terminal: Terminal) -> None:
    shown = press(terminal, f"show cli pagination {'x' * (2 * MAX_LINE)}\r")
    assert shown.endswith(b"longer than 16384 characters\r\nExecuted command unsuccessfully\r\nadmin:")
    assert press(terminal, "show cli pagination\r").endswith(SHOWN)


def test_control_d_on_an_empty_line_leaves(terminal: Terminal) -> None:
    press(terminal, "x\x04\r")
    assert not terminal.closed
    press(terminal, "\x04")
    assert terminal.closed
    assert press(terminal, "show cli pagination\r") == b""


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(
                [
                    b"set cert import trust tomcat\r",
                    b"-----BEGIN CERTIFICATE-----\n",
                    b"set cert regen tomcat\r",
                    b"set password user admin\r",
                    b"set cli pagination on\rutils service list\r",
                    b"run sql select * from device\r",
                    b"\t",
                    b"\x03",
                    b"\x1b[",
                    b"\x1b[A",
                    b"?\r",
                ]
            ),
        ),
        max_size=12,
    )
)
def test_any_keys_leave_a_session_that_control_c_brings_back_to_its_prompt(
    bench: Bench, pieces: list[bytes]
) -> None:
    terminal = Terminal(bench.publisher.open("admin", NOW))
    terminal.start(NOW)
    for piece in pieces:
        shown = press(terminal, piece)
        assert b"\n" not in shown.replace(b"\r\n", b"")
    if not terminal.closed:
        assert press(terminal, b"a\x03").endswith(b"Control-C pressed\r\nadmin:") or b"unsuccessfully" in press(
            terminal, b"\x03x\r"
        )
