"""Parts of an object that are rows of other tables: a phone's lines, and devices that a user controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from registrar.core.axl.faults import invalid, not_found
from registrar.core.axl.fields import braced, read_integer, read_uuid
from registrar.core.database.rows import Transaction
from registrar.core.database.store import ClusterDatabase
from registrar.core.soap.envelope import Element, child, child_text, local, make, text_of
from registrar.core.tomcat.passwords import PasswordError, PasswordHash

Write = Callable[[ClusterDatabase, Transaction, str, Element], None]
Render = Callable[[ClusterDatabase, str], Element]

_LINES = """
select m.pkid, m.numplanindex, m.label, m.display, m.displayascii, n.pkid as numplan, n.dnorpattern,
  r.pkid as partition, r.name as partitionname
from devicenumplanmap m join numplan n on n.pkid = m.fknumplan
left join routepartition r on r.pkid = n.fkroutepartition
where m.fkdevice = ? order by m.numplanindex
"""
_TEXTS = (("label", "label"), ("display", "display"), ("displayAscii", "displayascii"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """`write` by the element that holds them, `render` by the element that shows them."""

    write: Mapping[str, Write]
    render: Mapping[str, Render]


# --- lines of a phone ----------------------------------------------------------------------------------------


def _replace_lines(database: ClusterDatabase, transaction: Transaction, device: str, lines: Element) -> None:
    """What is there becomes what was given; a line that stays keeps its pkid, which is its Contact."""
    wanted = [_numplan(database, transaction, line) for line in _each(lines, "line")]
    held = {row["numplan"]: row["pkid"] for row in transaction.execute(_LINES, (device,))}
    for numplan, pkid in held.items():
        if numplan not in wanted:
            transaction.execute("delete from devicenumplanmap where pkid = ?", (pkid,))
    # Out of the way first: indexes may be exchanged.
    transaction.execute(
        "update devicenumplanmap set numplanindex = numplanindex + 10000 where fkdevice = ?", (device,)
    )
    _put_lines(database, transaction, device, lines)


def _put_lines(database: ClusterDatabase, transaction: Transaction, device: str, lines: Element) -> None:
    held = {row["numplan"]: row["pkid"] for row in transaction.execute(_LINES, (device,))}
    for number, line in enumerate(_each(lines, "line"), start=1):
        numplan = _numplan(database, transaction, line)
        index = read_integer("index", child_text(line, "index") or str(number))
        pkid = held.get(numplan)
        if pkid is None:
            pkid = held[numplan] = database.new_pkid()
            transaction.execute(
                "insert into devicenumplanmap (pkid, fkdevice, fknumplan, numplanindex) values (?, ?, ?, ?)",
                (pkid, device, numplan, index),
            )
        else:
            transaction.execute("update devicenumplanmap set numplanindex = ? where pkid = ?", (index, pkid))
        for tag, column in _TEXTS:
            element = child(line, tag)
            if element is not None:
                transaction.execute(
                    f"update devicenumplanmap set {column} = ? where pkid = ?",  # noqa: S608 - our own names
                    (text_of(element), pkid),
                )


def _remove_lines(database: ClusterDatabase, transaction: Transaction, device: str, lines: Element) -> None:
    for line in _each(lines, "line"):
        numplan = _numplan(database, transaction, line)
        transaction.execute(
            "delete from devicenumplanmap where fkdevice = ? and fknumplan = ?", (device, numplan)
        )


def _numplan(database: ClusterDatabase, transaction: Transaction, line: Element) -> str:
    """The directory number of a line; one that does not exist is made. [assumed]"""
    dirn = child(line, "dirn")
    if dirn is None:
        raise invalid("a line needs a dirn")
    uuid, pattern = dirn.get("uuid"), child_text(dirn, "pattern")
    if uuid and not pattern:
        found = transaction.execute("select pkid from numplan where pkid = ?", (read_uuid(uuid),)).fetchone()
        if found is None:
            raise not_found("Line")
        return str(found[0])
    if not pattern:
        raise invalid("a line's dirn needs a pattern")
    partition = _partition(transaction, child(dirn, "routePartitionName"))
    found = transaction.execute(
        "select pkid from numplan where dnorpattern = ? and ifnull(fkroutepartition, '') = ?",
        (pattern, partition or ""),
    ).fetchone()
    if found is not None:
        return str(found[0])
    pkid = database.new_pkid()
    transaction.execute(
        "insert into numplan (pkid, dnorpattern, fkroutepartition) values (?, ?, ?)", (pkid, pattern, partition)
    )
    return pkid


def _partition(transaction: Transaction, element: Element | None) -> str | None:
    name = text_of(element)
    if not name:
        return None
    found = transaction.execute("select pkid from routepartition where name = ?", (name,)).fetchone()
    if found is None:
        raise not_found("RoutePartition")
    return str(found[0])


def _render_lines(database: ClusterDatabase, device: str) -> Element:
    lines = make("lines")
    for row in database.rows(_LINES, device):
        partition = make("routePartitionName", row["partitionname"] or "")
        if row["partition"]:
            partition.set("uuid", braced(row["partition"]))
        dirn = make(
            "dirn", children=(make("pattern", row["dnorpattern"]), partition), uuid=braced(row["numplan"])
        )
        lines.append(
            make(
                "line",
                children=(
                    make("index", str(row["numplanindex"])),
                    make("label", row["label"]),
                    make("display", row["display"]),
                    dirn,
                    make("displayAscii", row["displayascii"]),
                ),
                uuid=braced(row["pkid"]),
            )
        )
    return lines


# --- devices of a user and of a line -------------------------------------------------------------------------


def _replace_devices(database: ClusterDatabase, transaction: Transaction, user: str, devices: Element) -> None:
    transaction.execute("delete from enduserdevicemap where fkenduser = ?", (user,))
    for name in dict.fromkeys(text_of(element) for element in _each(devices, "device")):
        if not name:
            continue
        found = transaction.execute("select pkid from device where name = ?", (name,)).fetchone()
        if found is None:
            raise not_found("Phone")
        transaction.execute(
            "insert into enduserdevicemap (pkid, fkenduser, fkdevice) values (?, ?, ?)",
            (database.new_pkid(), user, found[0]),
        )


def _set_password(database: ClusterDatabase, transaction: Transaction, user: str, element: Element) -> None:
    """Only its hash is kept. An empty element leaves the password as it is."""
    if not text_of(element):
        return
    try:
        stored = PasswordHash.of(text_of(element), UUID(database.new_pkid()).bytes)
    except PasswordError as error:
        raise invalid(f"element password: {error}") from None
    transaction.execute("delete from credential where fkenduser = ?", (user,))
    transaction.execute(
        "insert into credential (pkid, fkenduser, credentials) values (?, ?, ?)",
        (database.new_pkid(), user, stored.text),
    )


def _render_user_devices(database: ClusterDatabase, user: str) -> Element:
    rows = database.rows(
        "select d.name from enduserdevicemap m join device d on d.pkid = m.fkdevice "
        "where m.fkenduser = ? order by d.name",
        user,
    )
    return make("associatedDevices", children=(make("device", row[0]) for row in rows))


def _render_line_devices(database: ClusterDatabase, numplan: str) -> Element:
    rows = database.rows(
        "select d.name from devicenumplanmap m join device d on d.pkid = m.fkdevice "
        "where m.fknumplan = ? order by d.name",
        numplan,
    )
    return make("associatedDevices", children=(make("device", row[0]) for row in rows))


def _each(parent: Element, name: str) -> list[Element]:
    for element in parent:
        if local(element) != name:
            raise invalid(f"element {local(element)} is not part of {local(parent)}")
    return list(parent)


_NONE: Mapping[str, Write] = MappingProxyType({})
MEMBERS: Mapping[str, Members] = MappingProxyType(
    {
        "Phone": Members(
            write=MappingProxyType(
                {"lines": _replace_lines, "addLines": _put_lines, "removeLines": _remove_lines}
            ),
            render=MappingProxyType({"lines": _render_lines}),
        ),
        "User": Members(
            write=MappingProxyType({"associatedDevices": _replace_devices, "password": _set_password}),
            render=MappingProxyType({"associatedDevices": _render_user_devices}),
        ),
        "Line": Members(write=_NONE, render=MappingProxyType({"associatedDevices": _render_line_devices})),
    }
)
"""By kind's name."""
