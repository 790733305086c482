"""What a playbook expects of an actor next, and in what an effect misses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from simulator.core import redact
from simulator.core.actor.flow import CloseFlow, Effect, Fetch, OpenFlow, SendData, Transport
from simulator.core.ids import FlowId

Data = bytes | str | Callable[[bytes], bool]
"""Bytes: exactly these. Text: a regular expression that is found in what is sent. A function: says yes."""
_WIDTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedEffect:
    """One effect that the actor must have next."""

    text: str
    """Completes the sentence "the actor is expected to ..."."""
    kind: type[Effect]
    misses: Callable[[Effect], list[str]]
    """Says in what an effect of that kind differs; an empty list: it is the one."""

    def judge(self, effect: Effect) -> list[str]:
        """Return in what `effect` misses the expectation; an empty list if it meets it."""
        if not isinstance(effect, self.kind):
            return [f"it is no {self.kind.__name__}", "", "", "", ""]
        return self.misses(effect)


def opens(remote: str | None, transport: Transport | None) -> ExpectedEffect:
    def misses(effect: Effect) -> list[str]:
        assert isinstance(effect, OpenFlow)
        return _differences(("remote", remote, str(effect.remote)), ("transport", transport, effect.transport))

    where = "any address" if remote is None else remote
    return ExpectedEffect(text=f"open a {transport or 'any'} flow to {where}", kind=OpenFlow, misses=misses)


def sends(data: Data, flow: FlowId) -> ExpectedEffect:
    def misses(effect: Effect) -> list[str]:
        assert isinstance(effect, SendData)
        other = [] if effect.flow == flow else [f"it goes to flow {effect.flow}, not {flow}"]
        return [*other, *_data_misses(data, effect.data)]

    return ExpectedEffect(text=f"send {_wanted(data)} on flow {flow}", kind=SendData, misses=misses)


def closes(flow: FlowId) -> ExpectedEffect:
    def misses(effect: Effect) -> list[str]:
        assert isinstance(effect, CloseFlow)
        return [] if effect.flow == flow else [f"it is flow {effect.flow}, not {flow}"]

    return ExpectedEffect(text=f"close flow {flow}", kind=CloseFlow, misses=misses)


def fetches(url: str | None, method: str) -> ExpectedEffect:
    def misses(effect: Effect) -> list[str]:
        assert isinstance(effect, Fetch)
        return _differences(("url", url, effect.url), ("method", method, effect.method))

    return ExpectedEffect(text=f"fetch {method} {url or 'any URL'}", kind=Fetch, misses=misses)


def described(effect: Effect) -> str:
    """Return one effect in a line, without credentials."""
    match effect:
        case OpenFlow():
            return f"opens flow {effect.flow}: {effect.transport} to {effect.remote}"
        case SendData():
            return f"sends on flow {effect.flow}: {shown(effect.data)}"
        case CloseFlow():
            return f"closes flow {effect.flow}"
        case Fetch():
            return f"fetches {effect.method} {effect.url}"


def shown(data: bytes) -> str:
    """Return the beginning of `data` as text in quotes; tokens and passwords are not shown."""
    text = repr(redact.text(data.decode("utf-8", "backslashreplace")))
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}... ({len(data)} bytes)"


def _wanted(data: Data) -> str:
    if isinstance(data, bytes):
        return shown(data)
    return f"text matching {data!r}" if isinstance(data, str) else f"what {data.__name__} accepts"


def _data_misses(wanted: Data, sent: bytes) -> list[str]:
    if isinstance(wanted, bytes):
        return _first_difference(wanted, sent)
    if isinstance(wanted, str):
        found = re.search(wanted, sent.decode("utf-8", "replace"), re.MULTILINE)
        return [] if found else [f"{wanted!r} is not found in it"]
    return [] if wanted(sent) else [f"{wanted.__name__} says no"]


def _first_difference(wanted: bytes, sent: bytes) -> list[str]:
    if wanted == sent:
        return []
    lines, others = wanted.split(b"\n"), sent.split(b"\n")
    for number, (line, other) in enumerate(zip(lines, others, strict=False), 1):
        if line != other:
            return [f"line {number} is {shown(other)}, expected was {shown(line)}"]
    return [f"it has {len(others)} lines, expected were {len(lines)}"]


def _differences(*facts: tuple[str, str | None, str]) -> list[str]:
    return [f"{name} is {found}, not {wanted}" for name, wanted, found in facts if wanted not in (None, found)]
