"""Authlib against a running lab's 8443 over TLS, with the page's form filled in as a browser would."""

from __future__ import annotations

from typing import Any

import pytest

from registrar.core.tokens.claims import DEFAULT_CLIENT_ID
from tests.e2e.running_lab import RunningLab
from tests.interop.login_form import SCOPE, VERIFIER, Form
from tests.patience import patience

requests = pytest.importorskip("requests", reason="requests is not installed")
pytestmark = pytest.mark.interop

REDIRECT = "http://127.0.0.1/callback"


@pytest.fixture
def session(lab: RunningLab) -> Any:
    client = pytest.importorskip("authlib.integrations.requests_client", reason="Authlib is not installed")
    with client.OAuth2Session(
        client_id=DEFAULT_CLIENT_ID,
        token_endpoint_auth_method="none",
        redirect_uri=REDIRECT,
        scope=SCOPE,
        code_challenge_method="S256",
    ) as session:
        session.trust_env = False
        session.verify = str(lab.ca_file)
        yield session


def signed_in(lab: RunningLab, session: Any, base: str, user: str = "alice", password: str = "ucmsim") -> str:
    url, state = session.create_authorization_url(f"{base}/ssosp/oauth/authorize", code_verifier=VERIFIER)
    with requests.Session() as browser:
        browser.trust_env, browser.verify = False, str(lab.ca_file)
        form = Form(browser.get(url, timeout=patience()).text)
        form.fields.update(user=user, password=password)
        answer = browser.post(base + form.action, data=form.fields, allow_redirects=False, timeout=patience())
    location: str = answer.headers["Location"]
    assert f"state={state}" in location
    return location


def accepted(lab: RunningLab, token: str) -> bool:
    answer = lab.ask("POST", "/tokens/inspect", {"token": token}).json
    return bool(answer["accepted"])


def test_authlib_signs_in_over_tls_and_refreshes(lab: RunningLab, session: Any) -> None:
    base = f"https://{lab.hostport('https')}"
    location = signed_in(lab, session, base)
    token = session.fetch_token(
        f"{base}/ssosp/oauth/token", authorization_response=location, code_verifier=VERIFIER
    )
    assert accepted(lab, token["access_token"])
    devices = session.get(f"{base}/cucm-uds/user/alice/devices", timeout=patience())
    assert (devices.status_code, "CSFALICE" in devices.text) == (200, True)
    before, refresh_token = token["access_token"], token["refresh_token"]
    refreshed = session.refresh_token(f"{base}/ssosp/token", refresh_token=refresh_token)
    assert accepted(lab, refreshed["access_token"])
    assert refreshed["access_token"] != before
    assert refreshed["refresh_token"] == refresh_token


def test_authlib_says_that_a_revoked_session_is_over(lab: RunningLab, session: Any) -> None:
    base = f"https://{lab.hostport('https')}"
    location = signed_in(lab, session, base, "bob")
    token = session.fetch_token(
        f"{base}/ssosp/oauth/token", authorization_response=location, code_verifier=VERIFIER
    )
    revoked = requests.get(
        f"{base}/ssosp/token/revoke",
        params={"user_id": "bob"},
        auth=("admin", "ucmsim"),
        verify=str(lab.ca_file),
        timeout=patience(),
    )
    assert revoked.json()["revoked_tokens"]["status"] == "success"
    with pytest.raises(Exception, match="invalid_grant") as caught:
        session.refresh_token(f"{base}/ssosp/oauth/token", refresh_token=token["refresh_token"])
    assert type(caught.value).__name__ == "OAuthError"


def test_a_planned_failure_reaches_authlib_once_and_the_journal_counts_it(
    lab: RunningLab, session: Any
) -> None:
    base = f"https://{lab.hostport('https')}"
    location = signed_in(lab, session, base, "carol")
    plan = {
        "path": "/ssosp/oauth/token",
        "user": "carol",
        "oauth_error": "temporarily_unavailable",
        "status": 503,
    }
    assert lab.ask("POST", "/failures", plan).status == 200

    def fetch() -> Any:
        return session.fetch_token(
            f"{base}/ssosp/oauth/token", authorization_response=location, code_verifier=VERIFIER
        )

    with pytest.raises(Exception, match=r"temporarily_unavailable|503"):
        fetch()
    assert accepted(lab, fetch()["access_token"])
    calls = [call for call in lab.get("/journal")["calls"] if call["user"] == "carol"]
    tried = [(call["status"], call["failure"]) for call in calls if call["path"] == "/ssosp/oauth/token"]
    assert tried == [(503, "503, temporarily_unavailable"), (200, "")]
