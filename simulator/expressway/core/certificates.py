"""The server certificate and the trusted CAs of an Expressway, as the next connection will use them."""

from __future__ import annotations

from simulator.core.tls.settings import ClientTls, Credential, ServerTls
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.trusted_cas import usable


class Certificates:
    """An administrator may replace either; connections that are up keep what they were made with."""

    def __init__(
        self, *, credential: Credential, trust: tuple[bytes, ...], settings: ExpresswaySettings
    ) -> None:
        self.credential = credential
        self._trust = usable(trust)
        self._settings = settings

    @property
    def trust(self) -> tuple[bytes, ...]:
        """The trusted CAs that count, in PEM."""
        return self._trust

    @trust.setter
    def trust(self, certificates: tuple[bytes, ...]) -> None:
        self._trust = usable(certificates)

    def client_tls(self, server_name: str) -> ClientTls:
        """Return the settings of the next mutual TLS connection to the server of that name."""
        return ClientTls(
            server_name=server_name,
            trust=self._trust,
            credential=self.credential,
            minimum=self._settings.minimum,
            maximum=self._settings.maximum,
            crls=self._settings.crls,
        )

    def server_tls(self, credential: Credential | None = None) -> ServerTls:
        """Return the settings of a listener that shows `credential`; by default the server certificate."""
        return ServerTls(
            credential=credential or self.credential,
            minimum=self._settings.minimum,
            maximum=self._settings.maximum,
        )
