"""The OAuth keys: `show key authz` and `set key regen authz`.

Texts are assumed, as only screenshots are published (administration 6.6); that "yes" is to be entered is
documented.
"""

from __future__ import annotations

from registrar.core.platform_cli.administration import KeyName
from registrar.core.platform_cli.command import Command
from registrar.core.platform_cli.conversation import CommandCall, CommandRefused, Conversation, Handler, confirm


def _show(key: KeyName) -> Handler:
    def show(call: CommandCall) -> None:
        call.say(call.administration.key_checksum(key))

    return show


def _regenerate(key: KeyName) -> Handler:
    def regenerate(call: CommandCall) -> Conversation:
        call.say(
            f"WARNING: This operation will regenerate the authz {key} key.",
            "All OAuth access tokens and refresh tokens issued before become invalid.",
        )
        if (yield confirm("Proceed with regeneration (yes|no)? ")).strip().lower() != "yes":
            raise CommandRefused("Regeneration cancelled")
        call.administration.regenerate_key(key)
        call.say(
            f"Successfully Regenerated authz {key} key.",
            "You must restart the Cisco CallManager service on all nodes for the new key to become active.",
        )

    return regenerate


def _commands(key: KeyName) -> tuple[Command, ...]:
    return (
        Command(
            words=("show", "key", "authz", key),
            handler=_show(key),
            about=f"This shows the checksum of the OAuth {key} key; it must be the same on all nodes.",
            mark="assumed",
            level=4,
        ),
        Command(
            words=("set", "key", "regen", "authz", key),
            handler=_regenerate(key),
            about=f"This makes a new OAuth {key} key. Run it on the publisher.",
            mark="assumed",
            level=4,
        ),
    )


COMMANDS = (*_commands("signing"), *_commands("encryption"))
