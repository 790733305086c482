"""Attempts of clients that are not ours: raw sockets against a running lab, explained from what UCM saw."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

from simulator.evidence.explain import Attempt, explain
from simulator.lab.config.defaults import default_lab
from simulator.lab.run.live import Lab, open_lab

REGISTER = (
    "REGISTER sip:ucm SIP/2.0\r\n"
    "Via: SIP/2.0/TLS 192.0.2.5:5061;branch=z9hG4bK1\r\n"
    "From: <sip:1010@ucm>;tag=1\r\nTo: <sip:1010@ucm>\r\nCall-ID: foreign\r\nCSeq: {cseq} REGISTER\r\n"
    'Contact: <sip:1010@192.0.2.5>;+u.sip!devicename.ccm.cisco.com="CSFALICE"\r\n'
    "Max-Forwards: 70\r\nExpires: 3600\r\n{more}Content-Length: 0\r\n\r\n"
)


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with open_lab(default_lab(port_base=0), virtual_ports=False) as running:
        yield running


def trusting(lab: Lab) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=lab.site.pki.authority("tomcat-ca").certificate.decode())
    context.check_hostname = False
    return context


async def talk(lab: Lab, port: str, data: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Connect, say it, hear what comes within a moment, hang up."""
    number = getattr(lab.site.addresses.ports_of("ucm-pub"), port)
    kind: dict[str, Any] = {"ssl": tls, "server_hostname": "127.0.0.1"} if tls else {}
    reader, writer = await asyncio.open_connection("127.0.0.1", number, **kind)
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.read(4096), 5) if data else b""
    finally:
        writer.close()


async def explained(lab: Lab, count: int = 1) -> list[Attempt]:
    def enough(records: list[Any]) -> bool:
        return len(explain(lab.site.log.records())) >= count and records[-1].event.kind == "flow:closed"

    await lab.until(enough, since=0)
    return list(explain(lab.site.log.records()))


async def test_a_client_that_does_not_trust_tomcat(lab: Lab) -> None:
    with pytest.raises(ssl.SSLError):
        await talk(lab, "oauth", b"x", ssl.create_default_context())
    (attempt,) = await explained(lab)
    assert attempt.failure is not None
    assert attempt.failure.id == "server_certificate"
    assert attempt.client.startswith("127.0.0.1:")
    assert "issued by CN=tomcat-ca" in attempt.failure.evidence


async def test_plain_text_on_a_secure_port(lab: Lab) -> None:
    await talk(lab, "oauth", REGISTER.format(cseq=1, more="").encode())
    (attempt,) = await explained(lab)
    assert attempt.failure is not None
    assert attempt.failure.id == "tls_version"
    assert "plain text instead of TLS: REGISTER" in attempt.failure.evidence
    assert "not TLS" in attempt.advice[0].cause


async def test_tls_on_a_plain_port(lab: Lab) -> None:
    with pytest.raises(OSError):
        await talk(lab, "sip", b"x", trusting(lab))
    (attempt,) = await explained(lab)
    assert attempt.failure is not None
    assert attempt.failure.evidence == "a TLS handshake where SIP was expected; not answered"
    assert attempt.advice[0].cause == "The client speaks TLS to a port that takes plain SIP."
    assert "5090" in attempt.advice[0].remedy


async def test_no_certificate_for_the_mra_port(lab: Lab) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        await talk(lab, "mra", b"x", trusting(lab))
    (attempt,) = await explained(lab)
    assert attempt.failure is not None
    assert attempt.failure.id == "client_certificate"
    assert attempt.port == "MRA OAuth port"


async def test_a_challenge_that_is_never_answered(lab: Lab) -> None:
    answer = await talk(lab, "oauth", REGISTER.format(cseq=1, more="").encode(), trusting(lab))
    assert answer.startswith(b"SIP/2.0 407 ")
    (attempt,) = await explained(lab)
    assert attempt.device == "CSFALICE"
    assert attempt.failure is not None
    assert attempt.failure.id == "credentials"
    assert "did not answer the challenge" in attempt.advice[0].cause


async def test_a_token_of_another_kind_is_named_and_never_shown(lab: Lab) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"
    more = f'Proxy-Authorization: Bearer token="{token}"\r\n'
    await talk(lab, "oauth", REGISTER.format(cseq=1, more=more).encode(), trusting(lab))
    (attempt,) = await explained(lab)
    assert attempt.failure is not None
    assert attempt.failure.id == "token_signature"
    assert "alg_not_allowed" in attempt.failure.evidence
    assert "eyJ" not in str(attempt.to_json())


async def test_bytes_that_are_no_sip(lab: Lab) -> None:
    await talk(lab, "sip", b"GET / HTTP/1.1\r\n\r\n")
    (attempt,) = await explained(lab)
    assert attempt.failure is not None
    assert attempt.failure.id == "readable"


async def test_a_request_that_the_node_does_not_serve(lab: Lab) -> None:
    invite = REGISTER.format(cseq=1, more="").replace("REGISTER", "INVITE").encode()
    answer = await talk(lab, "sip", invite)
    assert answer.startswith(b"SIP/2.0 405 ")
    (attempt,) = await explained(lab)
    assert attempt.failure is not None
    assert attempt.failure.id == "served"
    assert attempt.outcome.startswith("INVITE: 405 ")


async def test_a_client_that_only_connects(lab: Lab) -> None:
    await talk(lab, "oauth", b"", trusting(lab))
    (attempt,) = await explained(lab)
    assert attempt.passed
    assert attempt.outcome == "connected, no REGISTER"
