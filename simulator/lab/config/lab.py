"""What a lab consists of: the model of a LAB.yaml file and of the `lab:` part of a scenario.

Every field has the default of a small working cluster. Names of certificate authorities are free: an authority
that is named is made. A name with a slash ("expressway-ca/issuing") is an intermediate below the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from simulator.core.tls.settings import TlsVersion
from simulator.lab.files import yaml_source
from simulator.lab.site.node_clocks import MAX_ERROR

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._\-]+$")]
Port = Annotated[int, Field(ge=0, le=65535)]
Version = Annotated[
    TlsVersion, BeforeValidator(lambda value: str(value) if isinstance(value, float) else value)
]
"""Written with or without quotes."""


class FileModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def _regular(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text} is no regular expression: {error}") from None
    return text


Regex = Annotated[str, AfterValidator(_regular)]
San = Annotated[str, Field(pattern=r"^((DNS|IP|URI):\S+|[^\s:]+)$", max_length=255)]


class CertificateConfig(FileModel):
    """How one certificate is made. Good by default; each field can make it bad in one way."""

    common_name: str | None = Field(None, description="default: the owner's host name")
    sans: list[San] | None = Field(None, description="DNS:, IP: or URI: names; default: the owner's host name")
    issuer: str | None = Field(
        None, description='name of an authority, or "self"; default depends on the owner'
    )
    usages: Literal["both", "server", "client", "none"] = Field("both", description="extended key usage")
    valid: Literal["now", "expired", "not_yet"] = "now"
    key: Literal["rsa2048", "ec256", "rsa1024"] = "rsa2048"
    forged: bool = Field(False, description="the issuer is an impostor: the same name, another key")
    revoked: bool = Field(False, description="it is on its issuer's revocation list")
    chain: Literal["full", "leaf_only"] = Field("full", description="leaf_only: intermediates are not sent")


class PortsConfig(FileModel):
    """Ports of a node; 0 asks for a free one. OAuth ports must be 1024-49151, all ports of a node differ."""

    sip: Port = 5060
    sips: Port = 5061
    oauth: Port = 5090
    mra: Port = 5091
    config: Port = 6970
    https: Port = Field(8443, description="Tomcat: AXL, SOAP, UDS, sign-in")
    ssh: Port = Field(2222, description="platform CLI")
    config_tls: Port = Field(6971, description="configuration files over TLS, for a token")
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
        ge=-MAX_ERROR,
        le=MAX_ERROR,
        description="seconds its clock is ahead of the true time; -600: behind",
    )


class OAuthClientConfig(FileModel):
    """A product that may ask for tokens."""

    id: Annotated[str, Field(pattern=r"^[!-~]{1,128}$")] | None = Field(
        None, description="default: the client id of the lab's Jabber, C and 64 hex digits"
    )
    secret: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        None, repr=False, description="pre-shared with the product; None: it is known by its id alone"
    )
    pkce: Literal["off", "optional", "required"] = Field(
        "optional", description="off: as UCM before 12.5(1)SU4, which does not know it"
    )


class AuthorizationConfig(FileModel):
    """The authorization server, where no source says what UCM does, and what one may want to imitate."""

    token_paths: list[Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/\-]{1,200}$")]] = Field(
        ["/ssosp/oauth/token", "/ssosp/token"],
        min_length=1,
        max_length=8,
        description="of the token endpoint; the lab's phones use the first",
    )
    clients: list[OAuthClientConfig] = Field(
        [OAuthClientConfig()], min_length=1, max_length=50, description="the lab's phones are the first"
    )
    code_lifetime: int = Field(60, ge=1, le=600, description="seconds until a code is worthless")
    error_body: Literal["json", "ucm"] = Field(
        "json", description="of the authorize endpoint; ucm: as published, with an error value without quotes"
    )
    metadata: bool = Field(False, description="serve the metadata of RFC 8414, which UCM does not")

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
        True, description="5061 without a client certificate ends in the handshake; False: in a 403"
    )
    accept_expired: bool = Field(
        False, description="defect CSCvn48876: UDS answers an expired token 200 (the registrar does not)"
    )
    lose_binding_with_connection: bool = Field(
        False, description="a registration ends with its connection; False: when its interval ends"
    )
    max_challenges: int = Field(3, ge=1, le=10, description="challenges for bad tokens before a 403")
    authorization: AuthorizationConfig = AuthorizationConfig()


class ProfileConfig(FileModel):
    """A phone security profile."""

    name: Name
    mode: Literal["non-secure", "authenticated", "encrypted"] = "encrypted"
    transport: Literal["tcp", "udp", "tcp+udp", "tls"] = "tls"
    oauth: bool = False


class UserConfig(FileModel):
    id: Name
    active: bool = True
    password: str = Field("ucmsim", min_length=1, max_length=128, description="guards nothing")


class AdministratorConfig(FileModel):
    """An application user with every role, and a platform administrator of the same name."""

    name: Name = "admin"
    password: str = Field("ucmsim", min_length=1, max_length=128, description="guards nothing")


class TokenConfig(FileModel):
    """The access token a phone holds. Default: its own user's, good, renewed when it gets old."""

    user: str | None = Field(None, description="default: the phone's user")
    device: str | None = None
    lifetime: int = Field(3600, ge=1, le=86400, description="seconds")
    mutate: str | None = Field(None, description="make it wrong: a name from `ucmsim token mutations`")
    absent: bool = Field(False, description="the phone has no token at all")
    renewable: bool = Field(True, description="False: the phone is given the same token again")


class WrongPort(FileModel):
    """For the behaviour wrong-port: dial another element of the node, another number, or both."""

    element: Literal["sipPort", "securedSipPort", "sipOAuthPort", "sipMRAOAuthPort"] | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None


class PhoneConfig(FileModel):
    """A device in the cluster and the Jabber softphone that uses it."""

    device: Annotated[str, Field(min_length=1, max_length=50)] = "CSFALICE"
    user: Name = "alice"
    dn: Annotated[str, Field(pattern=r"^[0-9*#+]{1,24}$")] = "1010"
    profile: str = Field(
        "oauth", description="oauth, encrypted, authenticated, non-secure, or one of `profiles`"
    )
    deployment: Literal["on-prem", "mra"] = "on-prem"
    expressway: Name | None = Field(
        None, description="default for mra: the first Expressway, the others where that fails"
    )
    trust: list[str] | None = Field(None, description="authorities the phone trusts")
    certificate: CertificateConfig | None = Field(
        None, description="LSC; default: made if the profile needs one"
    )
    token: TokenConfig = TokenConfig()
    behaviours: list[str] = Field([], description="scripted misbehaviours, see `ucmsim list --behaviours`")
    wrong_port: WrongPort | None = None
    known: bool = Field(True, description="False: the device is not configured in the cluster")
    expires: Annotated[int, Field(ge=0, le=86400)] | None = Field(None, description="seconds it asks for")
    tls: Version | None = Field(None, description="the only version it speaks; default: 1.2 and 1.3")
    check_revocation: bool = Field(False, description="it checks revocation lists of the authorities it trusts")
    take_over: bool = Field(False, description="force a takeover of an active registration")
    instance: str | None = Field(None, description="12 hex digits of +sip.instance; default: from the name")
    as_device: str | None = Field(None, description="device name it registers as; default: `device`")
    sign_in: bool = Field(
        False, description="it finds everything itself and signs in, as Jabber does, without `token`"
    )
    secure_config: bool = Field(False, description="it fetches its file from 6971 over TLS, with its token")
    password: str | None = Field(None, description="what the person types; default: the user's password")


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
    trusted_cas: list[str] = ["tomcat-ca", "expressway-ca"]
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


class LabConfig(FileModel):
    name: str = "lab"
    seed: int = Field(1, ge=0, le=2**63 - 1)
    tls: Version = Field("1.2", description="version of UCM's and the Expressway's SIP listeners")
    handshake_timeout: float = Field(
        10.0, ge=0.5, le=600, description="seconds that servers give a client for its TLS handshake"
    )
    domain: str = Field("lab.example", description="of the users' mail addresses and the SRV records")
    srv: Literal["domain", "cisco-internal"] = Field(
        "domain", description="where inside name servers have _cisco-uds: in the domain, or below it"
    )
    dns: Port = Field(0, description="`ucmsim up`: the name server's port, UDP and TCP; 0: any free one")
    dns_outside: Port = Field(0, description="the same of the name server that clients outside ask")
    cluster: ClusterConfig = ClusterConfig()
    administrators: list[AdministratorConfig] = [AdministratorConfig()]
    nodes: list[NodeConfig] = Field([NodeConfig()], min_length=1, max_length=5)
    profiles: list[ProfileConfig] = []
    users: list[UserConfig] = Field([], description="more users; the phones' users exist anyway")
    phones: list[PhoneConfig] = Field([], max_length=1000)
    expressways: list[ExpresswayConfig] = []

    @field_validator("nodes", "expressways")
    @classmethod
    def _unique_names(
        cls, items: list[NodeConfig] | list[ExpresswayConfig]
    ) -> list[NodeConfig] | list[ExpresswayConfig]:
        names = [item.name for item in items]
        names += [item.edge.name for item in items if isinstance(item, ExpresswayConfig) and item.edge]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the name {name} is used twice")
        return items

    @model_validator(mode="after")
    def _references(self) -> LabConfig:
        profiles = {*STANDARD_PROFILES, *(profile.name for profile in self.profiles)}
        expressways = [expressway.name for expressway in self.expressways]
        for phone in self.phones:
            if phone.profile not in profiles:
                raise ValueError(
                    f"phone {phone.device}: no profile {phone.profile!r} ({', '.join(sorted(profiles))})"
                )
            if phone.deployment == "mra" and not expressways:
                raise ValueError(f"phone {phone.device}: deployment mra needs an entry in `expressways`")
            if phone.expressway is not None and phone.expressway not in expressways:
                raise ValueError(f"phone {phone.device}: no Expressway {phone.expressway!r}")
        return self

    def password_of(self, user: str) -> str:
        return next((item.password for item in self.users if item.id == user), UserConfig(id=user).password)

    @classmethod
    def from_file(cls, path: Path) -> LabConfig:
        """Raises yaml_source.SourceError."""
        from simulator.lab.files.validation import check_rules

        loaded = yaml_source.read_file(path)
        config = yaml_source.build(cls, loaded)
        check_rules(config, loaded, ())
        return config


STANDARD_PROFILES: dict[str, ProfileConfig] = {
    "oauth": ProfileConfig(name="oauth", mode="encrypted", transport="tls", oauth=True),
    "encrypted": ProfileConfig(name="encrypted", mode="encrypted", transport="tls"),
    "authenticated": ProfileConfig(name="authenticated", mode="authenticated", transport="tls"),
    "non-secure": ProfileConfig(name="non-secure", mode="non-secure", transport="tcp+udp"),
}


def default_lab(*, host: str = "127.0.0.1", port_base: int | None = None) -> LabConfig:
    """The lab of `ucmsim up` without a file: alice and bob use OAuth, carol 5060, dave 5061 with an LSC.

    Its node is called by its address in cnf.xml, so that clients need no name server.
    """
    config = LabConfig(
        nodes=[NodeConfig(name="ucm-pub", host=host)],
        expressways=[ExpresswayConfig(name="expc", port=5063)],
        phones=[
            PhoneConfig(device="CSFALICE", user="alice", dn="1010", profile="oauth"),
            PhoneConfig(device="CSFBOB", user="bob", dn="1011", profile="oauth"),
            PhoneConfig(device="CSFCAROL", user="carol", dn="1012", profile="non-secure"),
            PhoneConfig(device="CSFDAVE", user="dave", dn="1013", profile="encrypted"),
        ],
    )
    return config if port_base is None else with_ports(config, port_base)


def with_ports(config: LabConfig, base: int) -> LabConfig:
    """The lab with its ports counted up from `base`: nodes, Expressways, name servers; 0: any free ones."""
    numbers = iter(range(base, 65536)) if base else repeat(0)
    nodes = [
        node.model_copy(update={"ports": PortsConfig(**{name: next(numbers) for name, _ in PortsConfig()})})
        for node in config.nodes
    ]
    expressways = [_with_ports(item, numbers) for item in config.expressways]
    name_servers = {"dns": next(numbers), "dns_outside": next(numbers)}
    return config.model_copy(update={"nodes": nodes, "expressways": expressways, **name_servers})


def _with_ports(config: ExpresswayConfig, numbers: Iterator[int]) -> ExpresswayConfig:
    if config.edge is None:
        return config.model_copy(update={"port": next(numbers), "https": next(numbers)})
    ports = {role: next(numbers) for role in EDGE_PORTS}
    return config.model_copy(update={"port": next(numbers), "edge": config.edge.model_copy(update=ports)})
