"""How elements of an AXL object and columns of a table become each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lxml import etree

from registrar.core.axl.faults import AxlFault, invalid, not_found
from registrar.core.database.store import ClusterDatabase
from registrar.core.soap.envelope import Element, is_nil, make, text_of

MAX_INTEGER = 2**31 - 1
Value = str | int | None


class ColumnForm(Enum):
    """How a column is written as the text of an element."""

    TEXT = "text"
    OPTIONAL = "optional"
    """Text that may be NULL."""
    BOOLEAN = "boolean"
    INTEGER = "integer"
    ENUM = "enum"
    """The name of a row of a type table."""
    REFERENCE = "reference"
    """The name of a row of another table, with its uuid (AXL's XFkType)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One element and its column."""

    tag: str
    column: str
    form: ColumnForm = ColumnForm.TEXT
    table: str = ""
    """Of an enumeration or reference."""
    target: str = "name"
    """The column a reference is named by."""
    label: str = ""
    """What a fault calls the thing that is referred to."""
    group: tuple[str, ...] = ()
    """Elements around it, outermost first."""
    required: bool = False
    """Must be given, and not be empty, when the object is added."""
    read_only: bool = False
    listed: bool = True
    """Answered by list operations too."""

    def read(self, element: Element, database: ClusterDatabase) -> Value:
        """Return the column's value for what was written. Raises AxlFault."""
        text = "" if is_nil(element) else text_of(element)
        if self.form is ColumnForm.TEXT:
            return text
        if self.form is ColumnForm.OPTIONAL:
            return None if is_nil(element) else text
        if self.form is ColumnForm.BOOLEAN:
            return read_boolean(self.tag, text)
        if self.form is ColumnForm.INTEGER:
            return read_integer(self.tag, text)
        if self.form is ColumnForm.ENUM:
            return self._read_enum(text, database)
        return self._read_reference(element, text, database)

    def _read_enum(self, text: str, database: ClusterDatabase) -> Value:
        number = database.value(f"select enum from {self.table} where name = ?", text)  # noqa: S608
        if number is None:
            known = [row[0] for row in database.rows(f"select name from {self.table} order by enum")]  # noqa: S608
            raise invalid(f"{self.tag}: {text!r} is none of {', '.join(known)}")
        return int(number)

    def _read_reference(self, element: Element, text: str, database: ClusterDatabase) -> Value:
        uuid = element.get("uuid")
        if not text and uuid:
            where, value = "pkid = ?", read_uuid(uuid)
        elif text:
            where, value = f"{self.target} = ?", text
        else:
            return None
        pkid = database.value(f"select pkid from {self.table} where {where}", value)  # noqa: S608
        if pkid is None:
            raise not_found(self.label or self.table)
        return str(pkid)

    def is_empty(self, element: Element) -> bool:
        """Does the element say nothing?

        One that is empty, and whose form has no empty value, changes nothing. [assumed]
        """
        blank = is_nil(element) or not text_of(element)
        return blank and self.form in (ColumnForm.BOOLEAN, ColumnForm.INTEGER, ColumnForm.ENUM)


class FieldReader:
    """Columns as elements; names behind keys are looked up once an answer."""

    def __init__(self, database: ClusterDatabase) -> None:
        self.database = database
        self._names: dict[tuple[str, str, Value], str] = {}

    def element(self, field: Field, value: Value) -> Element:
        """Return the element that shows a column's value."""
        if value is None:
            return make(field.tag, "")
        if field.form is ColumnForm.BOOLEAN:
            return make(field.tag, "true" if value == "t" else "false")
        if field.form is ColumnForm.ENUM:
            return make(field.tag, self.name(field.table, "name", "enum", value))
        if field.form is ColumnForm.REFERENCE:
            return make(field.tag, self.name(field.table, field.target, "pkid", value), uuid=braced(str(value)))
        return make(field.tag, str(value))

    def name(self, table: str, target: str, key: str, value: Value) -> str:
        """Return the name that a foreign key or an enumeration stands for."""
        slot = (table, target, value)
        if slot not in self._names:
            found = self.database.value(f"select {target} from {table} where {key} = ?", value)  # noqa: S608
            self._names[slot] = "" if found is None else str(found)
        return self._names[slot]


def braced(pkid: str) -> str:
    """Return AXL's uuid of a pkid: upper case, in braces. [observed]"""
    return f"{{{pkid.upper()}}}"


def read_uuid(text: str) -> str:
    """Return a pkid as rows have it: lower case, without the braces of AXL. Any text is taken."""
    return text.strip().strip("{}").lower()


def read_boolean(tag: str, text: str) -> str:
    """Read a boolean as `t` or `f`; AXL allows t, f, true, false, 0 and 1, and clients write True."""
    word = text.lower()
    if word in ("t", "true", "1"):
        return "t"
    if word in ("f", "false", "0"):
        return "f"
    raise invalid(f"{tag}: {text!r} is no boolean")


def read_integer(tag: str, text: str) -> int:
    """Read a number. Raises AxlFault, which names the element, for what is none."""
    try:
        number = int(text)
    except ValueError:
        raise invalid(f"{tag}: {text!r} is no number") from None
    if not -MAX_INTEGER <= number <= MAX_INTEGER or not text.isascii():
        raise invalid(f"{tag}: {text!r} is out of range")
    return number


def nested(group: tuple[str, ...], leaf: Element, roots: dict[str, Element]) -> None:
    """Put `leaf` below its group elements, which are made in `roots` when they are first needed."""
    if not group:
        roots[str(leaf.tag)] = leaf
        return
    parent = roots.get(group[0])
    if parent is None:
        parent = roots[group[0]] = make(group[0])
    for tag in group[1:]:
        below = parent.find(tag)
        parent = etree.SubElement(parent, tag) if below is None else below
    parent.append(leaf)


__all__ = [
    "AxlFault",
    "ColumnForm",
    "Field",
    "FieldReader",
    "Value",
    "braced",
    "nested",
    "read_boolean",
    "read_integer",
    "read_uuid",
]
