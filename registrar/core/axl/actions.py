"""AXL operations that are no object's: version, SQL, resets of phones, profiles' phones and CallManagers."""

from __future__ import annotations

from lxml import etree

from registrar.core.axl.call import AxlRequest
from registrar.core.axl.faults import AxlFault, invalid, not_found
from registrar.core.axl.fields import braced, read_boolean, read_uuid
from registrar.core.axl.kinds import CALLMANAGER, PHONE, PROFILE
from registrar.core.database.rules import OAUTH_MODE, SECURITY_MODE
from registrar.core.soap.control import DeviceAction
from registrar.core.soap.envelope import Element, child, child_text, make, text_of

_RESET_TYPES: dict[str, DeviceAction] = {"Reset": "reset", "Restart": "restart", "Apply Configuration": "apply"}
READ_ONLY_PARAMETERS = frozenset({OAUTH_MODE, SECURITY_MODE})
"""[documented read only in the administration pages from release 14; refused by AXL: assumed]"""


def get_version(call: AxlRequest) -> Element:
    """Answer getCCMVersion."""
    node = child_text(call.request, "processNodeName")
    known = call.environment.database.value(
        "select name from processnode where name = ? and systemnode = 'f'", node
    )
    if node and known is None:
        raise not_found("ProcessNode")
    version = make("version", call.environment.version)
    return make("return", children=[make("componentVersion", children=[version])])


def run_query(call: AxlRequest) -> Element:
    """Answer executeSQLQuery: the rows, each column an element."""
    result = call.sql.run_query(_sql(call))
    rows = []
    for row in result.rows:
        cells = zip(result.columns, row, strict=True)
        rows.append(make("row", children=[make(_tag(name), cell or "") for name, cell in cells]))
    return make("return", children=rows)


def run_update(call: AxlRequest) -> Element:
    """Answer executeSQLUpdate: how many rows were changed."""
    return make("return", children=[make("rowsUpdated", str(call.sql.run_update(_sql(call))))])


def _sql(call: AxlRequest) -> str:
    sql = child(call.request, "sql")
    if sql is None or not text_of(sql):
        raise invalid("element sql is missing or empty")
    return text_of(sql)


def _tag(column: str) -> str:
    """A column's name as an element's: `(count)` becomes count. [assumed]"""
    name = column.strip("()")
    try:
        etree.QName(name)
    except ValueError:
        return "expression"
    return name


def reset_device(call: AxlRequest) -> Element:
    """Answer doDeviceReset: `isHardReset` true resets, false restarts; `deviceResetType` names the action."""
    element = child(call.request, "deviceName")
    if element is None:
        raise invalid("element deviceName is missing")
    hard, kind = child(call.request, "isHardReset"), child_text(call.request, "deviceResetType")
    if hard is not None and text_of(hard):
        action: DeviceAction = "reset" if read_boolean("isHardReset", text_of(hard)) == "t" else "restart"
    elif kind in _RESET_TYPES:
        action = _RESET_TYPES[kind]
    else:
        raise invalid(f"deviceResetType: {kind!r} is none of {', '.join(_RESET_TYPES)}")
    name, uuid = text_of(element), element.get("uuid")
    database = call.environment.database
    where, value = ("name = ?", name) if name or not uuid else ("pkid = ?", read_uuid(uuid))
    row = database.row(f"select pkid, name from device where {where}", value)  # noqa: S608 - our own words
    if row is None:
        raise not_found("Device")
    call.act(row["name"], action)
    return make("return", braced(row["pkid"]))


def act_on_phone(call: AxlRequest, action: DeviceAction) -> Element:
    """Answer the operations that reset, restart or apply the configuration of a phone."""
    pkid = call.objects.find(PHONE, call.request)
    call.act(_name_of_device(call, pkid), action)
    return make("return", braced(pkid))


def act_on_profile(call: AxlRequest, action: DeviceAction) -> Element:
    """Answer the same operations for every phone with a profile."""
    pkid = call.objects.find(PROFILE, call.request)
    rows = call.environment.database.rows(
        "select name from device where fksecurityprofile = ? order by rowid", pkid
    )
    for row in rows:
        call.act(row["name"], action)
    return make("return", braced(pkid))


def act_on_callmanager(call: AxlRequest, action: DeviceAction) -> Element:
    """Answer the same operations for every phone that is registered with a node.

    [documented for the administration page's Reset]
    """
    pkid = call.objects.find(CALLMANAGER, call.request)
    host = call.environment.database.value(
        "select n.name from callmanager m join processnode n on n.pkid = m.fkprocessnode where m.pkid = ?", pkid
    )
    cluster = call.environment.cluster
    for node in cluster.nodes:
        if node.host == host:
            for device in dict.fromkeys(binding.device for binding in cluster.bindings.on(node.name)):
                call.act(device, action)
    return make("return", braced(pkid))


def refuse_read_only(name: str) -> None:
    """Refuse to write an enterprise parameter that only a platform command changes. Raises AxlFault."""
    if name in READ_ONLY_PARAMETERS:
        raise AxlFault(5000, f"Item not valid: enterprise parameter {name} is read only")


def _name_of_device(call: AxlRequest, pkid: str) -> str:
    return str(call.environment.database.value("select name from device where pkid = ?", pkid))
