"""The phones of a lab: devices with their security profiles, the people who use them, their access tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.known_names import BehaviourNames, MutationName
from simulator.lab.config.model import FileModel, Name, Version


class ProfileConfig(FileModel):
    """A phone security profile."""

    name: Name
    mode: Literal["non-secure", "authenticated", "encrypted"] = "encrypted"
    transport: Literal["tcp", "udp", "tcp+udp", "tls"] = "tls"
    oauth: bool = False


class UserConfig(FileModel):
    id: Name
    active: bool = True
    password: str = Field(
        "ucmsim", min_length=1, max_length=128, description="not a secret: it protects nothing"
    )


class TokenConfig(FileModel):
    """The access token of a phone. Default: a good token of the phone's own user, renewed in time."""

    user: str | None = Field(None, description="default: the phone's user")
    device: str | None = None
    lifetime: int = Field(3600, ge=1, le=86400, description="seconds")
    mutate: MutationName | None = Field(
        None, description="how the token is wrong: a name from `ucmsim token mutations`"
    )
    absent: bool = Field(False, description="the phone has no token at all")
    renewable: bool = Field(True, description="False: at renewal the phone gets the same token again")


class WrongPort(FileModel):
    """For the behaviour wrong-port: dial the port in another element, another port number, or both."""

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
        None, description="default for mra: the first Expressway, and the others if that one fails"
    )
    trust: list[str] | None = Field(None, description="authorities the phone trusts")
    certificate: CertificateConfig | None = Field(
        None, description="LSC; default: created if the profile needs one"
    )
    token: TokenConfig = TokenConfig()
    behaviours: BehaviourNames = Field([], description="scripted misbehaviours; see `ucmsim list --behaviours`")
    wrong_port: WrongPort | None = None
    known: bool = Field(True, description="False: the device is not configured in the cluster")
    expires: Annotated[int, Field(ge=0, le=86400)] | None = Field(
        None, description="seconds that the phone asks for in Expires"
    )
    tls: Version | None = Field(None, description="the only TLS version it speaks; default: both 1.2 and 1.3")
    check_revocation: bool = Field(
        False, description="the phone checks the revocation lists of the authorities it trusts"
    )
    take_over: bool = Field(False, description="force a takeover of an active registration")
    instance: str | None = Field(
        None, description="12 hex digits of +sip.instance; default: derived from the device name"
    )
    as_device: str | None = Field(None, description="device name under which it registers; default: `device`")
    sign_in: bool = Field(
        False, description="the phone discovers its servers and signs in, as Jabber does; `token` is not used"
    )
    secure_config: bool = Field(
        False, description="the phone fetches its file from 6971 over TLS, with its token"
    )
    password: str | None = Field(
        None, description="the password that the user types; default: the user's password"
    )


STANDARD_PROFILES: dict[str, ProfileConfig] = {
    "oauth": ProfileConfig(name="oauth", mode="encrypted", transport="tls", oauth=True),
    "encrypted": ProfileConfig(name="encrypted", mode="encrypted", transport="tls"),
    "authenticated": ProfileConfig(name="authenticated", mode="authenticated", transport="tls"),
    "non-secure": ProfileConfig(name="non-secure", mode="non-secure", transport="tcp+udp"),
}
