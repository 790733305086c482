"""`run sql` and `utils sipOAuth-mode`."""

from __future__ import annotations

from functools import partial

from registrar.core.platform_cli.command import Command, Parameter
from registrar.core.platform_cli.conversation import CommandCall, CommandRefused
from registrar.core.platform_cli.layout import render_rows

_WRITES = ("insert", "update", "delete")
_ORDINARY = 0


def _run_sql(call: CommandCall) -> None:
    sql = call.arguments[0]
    verb = sql.split(None, 1)[0].lower()
    if verb not in _WRITES:
        call.say(*render_rows(call.administration.query(sql)))
        return
    if call.session.level == _ORDINARY:
        # [documented: users with ordinary privileges can run read-only SQL; the text is assumed]
        raise CommandRefused("Users with ordinary privileges can run read-only SQL commands")
    call.say(f"Rows: {call.administration.update(sql)}")


def _set_oauth_mode(call: CommandCall, *, on: bool) -> None:
    call.administration.set_oauth_mode(on)
    call.say(
        f"SIP OAuth mode {'enabled' if on else 'disabled'}.",
        "Please restart the Cisco CallManager service on all nodes in the cluster where it is running.",
    )


COMMANDS = (
    Command(
        words=("run", "sql"),
        handler=_run_sql,
        about="This runs an SQL command on the cluster database.",
        mark="observed",
        parameters=(Parameter(name="sql_statement", about="the SQL command to run", rest=True),),
        example="select name from device",
    ),
    Command(
        words=("utils", "sipOAuth-mode", "enable"),
        handler=partial(_set_oauth_mode, on=True),
        about="This enables SIP OAuth mode of the cluster. Run it on the publisher.",
        mark="documented",
        level=4,
    ),
    Command(
        words=("utils", "sipOAuth-mode", "disable"),
        handler=partial(_set_oauth_mode, on=False),
        about="This disables SIP OAuth mode of the cluster. Run it on the publisher.",
        mark="documented",
        level=4,
    ),
)
