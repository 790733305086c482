"""An object's row as the element get and list answer with: by returnedTags, fit for the version asked."""

from __future__ import annotations

from registrar.core.axl.fields import FieldReader, braced, nested
from registrar.core.axl.kinds import ObjectKind
from registrar.core.axl.members import MEMBERS
from registrar.core.axl.versions import Version
from registrar.core.database.rows import Row
from registrar.core.soap.envelope import Element, local, make


def show(
    kind: ObjectKind,
    row: Row,
    reader: FieldReader,
    tags: Element | None,
    version: Version,
    *,
    listing: bool = False,
) -> Element:
    """Render an object. `tags`: returnedTags; None shows everything. Elements are in the schema's order."""
    wanted = None if tags is None else {local(tag): tag for tag in tags}
    shown = make(kind.element, uuid=braced(row["pkid"]))
    if kind.ctiid:
        shown.set("ctiid", str(row["ctiid"]))
    roots = _roots(kind, row, reader, wanted, version, listing=listing)
    for tag in kind.order:
        if tag not in roots or (listing and tag in kind.unlisted) or not knows(kind, tag, version):
            continue
        if wanted is None or tag in wanted:
            shown.append(roots[tag])
            if wanted is not None:
                _prune(roots[tag], wanted[tag])
    return shown


def knows(kind: ObjectKind, tag: str, version: Version) -> bool:
    """Does the request's version have the element?"""
    return kind.newer.get(tag, version) <= version


def _roots(
    kind: ObjectKind,
    row: Row,
    reader: FieldReader,
    wanted: dict[str, Element] | None,
    version: Version,
    *,
    listing: bool,
) -> dict[str, Element]:
    """The elements directly below the object, by tag; those not wanted may be missing."""
    roots: dict[str, Element] = {}
    for each in kind.fields:
        root = each.group[0] if each.group else each.tag
        asked = (wanted is None or root in wanted) and (each.listed or not listing)
        if asked and knows(kind, each.tag, version):
            nested(each.group, reader.element(each, row[each.column]), roots)
    if kind.keeps:
        for kept in reader.database.rows("select tag, value from axlelement where fkowner = ?", row["pkid"]):
            roots[kept["tag"]] = make(kept["tag"], kept["value"])
    members = MEMBERS.get(kind.name)
    for tag, render in members.render.items() if members else ():
        if wanted is None or tag in wanted:
            roots[tag] = render(reader.database, row["pkid"])
    return roots


def _prune(shown: Element, tag: Element) -> None:
    """Leave below `shown` what `tag` names, at every depth; a tag without children names all."""
    wanted = {local(each): each for each in tag}
    if not wanted:
        return
    for element in list(shown):
        if local(element) in wanted:
            _prune(element, wanted[local(element)])
        else:
            shown.remove(element)
