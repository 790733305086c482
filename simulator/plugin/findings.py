"""What the assertions look for in a lab: what they find, or in words what was there instead."""

from __future__ import annotations

import time
from collections.abc import Callable
from difflib import get_close_matches

from .control import ControlClient, Record

_PAUSE = 0.02


def eventually(within: float, look: Callable[[], Record | str]) -> Record:
    """Call `look` until it finds something; AssertionError with what it says instead if that takes too long."""
    __tracebackhide__ = True
    give_up = time.monotonic() + within
    while isinstance(found := look(), str):
        if time.monotonic() >= give_up:
            raise AssertionError(found)
        time.sleep(_PAUSE)
    return found


def find_registration(control: ControlClient, device: str, node: str | None) -> Record | str:
    rows = control.registrations()
    held = [row for row in rows if row["device"] == device]
    for row in held:
        if node in (None, row["node"]):
            return row
    text = f"expected {device} registered{f' at {node}' if node else ''}; "
    if held:
        return text + f"it is registered at {', '.join(sorted({row['node'] for row in held}))}"
    others = sorted({row["device"] for row in rows})
    text += f"registered: {', '.join(others)}" if others else "nobody is registered"
    troubles = [record for record in control.records() if _is_trouble(record, device)]
    if not troubles:
        return text + "\nnothing was refused either: did it get this far?"
    nearest = max(troubles, key=lambda record: (record["kind"] in _REFUSALS, record["seq"]))
    return text + f"\nnearest: {line_of(nearest)}"


def _is_trouble(record: Record, device: str) -> bool:
    kind = record["kind"]
    if kind in _REFUSALS:
        return record["device"] in (device, None) and record["reason"] != "token_absent"
    return kind in ("tls:failed", "sip:malformed") or (kind == "phone:failed" and record["actor"] == device)


def find_rejection(control: ControlClient, reason: str, device: str | None) -> Record | str:
    records = control.records()
    refusals = [
        record
        for record in records
        if record["kind"] in _REFUSALS and (record["reason"] != "token_absent" or reason == "token_absent")
    ]
    for record in refusals:
        if device in (None, record["device"]) and _has_reason(record, reason):
            return record
    text = f"expected {device or 'somebody'} rejected: {reason}"
    near = sorted(refusals, key=lambda r: (r["device"] == device, _has_reason(r, reason), r["seq"]))
    if near:
        text += f"\nnearest: {line_of(near[-1])}"
    else:
        accepted = [record for record in records if record["kind"] == "registrar:accepted"]
        failed = [record for record in records if record["kind"] in ("tls:failed", "sip:malformed")]
        text += "; nothing was rejected"
        text += f"\nseen instead: {line_of((accepted or failed)[-1])}" if accepted or failed else ""
    return text + _spelling(control, reason)


def _has_reason(record: Record, reason: str) -> bool:
    """The registrar's reason itself, or the token's problem it stands for."""
    return reason in (record["reason"], record.get("token_problem"))


def _spelling(control: ControlClient, reason: str) -> str:
    known = {row["name"] for row in control.get("/reasons")}
    known |= {row["problem"] for row in control.get("/tokens/mutations")}
    if reason in known:
        return ""
    near = get_close_matches(reason, sorted(known), n=3)
    return f"\nthere is no reason {reason!r}" + (f": did you mean {', '.join(near)}?" if near else "")


def find_alert(control: ControlClient, wanted: str | int | None, by: str | None) -> Record | str:
    records = control.records()
    refusals = [record for record in records if record["kind"] == "tls:failed"]

    def fits(record: Record) -> tuple[bool, bool]:
        name = record["alert"] if wanted is None or isinstance(wanted, int) else record["alert_name"]
        return name == wanted, by in (None, *_refusers(record))

    for record in refusals:
        if all(fits(record)):
            return record
    shown = "a refusal without an alert" if wanted is None else f"TLS alert {wanted}"
    text = f"expected {shown}{f' by {by}' if by else ''}; "
    if refusals:
        nearest = max(refusals, key=lambda record: (sum(fits(record)), record["seq"]))
        return text + f"nearest: {line_of(nearest)}, refused by the {_refusers(nearest)[0]}"
    finished = [record for record in records if record["kind"] == "tls:established"]
    return text + (
        f"no handshake was refused; last finished: {line_of(finished[-1])}"
        if finished
        else "there was no handshake"
    )


def _refusers(record: Record) -> tuple[str, ...]:
    """Who refused, by every name: the role, and the actor if the record is its own."""
    if record["by"] == "us":
        return record["role"], record["actor"]
    return ("client" if record["role"] == "server" else "server",)


_SHOWN = {
    "registration": ("device", "dn", "node", "transport", "source", "user", "expires_in"),
    "registrar:rejected": ("device", "reason", "status", "detail"),
    "registrar:challenged": ("device", "reason", "status", "detail"),
    "registrar:accepted": ("device", "what", "expires"),
    "phone:failed": ("code", "detail"),
    "sip:malformed": ("detail", "status"),
    "tls:established": ("role", "version", "cipher", "peer_names"),
    "tls:failed": ("role", "by", "alert", "alert_name", "reason", "detail"),
}
"""Kind of record -> the fields that tell one from another."""
_REFUSALS = ("registrar:rejected", "registrar:challenged")


def line_of(record: Record) -> str:
    """Write a record or registration in one line: what tells it from others, without empty fields."""
    kind = record.get("kind", "registration")
    head = [f"#{record['seq']} {record['actor']} {kind}"] if "seq" in record else []
    shown = [(key, record.get(key)) for key in _SHOWN[kind]]
    return " ".join(head + [f"{key}={value}" for key, value in shown if value not in (None, "", [])])
