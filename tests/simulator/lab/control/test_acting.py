"""The control API's verbs for tests: reset, ladder, reasons, and phones that are told how to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from registrar.core.register.reasons import Reason
from simulator.lab.config.defaults import default_lab
from simulator.lab.control import ControlServer
from simulator.lab.control.up import endpoints_of
from simulator.lab.run.live import open_lab

Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """`await ask("POST", "/reset", body)` -> (status, JSON or text)."""
    async with open_lab(default_lab(port_base=0), virtual_ports=False, keep=1000) as lab:
        control = ControlServer(lab, lambda: endpoints_of(lab))
        address = await control.start("127.0.0.1", 0)
        async with aiohttp.ClientSession(f"http://{address}") as session:

            async def ask(method: str, path: str, body: object = None) -> tuple[int, Any]:
                async with session.request(method, path, json=body) as answer:
                    is_json = answer.content_type == "application/json"
                    return answer.status, await (answer.json() if is_json else answer.text())

            yield ask
        await control.stop()


async def test_a_reset_answers_with_the_endpoints_and_empties_the_lab(ask: Ask) -> None:
    beginning = [(record["seq"], record["kind"]) for record in (await ask("GET", "/events"))[1]]
    assert (await ask("POST", "/phones/CSFALICE/start"))[1]["state"] == "registered"
    status, endpoints = await ask("POST", "/reset")
    assert status == 200
    assert (await ask("GET", "/endpoints"))[1] == endpoints
    assert (await ask("GET", "/registrations"))[1] == []
    assert [(record["seq"], record["kind"]) for record in (await ask("GET", "/events"))[1]] == beginning


async def test_what_acts_takes_turns_with_a_reset(ask: Ask) -> None:
    steps = [("POST", "/phones/CSFALICE/start"), ("POST", "/reset"), ("POST", "/nodes/ucm-pub/restart")]
    answers = await asyncio.gather(*(ask(*step) for step in steps * 5))
    assert {status for status, _ in answers} <= {200, 409}
    await ask("POST", "/reset")
    assert (await ask("POST", "/phones/CSFALICE/start"))[1]["state"] == "registered"


async def test_the_ladder_is_text_and_begins_after_since(ask: Ask) -> None:
    await ask("POST", "/phones/CSFALICE/start")
    _, whole = await ask("GET", "/ladder?width=80")
    assert "CSFALICE registered, 120 s" in whole
    assert max(map(len, whole.splitlines())) <= 80
    last = (await ask("GET", "/events"))[1][-1]["seq"]
    assert (await ask("GET", f"/ladder?since={last}"))[1] == ""
    assert (await ask("GET", "/ladder?since=x"))[0] == 400


async def test_every_reason_is_listed_with_its_remedy(ask: Ask) -> None:
    _, rows = await ask("GET", "/reasons")
    assert {row["name"] for row in rows} == {reason.value for reason in Reason}
    assert all(row["text"] and row["remedy"] for row in rows)


async def test_a_phone_is_told_how_to_be(ask: Ask) -> None:
    body = {"behaviours": ["never-send-token"]}
    assert (await ask("POST", "/phones/CSFALICE/start", body))[1]["state"] != "registered"
    assert (await ask("POST", "/phones/CSFBOB/start", {"token": {"user": "alice"}}))[1]["state"] != "registered"
    assert (await ask("POST", "/phones/CSFALICE/start", {"behaviours": []}))[1]["state"] == "registered"


REFUSED: dict[str, tuple[str, object, int, str]] = {
    "an unknown phone": ("/phones/CSFNOBODY/start", None, 404, "no phone 'CSFNOBODY'"),
    "an unknown behaviour": ("/phones/CSFALICE/start", {"behaviours": ["sulk"]}, 400, "sulk"),
    "an unknown mutation": (
        "/phones/CSFALICE/start",
        {"token": {"mutate": "odd"}},
        400,
        "no token mutation 'odd'",
    ),
    "an unknown key": ("/phones/CSFALICE/start", {"mood": "bad"}, 400, "mood"),
    "an unknown key of the token": ("/phones/CSFALICE/start", {"token": {"colour": 1}}, 400, "token.colour"),
}


@pytest.mark.parametrize(("path", "body", "status", "text"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_cannot_be_is_refused(ask: Ask, path: str, body: object, status: int, text: str) -> None:
    answer = await ask("POST", path, body)
    assert answer[0] == status
    assert text in answer[1]["error"]


async def test_a_phone_that_runs_is_not_started_twice(ask: Ask) -> None:
    await ask("POST", "/phones/CSFALICE/start")
    status, said = await ask("POST", "/phones/CSFALICE/start")
    assert (status, said["error"]) == (409, "CSFALICE is registered already")
