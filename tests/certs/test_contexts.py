from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

import pytest

from certs.authority import Authority
from certs.contexts import client_context, server_context
from certs.spec import CertSpec
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientAuth, ClientTls, Credential, ServerTls


@pytest.fixture(scope="module")
def credential(ca: Authority, now: Instant) -> Credential:
    return ca.issue(CertSpec(common_name="ucm", key="ec256"), now=now).credential


def test_equal_settings_share_a_context(credential: Credential, ca: Authority) -> None:
    one, two = (ServerTls(credential=Credential(credential.chain, credential.private_key)) for _ in range(2))
    assert server_context(one) is server_context(two)
    assert server_context(ServerTls(credential=credential, maximum="1.3")) is not server_context(one)
    client = ClientTls(server_name="ucm", trust=(ca.certificate,))
    assert client_context(client) is client_context(ClientTls(server_name="ucm", trust=(ca.certificate,)))


def test_versions_tickets_and_renegotiation(credential: Credential) -> None:
    server = server_context(ServerTls(credential=credential, minimum="1.2", maximum="1.3"))
    assert server.minimum_version == ssl.TLSVersion.TLSv1_2
    assert server.maximum_version == ssl.TLSVersion.TLSv1_3
    assert server.num_tickets == 0
    assert server.options & ssl.OP_NO_RENEGOTIATION
    with pytest.raises(ValueError, match=r"TLS minimum 1\.3 is above maximum 1\.2"):
        server_context(ServerTls(credential=credential, minimum="1.3"))


@pytest.mark.parametrize(
    ("auth", "mode"),
    [
        (ClientAuth.NONE, ssl.CERT_NONE),
        (ClientAuth.OPTIONAL, ssl.CERT_OPTIONAL),
        (ClientAuth.REQUIRED, ssl.CERT_REQUIRED),
    ],
)
def test_client_auth_becomes_the_verify_mode(
    credential: Credential, auth: ClientAuth, mode: ssl.VerifyMode
) -> None:
    assert server_context(ServerTls(credential=credential, client_auth=auth)).verify_mode == mode


def test_a_client_trusts_what_it_is_given_and_nothing_else(ca: Authority) -> None:
    assert client_context(ClientTls(server_name="ucm")).cert_store_stats()["x509"] == 0
    assert client_context(ClientTls(server_name="ucm", trust=(ca.certificate,))).cert_store_stats()["x509"] == 1
    careless = client_context(ClientTls(server_name="ucm", verify=False))
    assert (careless.verify_mode, careless.check_hostname) == (ssl.CERT_NONE, False)


def test_unreadable_trust_is_an_error() -> None:
    with pytest.raises(ssl.SSLError):
        client_context(ClientTls(server_name="ucm", trust=(b"no certificate",)))


def test_a_key_that_does_not_fit_is_an_error(credential: Credential, ca: Authority, now: Instant) -> None:
    other = ca.issue(CertSpec(common_name="other", key="ec256"), now=now).credential
    with pytest.raises(ssl.SSLError, match="KEY_VALUES_MISMATCH"):
        server_context(ServerTls(credential=Credential(credential.chain, other.private_key)))


def test_a_weak_key_can_be_presented(ca: Authority, now: Instant) -> None:
    weak = ca.issue(CertSpec(common_name="weak", key="rsa1024"), now=now).credential
    assert isinstance(server_context(ServerTls(credential=weak)), ssl.SSLContext)


def test_no_private_key_stays_on_disk(
    ca: Authority, now: Instant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    good = ca.issue(CertSpec(common_name="left behind?", key="ec256"), now=now).credential
    server_context(ServerTls(credential=good))
    with pytest.raises(ssl.SSLError):
        server_context(ServerTls(credential=Credential(b"no certificate", good.private_key)))
    assert list(tmp_path.iterdir()) == []


def test_a_key_log_of_the_same_name_that_was_replaced_is_opened_again(
    credential: Credential, tmp_path: Path
) -> None:
    path = tmp_path / "keys.log"
    settings = ServerTls(credential=credential)
    first = server_context(settings, str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert server_context(settings, str(path)) is first
    path.rename(tmp_path / "old.log")
    assert server_context(settings, str(path)) is not first
    with pytest.raises(FileNotFoundError):
        server_context(settings, str(tmp_path / "absent" / "keys.log"))
