"""Tests of the client in sipclient.py against a simulated UCM; docs/howto-pytest.md explains them."""

import asyncio
import ssl

import pytest
from sipclient import Refused, SipClient


@pytest.fixture
def connect(ucmsim_lab, ucmsim_token):
    """Makes clients of alice's device; closes them after the test."""
    opened = []

    def client(role="oauth", cafile=ucmsim_lab.ca_file, token=lambda: ucmsim_token("alice")):
        host, port = ucmsim_lab.endpoint(role)
        opened.append(SipClient(host, port, cafile=cafile, device="CSFALICE", number="1010", token=token))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


def test_registers(connect, ucmsim_lab):
    assert connect().register() == 120
    ucmsim_lab.assert_registered("CSFALICE", node="ucm-pub")


def test_refreshes_in_time(connect, ucmsim_lab):
    client = connect()
    client.register()
    ucmsim_lab.advance(115)
    client.register()
    ucmsim_lab.advance(115)
    ucmsim_lab.assert_registered("CSFALICE")


def test_a_missed_refresh_ends_the_registration(connect, ucmsim_lab):
    connect().register()
    ucmsim_lab.advance(121)
    ucmsim_lab.assert_not_registered("CSFALICE")


def test_unregisters(connect, ucmsim_lab):
    client = connect()
    client.register()
    client.unregister()
    ucmsim_lab.assert_not_registered("CSFALICE")


@pytest.mark.parametrize(
    ("mutate", "problem"),
    [("expired", "expired"), ("alg-none", "alg_not_allowed"), ("signature-bit-flip", "signature_invalid")],
)
def test_gives_up_on_a_bad_token(connect, ucmsim_lab, ucmsim_token, mutate, problem):
    with pytest.raises(Refused):
        connect(token=lambda: ucmsim_token("alice", mutate=mutate)).register()
    ucmsim_lab.assert_rejected(problem, device="CSFALICE")


def test_says_why_it_was_refused(connect, ucmsim_lab, ucmsim_token):
    with pytest.raises(Refused, match="403"):
        connect(token=lambda: ucmsim_token("bob")).register()
    ucmsim_lab.assert_rejected("subject_device_mismatch", device="CSFALICE")


@pytest.mark.ucmsim(cluster={"oauth_mode": False})
def test_shows_the_warning_of_a_port_mismatch(connect, ucmsim_lab):
    with pytest.raises(Refused, match="port Mismatch"):
        connect().register()
    ucmsim_lab.assert_rejected("oauth_mode_off")


@pytest.mark.parametrize(
    "version", [pytest.param(tls, marks=pytest.mark.ucmsim(tls=tls)) for tls in ("1.2", "1.3")]
)
def test_refuses_an_unknown_authority(version, connect, ucmsim_lab):
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(cafile=ucmsim_lab.pki / "expressway-ca.pem")
    ucmsim_lab.assert_tls_alert("unknown_ca", by="client")


@pytest.mark.ucmsim(tls="1.3", nodes=[{"name": "ucm-pub", "tomcat": {"valid": "expired"}}])
def test_refuses_an_expired_certificate(connect, ucmsim_lab):
    with pytest.raises(ssl.SSLCertVerificationError):
        connect()
    ucmsim_lab.assert_tls_alert("certificate_expired", by="client")


async def test_registers_from_a_coroutine(connect, ucmsim_lab):
    registering = asyncio.create_task(asyncio.to_thread(connect().register))
    await asyncio.to_thread(ucmsim_lab.assert_registered, "CSFALICE", within=5)
    assert await registering == 120
