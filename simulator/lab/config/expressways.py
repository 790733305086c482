"""The Expressways of a lab: one actor for a whole pair, or an Expressway-C with an Expressway-E of its own."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.model import FileModel, Name, Port

EDGE_PORTS = {"port": 5061, "https": 8443, "traversal": 7001, "tunnel": 2222}
"""Of an Expressway-E. [7001 observed: sip-wire 9; 2222 documented as the SSH tunnels']"""


class EdgeConfig(FileModel):
    """A separate Expressway-E in front of an Expressway-C, instead of one actor that plays both parts."""

    name: Name = "expe"
    host: str | None = Field(None, description="the name clients use; default: NAME.lab.example")
    port: Port = Field(5061, description="port to which remote phones connect")
    https: Port | None = Field(
        None,
        description="edge configuration and sign-in; default: 8443, or a free port if that would clash",
    )
    traversal: Port | None = Field(
        None, description="port of the traversal zone; default: 7001, or a free port if that would clash"
    )
    tunnel: Port | None = Field(
        None, description="port of the tunnel for 8443; default: 2222, or a free port if that would clash"
    )
    certificate: CertificateConfig = Field(
        CertificateConfig(), description="the certificate that phones and the Expressway-C see"
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
    port: Port = Field(5061, description="port to which remote phones connect")
    https: Port | None = Field(
        None,
        description="edge configuration and sign-in; default: 8443, or a free port if that would clash",
    )
    certificate: CertificateConfig = CertificateConfig()
    edge_certificate: CertificateConfig | None = Field(
        None, description="the certificate that phones see; default: the one that UCM sees"
    )
    trusted_cas: list[str] = Field(["tomcat-ca", "expressway-ca"])
    table: list[str] | None = Field(
        None, description="names in its row of UCM's Expressway-C table; default: its host name; []: no row"
    )
    sip_path_headers: bool = False
    discovered: bool = Field(
        True, description="False: it knows no UCM until a step or an administrator has it discover one"
    )
    authorize_by_token: bool = Field(True, description="Authorize by OAuth token with refresh")
    edge_challenges: bool = Field(
        False, description="it challenges phones for a token itself instead of relaying UCM's 407"
    )
    unreachable: Literal[408, 503] = Field(408, description="its answer if it cannot reach the node")
    resolvable: bool = Field(True, description="UCM's name server can resolve its host name")
    rate_limit: float | None = Field(None, gt=0, description="requests per second allowed from one address")
    check_revocation: bool = Field(
        False, description="Certificate revocation checking mode is CRL, with lists from all its trusted CAs"
    )
    edge: EdgeConfig | None = Field(
        None, description="a separate Expressway-E; without one, this Expressway plays both parts"
    )

    @property
    def front(self) -> ExpresswayConfig | EdgeConfig:
        """Return the Expressway to which outside clients connect."""
        return self.edge or self

    @model_validator(mode="after")
    def _one_edge(self) -> ExpresswayConfig:
        doubled = {"https", "edge_certificate"} & self.model_fields_set
        if self.edge is not None and doubled:
            raise ValueError(f"{' and '.join(sorted(doubled))}: with an `edge`, set this in the `edge` instead")
        return self
