"""Sign in at a running lab's 8443 as a browser and a client do: by the form, then at the token endpoint."""

from __future__ import annotations

import json
import re
import ssl
from base64 import b64encode
from html import unescape
from http.client import HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.e2e.running_lab import RunningLab
from tests.patience import patience

CLIENT = "C" + "0" * 63 + "1"
REDIRECT = "http://127.0.0.1/callback"
TOKEN = "/ssosp/oauth/token"
_REQUEST = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": REDIRECT,
    "scope": "UnifiedCommunications:readwrite",
}


class Answer(NamedTuple):
    status: int
    location: str
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def ask(
    lab: RunningLab, method: str, path: str, form: dict[str, str] | None = None, basic: str | None = None
) -> Answer:
    context = ssl.create_default_context(cafile=str(lab.ca_file))
    connection = HTTPSConnection(*lab.endpoint("https"), context=context, timeout=patience())
    headers = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
    if basic is not None:
        headers["Authorization"] = f"Basic {b64encode(basic.encode()).decode()}"
    try:
        connection.request(method, path, None if form is None else urlencode(form), headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheader("Location") or "", answer.read().decode())
    finally:
        connection.close()


def sign_in(lab: RunningLab, user: str, password: str = "ucmsim") -> dict[str, Any]:
    """What the token endpoint gave: access_token, refresh_token and so on."""
    page = ask(lab, "GET", f"/ssosp/oauth/authorize?{urlencode(_REQUEST)}").text
    fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page))
    form = {name: unescape(value) for name, value in fields.items()}
    sent = ask(lab, "POST", "/ssosp/oauth/authorize", {**form, "user": user, "password": password})
    code = parse_qs(urlsplit(sent.location).query)["code"][0]
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "client_id": CLIENT}
    answer = ask(lab, "POST", TOKEN, grant)
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def refresh(lab: RunningLab, token: str) -> Answer:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT}
    return ask(lab, "POST", TOKEN, form)
