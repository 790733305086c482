"""Commands about the CLI itself: help, quit, pages, the session's timeout, the counter, lockout, passwords."""

from __future__ import annotations

from dataclasses import replace

from registrar.core.platform_cli.command import Command, Parameter
from registrar.core.platform_cli.conversation import CommandCall, CommandRefused, Conversation, secret
from registrar.core.soap.accounts import Login

TIMEOUT_RANGE = range(5, 100_000)
"""Minutes. [documented]"""
MIN_PASSWORD = 6
"""Characters. [documented for installation: six or more]"""
_ABOUT = (  # [that there is such a text is documented, its words are ours]
    "help <command> shows what a command does, with an example.",
    "<command> ? shows its syntax; behind a menu, such as set, it lists the menu's commands.",
    "Tab completes a command, or lists those that are possible; * marks menus.",
    "Control-C leaves a command, quit ends the session.",
    "",
    "Commands:",
)


def _help(call: CommandCall) -> None:
    words = (call.argument(0) or "").split()
    lines = call.session.manual.help(words)
    if lines is None:
        raise CommandRefused("No valid command entered")
    call.say(*(() if words else _ABOUT), *lines)


def _quit(call: CommandCall) -> None:
    call.session.ending = True


def _set_pagination(call: CommandCall) -> None:
    call.session.pagination = call.arguments[0] == "on"
    call.say(f"Automatic pagination is turned {call.arguments[0]}")


def _show_pagination(call: CommandCall) -> None:
    call.say(f"Automatic Pagination : {'On' if call.session.pagination else 'Off'}.")


def _set_timeout(call: CommandCall) -> None:
    text = call.arguments[0]
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) in TIMEOUT_RANGE):
        raise CommandRefused(f"Invalid value {text}: minutes must be {TIMEOUT_RANGE[0]}-{TIMEOUT_RANGE[-1]}")
    call.session.platform.session_timeout = int(text)
    call.say(f"CLI session timeout is set to {int(text)} minutes for new sessions.")


def _show_timeout(call: CommandCall) -> None:
    call.say(f"CLI session timeout is {call.session.platform.session_timeout} minutes.")


def _set_count(call: CommandCall) -> None:
    call.session.counting = call.arguments[0] == "enable"


def _show_locking(call: CommandCall) -> None:
    accounts = call.session.platform.accounts
    call.say(
        "Account Lockout is enabled",
        f"Unlock Time : {accounts.lockout:.0f} seconds",
        f"Retry Count : {accounts.retries} attempts",
    )


def _set_password(call: CommandCall) -> Conversation:
    accounts, user = call.session.platform.accounts, call.session.user
    old = yield secret("Please enter the old password: ")
    new = yield secret("   Please enter the new password: ")
    again = yield secret("Reenter new password to confirm: ")
    call.say("Please wait...", "", "")
    login = accounts.log_in(user, old, call.now)
    account = accounts.account(user)
    if login is not Login.GOOD or account is None:
        raise CommandRefused("The old password did not match.")
    if new != again:
        raise CommandRefused("The new passwords do not match.")
    if len(new) < MIN_PASSWORD:
        raise CommandRefused(f"The new password has fewer than {MIN_PASSWORD} characters.")
    accounts.put(replace(account, password=new))
    call.say("Password updated successfully.")


_MINUTES = f"minutes, {TIMEOUT_RANGE[0]}-{TIMEOUT_RANGE[-1]}"

COMMANDS = (
    Command(
        words=("help",),
        handler=_help,
        about="This shows help on all commands, or on one.",
        mark="documented",
        parameters=(Parameter(name="command", about="what to explain", mandatory=False, rest=True),),
        example="utils service restart",
    ),
    Command(words=("quit",), handler=_quit, about="This ends the CLI session.", mark="documented"),
    Command(words=("exit",), handler=_quit, about="This ends the CLI session.", mark="observed"),
    Command(
        words=("set", "cli", "pagination"),
        handler=_set_pagination,
        about="This turns automatic pagination of this session on or off.",
        mark="documented",
        parameters=(Parameter(name="state", about="on|off", choices=("on", "off")),),
        example="off",
        level=1,
    ),
    Command(
        words=("show", "cli", "pagination"),
        handler=_show_pagination,
        about="This shows whether automatic pagination is on.",
        mark="documented",
    ),
    Command(
        words=("set", "cli", "session", "timeout"),
        handler=_set_timeout,
        about="This sets the minutes of silence after which new CLI sessions end.",
        mark="assumed",
        parameters=(Parameter(name="minutes", about=_MINUTES),),
        example="60",
        level=1,
    ),
    Command(
        words=("show", "cli", "session", "timeout"),
        handler=_show_timeout,
        about="This shows the minutes of silence after which new CLI sessions end.",
        mark="assumed",
    ),
    Command(
        words=("set", "commandcount"),
        handler=_set_count,
        about="This lets the prompt count the commands.",
        mark="assumed",
        parameters=(Parameter(name="state", about="enable|disable", choices=("enable", "disable")),),
        example="enable",
        level=1,
    ),
    Command(
        words=("show", "accountlocking"),
        handler=_show_locking,
        about="This shows when accounts are locked, and for how long.",
        mark="documented",
    ),
    Command(
        words=("set", "password", "user", "admin"),
        handler=_set_password,
        about="This changes the password of the administrator who is logged in.",
        mark="observed",
        level=1,
    ),
)
