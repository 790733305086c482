"""XML as UCM writes it: one element a line, two blanks before attributes (device-config 2)."""

from __future__ import annotations

import re

# XML 1.0 2.2: everything else cannot be written, not even as a reference.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class UnwritableText(ValueError):
    """A configured text holds a character that no XML file can hold; says where."""


def escape(text: str, where: str) -> str:
    """Escape text for element content or a quoted attribute."""
    bad = _UNWRITABLE.search(text)
    if bad is not None:
        raise UnwritableText(f"{where}: character U+{ord(bad[0]):04X} cannot stand in an XML file")
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;") if '"' in text else text


def element(name: str, text: str | int, attribute: str = "") -> str:
    """Render an element in one line. `attribute` is e.g. `type="1"`, already escaped."""
    shown = escape(str(text), name)
    return f"<{name}  {attribute}>{shown}</{name}>\n" if attribute else f"<{name}>{shown}</{name}>\n"


def elements(**values: str | int) -> str:
    """Render several elements, a line each, in order."""
    return "".join(element(name, value) for name, value in values.items())


def block(name: str, content: str, attribute: str = "") -> str:
    """Render an element around lines."""
    start = f"<{name}  {attribute}>" if attribute else f"<{name}>"
    return f"{start}\n{content}</{name}>\n"
