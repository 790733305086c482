"""Two TLS sessions and no network: the ordinary way to test one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from certs.authority import Authority, IssuedCertificate, self_signed
from certs.contexts import client_context, server_context
from certs.identity import read
from certs.spec import CertSpec
from simulator.core.instant import Instant, to_datetime
from simulator.core.tls.session import TlsEvent, TlsSession
from simulator.core.tls.settings import ClientAuth, ClientTls, Credential, ServerTls, TlsVersion

NOW = Instant(time.time())
DAY = timedelta(days=1)


class Certificates:
    """One good credential and everything that can be wrong with one."""

    def __init__(self) -> None:
        moment = to_datetime(NOW)
        self.ca = Authority.create("Lab CA", now=NOW, key="ec256")
        below = Authority.create("Lab CA 2", now=NOW, parent=self.ca, key="ec256")
        stranger = Authority.create("Stranger CA", now=NOW, key="ec256")
        good: dict[str, Any] = {"common_name": "ucm", "sans": ("ucm", "127.0.0.1", "::1"), "key": "ec256"}
        self.by_name: dict[str, IssuedCertificate] = {
            "good": self._issue(**good),
            "good, rsa": self._issue(**{**good, "key": "rsa2048"}),
            "good, through an intermediate": below.issue(CertSpec(**good), now=NOW),
            "without extended key usage": self._issue(**good, usages=None),
            "of an unknown authority": stranger.issue(CertSpec(**good), now=NOW),
            "without its intermediate": below.issue(CertSpec(**good), now=NOW).without_chain(),
            "self-signed": self_signed(CertSpec(**good), now=NOW),
            "of a forged twin of the authority": self.ca.forged_twin(now=NOW).issue(CertSpec(**good), now=NOW),
            "of a forged twin with its key identifier": self.ca.forged_twin(
                now=NOW, same_key_identifier=True
            ).issue(CertSpec(**good), now=NOW),
            "expired": self._issue(**good, not_before=moment - 9 * DAY, not_after=moment - DAY),
            "not yet valid": self._issue(**good, not_before=moment + DAY),
            "for clients only": self._issue(**good, usages=frozenset({"client"})),
            "for servers only": self._issue(**good, usages=frozenset({"server"})),
            "for neither": self._issue(**good, usages=frozenset()),
            "with a weak key": self._issue(**{**good, "key": "rsa1024"}),
            "of another host": self._issue(common_name="other", sans=("other", "192.0.2.7"), key="ec256"),
            "without a SAN": self._issue(common_name="other", key="ec256"),
        }

    def _issue(self, **fields: Any) -> IssuedCertificate:
        return self.ca.issue(CertSpec(**fields), now=NOW)

    def credential(self, name: str | None) -> Credential | None:
        return None if name is None else self.by_name[name].credential


class Pair:
    """A server and a client, each with the alerts OpenSSL's own trace says it wrote."""

    def __init__(self, server: ServerTls, client: ClientTls) -> None:
        self.server_context, self.client_context = server_context(server), client_context(client)
        self.server_alerts: list[int] = []
        self.client_alerts: list[int] = []
        with self.traced():
            self.server = TlsSession.server(self.server_context, identify=read)
            self.client = TlsSession.client(self.client_context, client.server_name, identify=read)
        self.server_events: list[TlsEvent] = []
        self.client_events: list[TlsEvent] = []

    @contextmanager
    def traced(self) -> Iterator[None]:
        """The oracle: CPython's hook on OpenSSL's message callback, which sees alerts before encryption."""
        contexts = ((self.server_context, self.server_alerts), (self.client_context, self.client_alerts))
        for context, alerts in contexts:
            context._msg_callback = _tracer(alerts)
        try:
            yield
        finally:
            for context, _ in contexts:
                context._msg_callback = None

    def run(self, *, step: int | None = None) -> None:
        """Carry bytes both ways, `step` at a time, until nothing is left to carry."""
        with self.traced():
            while True:
                to_server, to_client = self.client.data_to_send(), self.server.data_to_send()
                _feed(self.server, to_server, step)
                _feed(self.client, to_client, step)
                self.server_events += self.server.events()
                self.client_events += self.client.events()
                if not to_server and not to_client:
                    return


def _feed(session: TlsSession, data: bytes, step: int | None) -> None:
    size = step or max(len(data), 1)
    for at in range(0, len(data), size):
        session.receive_data(data[at : at + size])


def _tracer(alerts: list[int]) -> Any:
    def trace(_conn: object, direction: str, _version: int, content: int, _kind: int, data: bytes) -> None:
        if direction == "write" and content == 21 and data[1] != 0:
            alerts.append(data[1])

    return trace


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    return Certificates()


@pytest.fixture(params=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> TlsVersion:
    return request.param


@pytest.fixture
def pair(certificates: Certificates, version: TlsVersion) -> Any:
    """Makes a Pair of one TLS version: `server` and `client` name credentials, None is no certificate."""

    def make(
        *, server: str = "good", client: str | None = None, auth: str = "none", name: str = "ucm", **more: Any
    ) -> Pair:
        trust = (certificates.ca.certificate,)
        server_credential = certificates.credential(server)
        assert server_credential is not None
        return Pair(
            ServerTls(
                credential=server_credential,
                client_auth=ClientAuth(auth),
                trust=trust,
                minimum=version,
                maximum=version,
            ),
            ClientTls(
                server_name=name,
                trust=trust,
                credential=certificates.credential(client),
                minimum=version,
                maximum=version,
                **more,
            ),
        )

    return make
