"""`utils service` and what else shows services."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from registrar.core.platform_cli.command import Command, Parameter
from registrar.core.platform_cli.conversation import CommandCall, CommandRefused, Conversation, Question, pause
from registrar.core.soap.control import ServiceState, ServiceStatus

RESTARTING = (
    "Do not press Ctrl+C while the service is restarting. If the service has not restarted properly, "
    "execute the same command again."
)
"""[observed]"""
MANAGER = "Service Manager is running"
_PLATFORM = (  # [documented: the head of `utils service list`]
    "System SSH [STARTED]",
    "Cluster Manager [STARTED]",
    "Password Reset [STOPPED]  Service Not Activated",
    "Name Service Cache [STOPPED]  Service Not Activated",
    "Entropy Monitoring Daemon [STARTED]",
    "Service Manager [STARTED]",
)
_LOOKS = 2
"""Lines each passing state is shown for at least. [observed]"""
_BETWEEN = 1.0
"""Seconds from line to line. [assumed]"""
_PATIENCE = 60
"""Lines after which a service that does not get on is left to itself. [assumed]"""


def _list(call: CommandCall) -> None:
    call.say("Requesting service status, please wait...", *_PLATFORM, MANAGER)
    call.say("Getting list of all services", ">> Return code = 0", "A Cisco DB[STARTED]")
    call.say(*(_line(status) for status in call.administration.services(call.now)))


def _line(status: ServiceStatus) -> str:
    line = f"{status.name}[{status.state.upper()}]"
    if not status.activated:
        return f"{line}  Service Not Activated"
    # [observed in the table of a public client]
    return f"{line}  Commanded Out of Service" if status.state is ServiceState.STOPPED else line


def _restart(call: CommandCall) -> Conversation:
    name = _known(call)
    call.administration.restart_service(name, call.now)
    call.say(RESTARTING, MANAGER)
    yield from _follow(call, name, ServiceState.STOPPING)
    yield from _follow(call, name, ServiceState.STARTING)
    _conclude(call, name, ServiceState.STARTED)


def _start(call: CommandCall) -> Conversation:
    name = _known(call)
    call.administration.start_service(name, call.now)
    call.say(MANAGER)
    yield from _follow(call, name, ServiceState.STARTING)
    _conclude(call, name, ServiceState.STARTED)


def _stop(call: CommandCall) -> Conversation:
    name = _known(call)
    call.administration.stop_service(name, call.now)
    call.say(MANAGER)
    yield from _follow(call, name, ServiceState.STOPPING)
    _conclude(call, name, ServiceState.STOPPED)


def _follow(call: CommandCall, name: str, passing: ServiceState) -> Iterator[Question]:
    """Show a passing state for as long as it lasts; one that is already over is shown without waiting."""
    for number in range(_PATIENCE):
        lasts = _status(call, name).state is passing
        if number >= _LOOKS and not lasts:
            return
        call.say(f"{name}[{passing.upper()}]")
        if lasts:
            yield pause(_BETWEEN)


def _conclude(call: CommandCall, name: str, expected: ServiceState) -> None:
    status = _status(call, name)
    call.say(_line(status))
    if status.state is not expected:
        raise CommandRefused(f"{name} is not {expected.lower()}")


def _known(call: CommandCall) -> str:
    """Raises CommandRefused for a name that is no service of this node."""
    name = " ".join(call.arguments[0].split())
    return _status(call, name).name


def _status(call: CommandCall, name: str) -> ServiceStatus:
    for status in call.administration.services(call.now):
        if status.name == name:
            return status
    raise CommandRefused(f"Invalid service name: {name}")  # [assumed]


def _show_tech(call: CommandCall) -> None:
    """Clients look for the group's name; the rest of the layout is not published. [assumed]"""
    call.say(" -------------------- show tech ccm_service --------------------", "")
    call.say("GroupName: CM Services")
    for status in call.administration.services(call.now):
        call.say(f"    {_line(status)}")


_SERVICE = Parameter(name="service-name", about="the service's name, e.g. Cisco CallManager", rest=True)


def _control(word: str, handler: Callable[[CommandCall], Conversation]) -> Command:
    return Command(
        words=("utils", "service", word),
        handler=handler,
        about=f"This will {word} a service of this node.",
        mark="observed" if word == "restart" else "assumed",
        parameters=(_SERVICE,),
        example="Cisco CallManager",
        level=1,
    )


COMMANDS = (
    Command(
        words=("utils", "service", "list"),
        handler=_list,
        about="This will retrieve a list of all services and their status.",
        mark="documented",
    ),
    _control("start", _start),
    _control("stop", _stop),
    _control("restart", _restart),
    Command(
        words=("show", "tech", "ccm_service"),
        handler=_show_tech,
        about="This shows the services that can run on this node.",
        mark="assumed",
    ),
)
