"""Adds, finds, shows, lists, changes and removes AXL objects of any kind, by what `kinds` says of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from registrar.core.axl.faults import AxlFault, invalid, not_found, of_database, update_not_found
from registrar.core.axl.fields import ColumnForm, Field, FieldReader, Value, read_uuid
from registrar.core.axl.kinds import ObjectKind
from registrar.core.axl.members import MEMBERS
from registrar.core.axl.showing import knows, show
from registrar.core.axl.versions import Version
from registrar.core.cluster.directory import NON_SECURE_PROFILE
from registrar.core.database.enumerations import ENUMERATIONS
from registrar.core.database.errors import QueryTooLarge
from registrar.core.database.rows import Transaction
from registrar.core.database.seed import next_ctiid
from registrar.core.database.store import ClusterDatabase
from registrar.core.soap.envelope import Element, child, is_nil, local, text_of

MAX_ANSWER = 8 * 1024 * 1024
"""Bytes. [documented]"""
MAX_KEPT = 4_096
"""Characters of an element that is kept as it came."""
_LIST_PARTS = frozenset({"searchCriteria", "returnedTags", "skip", "first"})


@dataclass(slots=True)
class _Written:
    """What a request says about an object, by where it goes."""

    columns: dict[str, Value] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    members: list[tuple[str, Element]] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    """Tags of fields that came with a value."""


class Objects:
    """Objects as one node's AXL sees them."""

    def __init__(self, database: ClusterDatabase, node: str, version: Version) -> None:
        """`node`: processnode.name, on which writes are made. `version`: of the request; answers fit it."""
        self._database = database
        self._node = node
        self._version = version

    # --- writing ---------------------------------------------------------------------------------------------

    def add(self, kind: ObjectKind, request: Element) -> str:
        """Add an object and return its pkid. Raises AxlFault and DatabaseRefusal; then nothing was added."""
        element = child(request, kind.element)
        if element is None:
            raise invalid(f"element {kind.element} is missing")
        written = self._read(kind, list(element), adding=True)
        for each in kind.fields:
            if each.required and (
                each.tag not in written.given or written.columns.get(each.column) in ("", None)
            ):
                raise invalid(f"element {each.tag} is missing or empty in {kind.element}")
        pkid = self._database.new_pkid()
        with self._database.write(self._node) as transaction:
            columns = {"pkid": pkid, **self._defaults(kind, transaction, written.columns), **written.columns}
            marks = ", ".join("?" * len(columns))
            transaction.execute(
                f"insert into {kind.table} ({', '.join(columns)}) values ({marks})",  # noqa: S608 - our own names
                tuple(columns.values()),
            )
            self._write_rest(kind, transaction, pkid, written)
        return pkid

    def update(self, kind: ObjectKind, request: Element) -> str:
        """Change an object and return its pkid.

        Raises AxlFault and DatabaseRefusal; then nothing was changed.
        """
        pkid = self._pkid(kind, request)
        if pkid is None:
            raise update_not_found(kind.name)
        rest = [each for each in request if local(each) not in ("uuid", *kind.keys)]
        written = self._read(kind, rest, adding=False)
        self._check_whole(kind, request, written)
        with self._database.write(self._node) as transaction:
            if written.columns:
                assignments = ", ".join(f"{column} = ?" for column in written.columns)
                transaction.execute(
                    f"update {kind.table} set {assignments} where pkid = ?",  # noqa: S608 - our own names
                    (*written.columns.values(), pkid),
                )
            self._write_rest(kind, transaction, pkid, written)
        return pkid

    def remove(self, kind: ObjectKind, request: Element) -> str:
        """Remove an object by its name or uuid. Raises AxlFault if there is none."""
        pkid = self.find(kind, request)
        with self._database.write(self._node) as transaction:
            transaction.execute(f"delete from {kind.table} where pkid = ?", (pkid,))  # noqa: S608 - our own names
        return pkid

    def _read(self, kind: ObjectKind, elements: list[Element], *, adding: bool) -> _Written:
        written = _Written()
        renamed = {} if adding else {new: old for old, new in kind.renames.items()}
        for element in elements:
            self._read_one(kind, element, (), renamed, written, adding=adding)
        return written

    def _read_one(
        self,
        kind: ObjectKind,
        element: Element,
        group: tuple[str, ...],
        renamed: dict[str, str],
        written: _Written,
        *,
        adding: bool,
    ) -> None:
        tag = renamed.get(local(element), local(element))
        found = kind.field_of(tag)
        members = MEMBERS.get(kind.name)
        if found is not None and found.group == group:
            if found.read_only:
                raise invalid(f"element {tag} cannot be written")
            if not found.is_empty(element):
                written.columns[found.column] = found.read(element, self._database)
                written.given.add(tag)
        elif any(each.group[: len(group) + 1] == (*group, tag) for each in kind.fields):
            for below in element:
                self._read_one(kind, below, (*group, tag), renamed, written, adding=adding)
        elif not group and members is not None and tag in members.write:
            if not (adding and tag in ("addLines", "removeLines")):
                written.members.append((tag, element))
        elif not group and (tag in kind.ignored or tag in kind.secret):
            return
        elif not group and kind.keeps and tag in kind.order:
            written.kept[tag] = "" if is_nil(element) else text_of(element)
            if len(written.kept[tag]) > MAX_KEPT or len(element):
                raise invalid(f"element {tag} has no plain text of at most {MAX_KEPT} characters")
        else:
            raise invalid(f"element {'/'.join((*group, local(element)))} is not part of {kind.element}")

    def _write_rest(self, kind: ObjectKind, transaction: Transaction, pkid: str, written: _Written) -> None:
        for tag, value in written.kept.items():
            transaction.execute("delete from axlelement where fkowner = ? and tag = ?", (pkid, tag))
            if value:
                transaction.execute(
                    "insert into axlelement (fkowner, tag, value) values (?, ?, ?)", (pkid, tag, value)
                )
        for tag, element in written.members:
            MEMBERS[kind.name].write[tag](self._database, transaction, pkid, element)

    def _defaults(
        self, kind: ObjectKind, transaction: Transaction, columns: dict[str, Value]
    ) -> dict[str, Value]:
        if kind.name != "Phone":
            return {}
        product = ENUMERATIONS["typeproduct"][int(columns["tkproduct"] or 0)]
        model = next(number for number, name in ENUMERATIONS["typemodel"].items() if name == product)
        defaults: dict[str, Value] = {"ctiid": next_ctiid(transaction), "tkmodel": model}
        if columns.get("fksecurityprofile") is None:
            columns.pop("fksecurityprofile", None)
            row = transaction.execute(
                "select pkid from securityprofile where name = ?", (NON_SECURE_PROFILE.name,)
            ).fetchone()
            if row is None:
                raise not_found("PhoneSecurityProfile")
            defaults["fksecurityprofile"] = row[0]
        return defaults

    def _check_whole(self, kind: ObjectKind, request: Element, written: _Written) -> None:
        """An update of a group gives all of it. [documented: updateCallManager needs all seven ports]"""
        for group in kind.whole:
            if child(request, group[0]) is None:
                continue
            for each in kind.fields:
                known = knows(kind, each.tag, self._version)
                if known and each.group[: len(group)] == group and each.tag not in written.given:
                    raise invalid(f"element {'/'.join((*each.group, each.tag))} is missing")

    # --- finding ---------------------------------------------------------------------------------------------

    def find(self, kind: ObjectKind, request: Element) -> str:
        """Return the pkid of an object by uuid or natural key. Raises AxlFault 5007."""
        pkid = self._pkid(kind, request)
        if pkid is None:
            raise not_found(kind.name)
        return pkid

    def _pkid(self, kind: ObjectKind, request: Element) -> str | None:
        uuid = child(request, "uuid")
        conditions, values = [kind.where or "1 = 1"], []
        if text_of(uuid):
            conditions.append("pkid = ?")
            values.append(read_uuid(text_of(uuid)))
        else:
            if child(request, kind.keys[0]) is None:
                raise invalid(f"either uuid or {' and '.join(kind.keys)} must be given")
            for tag in kind.keys:
                condition, more = self._key(kind, tag, child(request, tag))
                conditions.append(condition)
                values.extend(more)
        found = self._database.value(
            f"select pkid from {kind.table} where {' and '.join(conditions)}",  # noqa: S608 - our own names
            *values,
        )
        return None if found is None else str(found)

    def _key(self, kind: ObjectKind, tag: str, element: Element | None) -> tuple[str, list[str]]:
        each = kind.field_of(tag)
        assert each is not None
        if element is None or (not text_of(element) and not element.get("uuid")):
            return f"{each.column} is null", []
        if each.form is ColumnForm.TEXT:
            return f"{each.column} = ?", [text_of(element)]
        try:
            return f"{each.column} = ?", [str(each.read(element, self._database))]
        except AxlFault as fault:
            raise not_found(kind.name) from fault

    # --- showing ---------------------------------------------------------------------------------------------

    def get(self, kind: ObjectKind, request: Element) -> Element:
        """Return the element of an object, found by its name or uuid. Raises AxlFault if there is none."""
        pkid = self.find(kind, request)
        row = self._database.row(f"select * from {kind.table} where pkid = ?", pkid)  # noqa: S608
        assert row is not None
        tags = child(request, "returnedTags")
        wanted = tags if tags is not None and len(tags) else None
        return show(kind, row, FieldReader(self._database), wanted, self._version)

    def search(self, kind: ObjectKind, request: Element) -> list[Element]:
        """Answer a list operation. Raises QueryTooLarge when the answer would be over 8 MB."""
        for element in request:
            if local(element) not in _LIST_PARTS:
                raise invalid(f"element {local(element)} is not part of list{kind.name}")
        tags = child(request, "returnedTags")
        if tags is None:
            raise invalid("element returnedTags is missing")
        where, values = self._where(kind, child(request, "searchCriteria"))
        skip, first = _count(request, "skip", 0), _count(request, "first", -1)
        rows = self._database.rows(
            f"select t.* from {kind.table} t where {where} order by t.rowid limit ? offset ?",  # noqa: S608
            *values,
            first,
            skip,
        )
        reader, size, found = FieldReader(self._database), 0, []
        for number, row in enumerate(rows):
            element = show(kind, row, reader, tags, self._version, listing=True)
            size += len(etree.tostring(element))
            if size > MAX_ANSWER:
                raise of_database(QueryTooLarge(len(rows), max(1, number)))
            found.append(element)
        return found

    def _where(self, kind: ObjectKind, criteria: Element | None) -> tuple[str, list[str]]:
        """LIKE patterns, whatever the case. [case assumed: administration 1.5]"""
        if criteria is None:
            raise invalid("element searchCriteria is missing")
        conditions, values = [f"({kind.where})" if kind.where else "1 = 1"], []
        for element in criteria:
            tag = local(element)
            if tag not in kind.criteria:
                raise invalid(f"{kind.name} cannot be searched by {tag} (only by {', '.join(kind.criteria)})")
            conditions.append(f"lower(ifnull({_searched(kind.field_of(tag), tag)}, '')) like lower(?)")
            values.append(text_of(element))
        return " and ".join(conditions), values


def _searched(each: Field | None, tag: str) -> str:
    if each is None:
        return f"(select value from axlelement a where a.fkowner = t.pkid and a.tag = '{tag}')"  # noqa: S608
    if each.form is ColumnForm.ENUM:
        return f"(select e.name from {each.table} e where e.enum = t.{each.column})"  # noqa: S608
    if each.form is ColumnForm.REFERENCE:
        return f"(select r.{each.target} from {each.table} r where r.pkid = t.{each.column})"  # noqa: S608
    return f"t.{each.column}"


def _count(request: Element, tag: str, default: int) -> int:
    text = text_of(child(request, tag))
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise invalid(f"{tag}: {text!r} is no count")
    return int(text)
