"""OAuth libraries that nobody here wrote sign in over a socket: code with PKCE, then refresh.

Plain HTTP, which both libraries must be told to accept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import pytest

from registrar.core.ssosp import EnterpriseParameters, Settings
from registrar.core.tokens import ClusterKeys, TokenFacts
from simulator.core.instant import ManualClock
from tests.interop.login_form import SCOPE, VERIFIER, Form
from tests.patience import patience
from tests.registrar.core.ssosp.bench import CLUSTER, JABBER, PASSWORD, PUBLIC, REDIRECT, START, Bench
from tests.serving import served

requests = pytest.importorskip("requests", reason="requests is not installed")
pytestmark = pytest.mark.interop


@dataclass(frozen=True)
class Site:
    """A running authorization server and what a client must know of it."""

    base: str
    bench: Bench

    @property
    def authorize(self) -> str:
        return f"{self.base}/ssosp/oauth/authorize"

    @property
    def token(self) -> str:
        return f"{self.base}/ssosp/oauth/token"


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    bench = Bench(ClusterKeys.create(CLUSTER), EnterpriseParameters(), Settings())
    async with served(bench.server, ManualClock(START)) as address:
        yield Site(base=f"http://{address}", bench=bench)


def sign_in(url: str) -> str:
    """What a person does in a browser: open the page, fill in the form. Returns where it is sent then."""
    with requests.Session() as browser:
        browser.trust_env = False  # no proxy
        form = Form(browser.get(url, timeout=patience()).text)
        form.fields.update(user="alice", password=PASSWORD)
        answer = browser.post(
            urljoin(url, form.action), data=form.fields, allow_redirects=False, timeout=patience()
        )
        location: str = answer.headers["Location"]
        return location


def is_good(site: Site, token: str) -> bool:
    """Would a registrar take the access token?"""
    return isinstance(site.bench.validator().validate(token, START), TokenFacts)


def authlib_session(method: str = "client_secret_basic") -> Any:
    client = pytest.importorskip("authlib.integrations.requests_client", reason="Authlib is not installed")
    session = client.OAuth2Session(
        client_id=JABBER.id,
        client_secret=JABBER.secret,
        token_endpoint_auth_method=method,
        redirect_uri=REDIRECT,
        scope=SCOPE,
        code_challenge_method="S256",
    )
    session.trust_env = False
    return session


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_authlib_signs_in_with_pkce_and_refreshes(site: Site, method: str) -> None:
    def life() -> tuple[dict[str, Any], dict[str, Any]]:
        with authlib_session(method) as session:
            url, state = session.create_authorization_url(site.authorize, code_verifier=VERIFIER)
            token = session.fetch_token(
                site.token, authorization_response=sign_in(url), state=state, code_verifier=VERIFIER
            )
            return dict(token), dict(session.refresh_token(site.token, refresh_token=token["refresh_token"]))

    token, refreshed = await asyncio.to_thread(life)
    assert is_good(site, token["access_token"])
    assert is_good(site, refreshed["access_token"])
    assert refreshed["access_token"] != token["access_token"]
    assert refreshed["refresh_token"] == token["refresh_token"]


async def test_authlib_reads_the_error_of_a_reused_code(site: Site) -> None:
    code = site.bench.code()
    assert site.bench.redeem(code).status == 200

    def reuse() -> None:
        with authlib_session() as session:
            session.fetch_token(site.token, code=code, grant_type="authorization_code")

    with pytest.raises(Exception, match="invalid_grant") as caught:
        await asyncio.to_thread(reuse)
    assert type(caught.value).__name__ == "OAuthError"


async def test_requests_oauthlib_signs_in_with_pkce_and_refreshes(site: Site) -> None:
    library = pytest.importorskip("requests_oauthlib", reason="requests-oauthlib is not installed")
    redirect_uri = "http://127.0.0.1:49152/callback"

    def life() -> tuple[dict[str, Any], dict[str, Any]]:
        with library.OAuth2Session(PUBLIC.id, redirect_uri=redirect_uri, scope=SCOPE, pkce="S256") as session:
            session.trust_env = False
            url, _state = session.authorization_url(site.authorize)
            token = session.fetch_token(site.token, authorization_response=sign_in(url), include_client_id=True)
            return dict(token), dict(session.refresh_token(site.token, client_id=PUBLIC.id))

    token, refreshed = await asyncio.to_thread(life)
    assert is_good(site, token["access_token"])
    assert is_good(site, refreshed["access_token"])
    assert refreshed["access_token"] != token["access_token"]
