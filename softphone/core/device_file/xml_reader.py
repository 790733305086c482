"""A small hardened XML reader for configuration files: bytes in, a tree of plain elements out.

Real UCM files use an undeclared `xsi:` prefix, so namespaces stay off (device-config 8). DOCTYPE and entities
are refused outright: an unresolved one would look like an absent element. Elements are addressed by path only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from softphone.core.device_file.problems import ConfigError, ConfigProblem

MAX_BYTES = 1 << 20
MAX_ELEMENTS = 5_000
MAX_DEPTH = 32
"""A real file has 13.7 KB, 342 elements, depth 9. [observed: device-config 2]"""

XML_SPACE = " \t\r\n"
_ENCODING_ERRORS = frozenset(
    {
        expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING],
        expat.errors.codes[expat.errors.XML_ERROR_INCORRECT_ENCODING],
    }
)


@dataclass(slots=True, kw_only=True)
class Element:
    """One element of a document."""

    name: str
    path: str
    line: int
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    content: str = ""
    """Character data directly inside, comments cut out, CDATA included."""

    def all(self, name: str) -> Iterator[Element]:
        """Return every child of that name."""
        return (child for child in self.children if child.name == name)

    def one(self, name: str) -> Element | None:
        """Return the only child container of that name, or None; two of them are E_DUPLICATE."""
        found = list(self.all(name))
        if len(found) > 1:
            raise found[1].error(ConfigProblem.DUPLICATE, f"a second <{name}>")
        return found[0] if found else None

    def at(self, path: str) -> Element | None:
        """Return the container at `a/b/c` below this one, or None where a step is absent."""
        here: Element | None = self
        for step in path.split("/"):
            here = here.one(step) if here is not None else None
        return here

    def leaf(self, name: str) -> Element | None:
        """Return the child that holds a value. Twice the same value is accepted, two different ones are not."""
        found = list(self.all(name))
        for other in found[1:]:
            if other.text != found[0].text:
                raise other.error(
                    ConfigProblem.DUPLICATE,
                    f"<{name}> is {other.text[:40]!r} here but {found[0].text[:40]!r} on line {found[0].line}",
                )
        return found[0] if found else None

    def value(self, name: str) -> str | None:
        """Return the text of the child `name`; None if there is no such child."""
        child = self.leaf(name)
        return None if child is None else child.text

    @property
    def text(self) -> str:
        """The element's value without surrounding XML white space."""
        if self.children:
            raise self.children[0].error(
                ConfigProblem.BAD_STRUCTURE, f"<{self.name}> holds a value, but has an element inside"
            )
        return self.content.strip(XML_SPACE)

    def error(self, code: ConfigProblem, detail: str) -> ConfigError:
        return ConfigError(code, detail, path=self.path, line=self.line)


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._count = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._forbidden
        parser.EntityDeclHandler = self._forbidden

    def parse(self, data: bytes) -> Element:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            code = ConfigProblem.ENCODING if error.code in _ENCODING_ERRORS else ConfigProblem.XML_MALFORMED
            raise ConfigError(
                code, f"{expat.ErrorString(error.code)} at column {error.offset}", line=error.lineno
            ) from None
        except ConfigError:
            raise
        except (ValueError, LookupError):
            # pyexpat: a declared encoding that Python knows, but that is no 8-bit table
            raise ConfigError(ConfigProblem.ENCODING, "unsupported character encoding") from None
        assert self.root is not None  # expat takes a document without an element for malformed
        return self.root

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise ConfigError(ConfigProblem.TOO_LARGE, f"more than {MAX_ELEMENTS} elements", line=self._line)
        if len(self._open) == MAX_DEPTH:
            raise ConfigError(ConfigProblem.TOO_DEEP, f"more than {MAX_DEPTH} nested elements", line=self._line)
        above = self._open[-1].path if self._open else ""
        element = Element(name=name, path=f"{above}/{name}"[:300], line=self._line, attributes=attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, _name: str) -> None:
        self._open.pop().content = "".join(self._texts.pop())

    def _text(self, data: str) -> None:
        self._texts[-1].append(data)

    def _forbidden(self, *_: object) -> None:
        raise ConfigError(ConfigProblem.XML_FORBIDDEN, "DOCTYPE and entities are refused", line=self._line)


def read_xml(data: bytes) -> Element:
    """Return the root element of `data`. Raises ConfigError, and nothing else, whatever the bytes."""
    if len(data) > MAX_BYTES:
        raise ConfigError(ConfigProblem.TOO_LARGE, f"{len(data)} bytes; the limit is {MAX_BYTES}")
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise ConfigError(ConfigProblem.EMPTY, "the file is empty")
    return _Builder().parse(data)
