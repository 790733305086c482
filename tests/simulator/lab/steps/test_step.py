"""What events and ladders tell of a step: no password, secret or token that a scenario's author wrote there."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.lab.steps.registry import step_of

SECRET = "never-to-be-told"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        pytest.param(
            {
                "axl": {
                    "operation": "updateUser",
                    "body": f"<userid>al</userid><password>{SECRET}</password>",
                }
            },
            "axl: operation updateUser, body <userid> <password>",
            id="a password in an AXL call",
        ),
        pytest.param(
            {"axl": {"operation": "addUser", "body": f"<password><![CDATA[{SECRET}]]></password>"}},
            "axl: operation addUser, body <password>",
            id="the same as CDATA",
        ),
        pytest.param(
            {"axl": {"operation": "executeSQLUpdate", "body": f"<sql>update u set p = '{SECRET}'</sql>"}},
            "axl: operation executeSQLUpdate, body <sql>",
            id="SQL",
        ),
        pytest.param(
            {"http": {"path": "/ssosp/oauth/token", "method": "POST", "form": {"client_secret": SECRET}}},
            "http: path /ssosp/oauth/token, method POST, form client_secret",
            id="a field of a form",
        ),
        pytest.param(
            {"admin": {"command": "set password user admin", "answers": [SECRET, SECRET]}},
            "admin: command set password user admin, answers (2)",
            id="answers on the command line",
        ),
        pytest.param(
            {"expressway": {"discover": {"user": "admin", "password": SECRET}}},
            "expressway: discover user admin password (not shown)",
            id="the password of a discovery",
        ),
        pytest.param(
            {"send": {"text": f"REGISTER sip:a SIP/2.0\nAuthorization: Bearer {SECRET}-and-longer-than-16"}},
            "send: text REGISTER sip:a SIP/2.0\nAuthorization: Bearer sha256:",
            id="a token in a message",
        ),
    ],
)
def test_a_secret_in_a_step_is_not_told(step: dict[str, Any], told: str) -> None:
    text = str(step_of(step))
    assert SECRET not in text
    assert text.startswith(told)
    assert SECRET not in repr(step_of(step)) or "send" in step


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"fail": {"path": "/axl/", "status": 503, "times": 2}}, "fail: path /axl/, times 2, status 503"),
        ({"start": ["CSFALICE", "CSFBOB"]}, "start: CSFALICE, CSFBOB"),
        ({"advance": 60.0}, "advance: 60 s"),
        ({"oauth_mode": False}, "oauth_mode: off"),
        ({"set_ports": {"node": "ucm", "ports": {"oauth": 6090}}}, "set_ports: node ucm, ports oauth 6090"),
    ],
    ids=str,
)
def test_all_else_is_told_in_words(step: dict[str, Any], told: str) -> None:
    assert str(step_of(step)) == told
