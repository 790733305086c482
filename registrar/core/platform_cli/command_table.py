"""The one table of the CLI's commands."""

from __future__ import annotations

from registrar.core.platform_cli import (
    certificate_commands,
    database_commands,
    key_commands,
    service_commands,
    session_commands,
    system_commands,
)
from registrar.core.platform_cli.command import CommandTable

TABLE = CommandTable(
    (
        *session_commands.COMMANDS,
        *system_commands.COMMANDS,
        *service_commands.COMMANDS,
        *database_commands.COMMANDS,
        *certificate_commands.COMMANDS,
        *key_commands.COMMANDS,
    )
)
