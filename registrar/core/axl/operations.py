"""Every AXL operation this UCM has, in one table: handler, first version that has it, whether it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from registrar.core.axl import actions, kinds
from registrar.core.axl.call import AxlRequest
from registrar.core.axl.fields import braced
from registrar.core.axl.kinds import ObjectKind
from registrar.core.axl.versions import Version
from registrar.core.soap.control import DeviceAction
from registrar.core.soap.envelope import Element, make

Handler = Callable[[AxlRequest], Element]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One AXL operation: its name and how it is answered."""

    name: str
    handler: Handler
    """Gives the `<return>` element."""
    since: Version = (8, 5)
    writes: bool = False
    """Needs the role that may write, and is denied while writes are throttled."""


def _add(kind: ObjectKind, call: AxlRequest) -> Element:
    return make("return", braced(call.objects.add(kind, call.request)))


def _get(kind: ObjectKind, call: AxlRequest) -> Element:
    return make("return", children=[call.objects.get(kind, call.request)])


def _list(kind: ObjectKind, call: AxlRequest) -> Element:
    return make("return", children=call.objects.search(kind, call.request))


def _update(kind: ObjectKind, call: AxlRequest) -> Element:
    if kind is kinds.SERVICE_PARAMETER:
        pkid = call.objects.find(kind, call.request)
        name = call.environment.database.value("select paramname from processconfig where pkid = ?", pkid)
        actions.refuse_read_only(str(name))
    return make("return", braced(call.objects.update(kind, call.request)))


def _remove(kind: ObjectKind, call: AxlRequest) -> Element:
    return make("return", braced(call.objects.remove(kind, call.request)))


_VERBS: Mapping[str, Callable[[ObjectKind, AxlRequest], Element]] = MappingProxyType(
    {"add": _add, "get": _get, "list": _list, "update": _update, "remove": _remove}
)
_ALL = tuple(_VERBS)
_OF_KIND: tuple[tuple[ObjectKind, tuple[str, ...]], ...] = (
    (kinds.EXPRESSWAY, _ALL),
    (kinds.PROFILE, _ALL),
    (kinds.PHONE, _ALL),
    (kinds.LINE, _ALL),
    (kinds.USER, _ALL),
    (kinds.ROUTE_PARTITION, _ALL),
    (kinds.DEVICE_POOL, _ALL),
    (kinds.CALLMANAGER, ("get", "list", "update")),
    (kinds.PROCESS_NODE, ("get", "list")),
    (kinds.PROCESS_NODE_SERVICE, ("get", "list")),
    (kinds.SERVICE_PARAMETER, ("get", "list", "update")),
)
_ACTIONS: tuple[DeviceAction, ...] = ("reset", "restart", "apply")

_ACTED_ON = (
    ("Phone", actions.act_on_phone),
    ("PhoneSecurityProfile", actions.act_on_profile),
    ("CallManager", actions.act_on_callmanager),
)
_LATER: Mapping[str, Version] = MappingProxyType({"listServiceParameter": (9, 1)})


def _operations() -> list[Operation]:
    found = [
        Operation(
            name=f"{verb}{kind.name}",
            handler=partial(_VERBS[verb], kind),
            since=_LATER.get(f"{verb}{kind.name}", kind.since),
            writes=verb not in ("get", "list"),
        )
        for kind, verbs in _OF_KIND
        for verb in verbs
    ]
    for action in _ACTIONS:
        for name, act in _ACTED_ON:
            if (action, name) == ("restart", "PhoneSecurityProfile"):
                continue  # AXL has no such operation
            handler = partial(act, action=action)
            found.append(Operation(name=f"{action}{name}", handler=handler, since=(10, 0), writes=True))
    found += [
        Operation(name="getCCMVersion", handler=actions.get_version),
        Operation(name="executeSQLQuery", handler=actions.run_query),
        Operation(name="executeSQLUpdate", handler=actions.run_update, writes=True),
        Operation(name="doDeviceReset", handler=actions.reset_device, writes=True),
    ]
    return found


OPERATIONS: Mapping[str, Operation] = MappingProxyType({each.name: each for each in _operations()})
