"""The Expressways of a lab: one actor for a whole pair, or an Expressway-C with an Expressway-E of its own."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.model import FileModel, Name, Port

EDGE_PORTS = {"port": 5061, "https": 8443, "traversal": 7001, "tunnel": 2222}
"""Of an Expressway-E. [7001 observed: sip-wire 9; 2222 documented as the SSH tunnels']"""


class EdgeConfig(FileModel):
    """An Expressway-E of its own before an Expressway-C, instead of one actor that is both."""

    name: Name = "expe"
    host: str | None = Field(None, description="the name clients use; default: NAME.lab.example")
    port: Port = Field(5061, description="where remote phones connect")
    https: Port | None = Field(
        None, description="edge configuration and sign-in; default: 8443, or a free port where that would clash"
    )
    traversal: Port | None = Field(
        None, description="of the traversal zone; default: 7001, or a free port where that would clash"
    )
    tunnel: Port | None = Field(
        None, description="of the tunnel for 8443; default: 2222, or a free port where that would clash"
    )
    certificate: CertificateConfig = Field(
        CertificateConfig(), description="phones and the Expressway-C see it"
    )
    trusted_cas: list[str] = Field(
        ["expressway-ca"], description="authorities that may have signed the Expressway-C's certificate"
    )
    verify_subject: str | None = Field(
        None, description="TLS verify subject name of its traversal zone; default: the Expressway-C's host name"
    )


class ExpresswayConfig(FileModel):
    name: Name = "expc"
    host: str | None = Field(None, description="default: NAME.lab.example")
    port: Port = Field(5061, description="where remote phones connect")
    https: Port | None = Field(
        None, description="edge configuration and sign-in; default: 8443, or a free port where that would clash"
    )
    certificate: CertificateConfig = CertificateConfig()
    edge_certificate: CertificateConfig | None = Field(
        None, description="what phones see; default: the certificate that UCM sees"
    )
    trusted_cas: list[str] = Field(["tomcat-ca", "expressway-ca"])
    table: list[str] | None = Field(
        None, description="names UCM's Expressway-C table holds for it; default: its host name; []: no row"
    )
    sip_path_headers: bool = False
    discovered: bool = Field(True, description="False: it knows no UCM until it is told to discover one")
    authorize_by_token: bool = Field(True, description="Authorize by OAuth token with refresh")
    edge_challenges: bool = Field(False, description="it asks for a token itself instead of relaying UCM's 407")
    unreachable: Literal[408, 503] = Field(408, description="its answer when it does not reach the node")
    resolvable: bool = Field(True, description="UCM's name server knows its host name")
    rate_limit: float | None = Field(None, gt=0, description="requests a second that one address may send")
    check_revocation: bool = Field(
        False, description="Certificate revocation checking mode CRL, with lists of all its trusted CAs"
    )
    edge: EdgeConfig | None = Field(
        None, description="an Expressway-E of its own; without it this one plays both parts"
    )

    @property
    def front(self) -> ExpresswayConfig | EdgeConfig:
        """Whom clients outside meet."""
        return self.edge or self

    @model_validator(mode="after")
    def _one_edge(self) -> ExpresswayConfig:
        doubled = {"https", "edge_certificate"} & self.model_fields_set
        if self.edge is not None and doubled:
            raise ValueError(f"{' and '.join(sorted(doubled))}: with an `edge` this is said there")
        return self
