"""A request to a node's web server on 8443, from a client that a step adds to the lab."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Annotated

from pydantic import Field

from simulator.core.actor.flow import Fetch, Fetched
from simulator.core.tls.settings import ClientTls
from simulator.lab.site.clients.raw_client import RawClient
from simulator.lab.steps.driver import ScenarioDriver
from simulator.lab.steps.service_actions import carry_out

ClientName = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9._\-]+$")]
FAILS = "no answer may come, for a reason that matches this regular expression"
TIMEOUT = 60.0
"""Seconds that a client waits for an answer."""


def basic(name: str, password: str) -> tuple[str, str]:
    """Return the header field with Basic credentials (RFC 7617)."""
    return "Authorization", f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


async def client_of(driver: ScenarioDriver, name: str) -> RawClient:
    """Return the foreign client of this name; a new one joins the network first."""
    client = driver.site.raw_clients.get(name)
    if client is None:
        client = driver.site.raw_clients.add(name)
        await driver.join(client)
    return client


async def ask(
    driver: ScenarioDriver,
    node: str | None,
    *,
    client: str,
    method: str,
    target: str,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> Fetched:
    """Send a request over TLS and wait for what comes back; then do what it ordered of services.

    `node`: None is the publisher. `target`: path and query. The client takes any certificate, speaks TLS 1.2
    and 1.3, and follows no redirection.
    """
    site = driver.site
    name = node or site.cluster.nodes[0].name
    host = site.cluster.node(name).host
    actor = await client_of(driver, client)
    request = Fetch(
        key=target,
        url=f"{site.addresses.base_of(name)}{target}",
        method=method,
        headers=headers,
        body=body,
        redirects=False,
        timeout=TIMEOUT,
        tls=ClientTls(server_name=host, verify=False, check_hostname=False, minimum="1.2", maximum="1.3"),
    )
    actor.ask(request)
    driver.run(actor)
    await driver.until_idle()
    waited = 0.0
    while actor.answer is None and waited <= TIMEOUT:
        await driver.advance(1.0)  # the answer is late on purpose
        waited += 1.0
    await carry_out(driver)
    await driver.until_idle()
    return actor.answer or Fetched(failure=f"no answer within {TIMEOUT:g} s")


def misses(what: str, answer: Fetched, *, status: int, fails: str | None) -> list[str]:
    """Return how an answer to `what` is not as expected: no status `status`, or with `fails` any answer at all.

    `fails`: a regular expression that matches why no answer comes.
    """
    if fails is not None:
        if answer.failure and re.search(fails, answer.failure):
            return []
        found = answer.failure or f"it was answered {answer.status}"
        return [f"expected {what} to fail with /{fails}/, not: {found}"]
    if answer.status != status:
        found = f", not {answer.status}" if answer.status is not None else f"; no answer came: {answer.failure}"
        return [f"expected {what} to be answered {status}{found}"]
    return []
