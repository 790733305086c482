"""The UCM cluster of a lab: nodes and ports, settings, authorization server, administrators."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.model import MAX_CLOCK_ERROR, FileModel, Name, Port


class PortsConfig(FileModel):
    """Ports of a node; 0: any free one. OAuth ports must be 1024-49151, and all ports of a node must differ."""

    sip: Port = 5060
    sips: Port = 5061
    oauth: Port = 5090
    mra: Port = 5091
    config: Port = 6970
    https: Port = Field(8443, description="Tomcat: AXL, SOAP, UDS, sign-in")
    ssh: Port = Field(2222, description="platform CLI")
    config_tls: Port = Field(6971, description="configuration files over TLS, with a token")
    files_tls: Port = Field(6972, description="Jabber's files over TLS")


class NodeConfig(FileModel):
    name: Name = "ucm-pub"
    host: str | None = Field(None, description="processNodeName in cnf.xml; default: NAME.lab.example")
    description: str = ""
    ports: PortsConfig = PortsConfig()
    tomcat: CertificateConfig = CertificateConfig()
    tomcat_trust: list[str] = Field(["tomcat-ca", "expressway-ca"], description="authorities in Tomcat-trust")
    clock: float = Field(
        0.0,
        ge=-MAX_CLOCK_ERROR,
        le=MAX_CLOCK_ERROR,
        description="seconds by which its clock is ahead of the true time; negative: behind",
    )


class OAuthClientConfig(FileModel):
    """A product that may request tokens."""

    id: Annotated[str, Field(pattern=r"^[!-~]{1,128}$")] | None = Field(
        None, description="default: the client id of the lab's Jabber, C and 64 hex digits"
    )
    secret: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        None, repr=False, description="pre-shared with the product; None: the id alone identifies the product"
    )
    pkce: Literal["off", "optional", "required"] = Field(
        "optional", description="off: like UCM before 12.5(1)SU4, which does not support PKCE"
    )


class AuthorizationConfig(FileModel):
    """The authorization server: settings for what no source documents, and for variants worth imitating."""

    token_paths: list[Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/\-]{1,200}$")]] = Field(
        ["/ssosp/oauth/token", "/ssosp/token"],
        min_length=1,
        max_length=8,
        description="paths of the token endpoint; the lab's phones use the first",
    )
    clients: list[OAuthClientConfig] = Field(
        [OAuthClientConfig()], min_length=1, max_length=50, description="the lab's phones use the first"
    )
    code_lifetime: int = Field(60, ge=1, le=600, description="seconds until a code expires")
    error_body: Literal["json", "ucm"] = Field(
        "json",
        description="error body of the authorize endpoint; ucm: as published, with an unquoted error value",
    )
    metadata: bool = Field(False, description="serve the metadata of RFC 8414, which UCM does not do")

    @field_validator("clients")
    @classmethod
    def _unique_ids(cls, clients: list[OAuthClientConfig]) -> list[OAuthClientConfig]:
        ids = [client.id for client in clients]
        for one in ids:
            if ids.count(one) > 1:
                raise ValueError(f"the client id {one or '(default)'} is used twice")
        return clients


class ClusterConfig(FileModel):
    oauth_mode: bool = Field(True, description="utils sipOAuth-mode enable | disable")
    version: Literal["11.5", "12.0", "12.5", "14.0", "15.0"] = "12.5"
    dialect: Literal["ucm", "rfc8898"] = "ucm"
    min_expires: int = Field(60, ge=1, le=3600)
    trying: Literal["never", "plain", "always"] = Field(
        "plain", description="100 Trying before the final answer; plain: on UDP and TCP, as traces show"
    )
    export_controlled: bool = Field(True, description="licensed to enable SIP OAuth mode")
    request_client_certificate: bool = Field(False, description="5090 asks for a client certificate")
    lsc_in_handshake: bool = Field(
        True,
        description="a client without a certificate is refused on 5061 in the handshake; False: with a 403",
    )
    accept_expired: bool = Field(
        False, description="defect CSCvn48876: UDS answers 200 to an expired token (the registrar does not)"
    )
    lose_binding_with_connection: bool = Field(
        False, description="a registration ends when its connection does; False: when its interval ends"
    )
    max_challenges: int = Field(3, ge=1, le=10, description="number of challenges for bad tokens before a 403")
    authorization: AuthorizationConfig = AuthorizationConfig()


class AdministratorConfig(FileModel):
    """An application user with every role, and a platform administrator of the same name."""

    name: Name = "admin"
    password: str = Field(
        "ucmsim", min_length=1, max_length=128, description="not a secret: it protects nothing"
    )
