"""What a lab consists of: the model of a LAB.yaml file and of the `lab:` part of a scenario.

Every field has the default of a small working cluster. Certificate authorities may have any name: an authority
that is named is created. A name with a slash ("expressway-ca/issuing") is an intermediate below the first.
"""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from simulator.lab.config.expressways import ExpresswayConfig
from simulator.lab.config.model import FileModel, Port, Version
from simulator.lab.config.nodes import AdministratorConfig, ClusterConfig, NodeConfig
from simulator.lab.config.phones import STANDARD_PROFILES, PhoneConfig, ProfileConfig, UserConfig


class LabConfig(FileModel):
    name: str = "lab"
    seed: int = Field(1, ge=0, le=2**63 - 1)
    tls: Version = Field("1.2", description="TLS version of the SIP listeners of UCM and the Expressway")
    handshake_timeout: float = Field(
        10.0, ge=0.5, le=600, description="seconds that servers allow a client for its TLS handshake"
    )
    domain: str = Field("lab.example", description="domain of the users' mail addresses and the SRV records")
    srv: Literal["domain", "cisco-internal"] = Field(
        "domain",
        description="where the inside name server has _cisco-uds: in the domain, or in cisco-internal below it",
    )
    dns: Port = Field(
        0, description="`ucmsim up`: port of the inside name server, UDP and TCP; 0: any free one"
    )
    dns_outside: Port = Field(0, description="the same for the name server that outside clients ask")
    cluster: ClusterConfig = ClusterConfig()
    administrators: list[AdministratorConfig] = Field([AdministratorConfig()])
    nodes: list[NodeConfig] = Field([NodeConfig()], min_length=1, max_length=5)
    profiles: list[ProfileConfig] = Field([])
    users: list[UserConfig] = Field([], description="additional users; the phones' users exist anyway")
    phones: list[PhoneConfig] = Field([])
    expressways: list[ExpresswayConfig] = Field([])

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

    def node(self, name: str) -> NodeConfig:
        """Return the node of this name. Raises LookupError."""
        return _named(self.nodes, name, "node")

    def phone(self, device: str) -> PhoneConfig:
        """Return the phone of this device name. Raises LookupError."""
        for phone in self.phones:
            if phone.device == device:
                return phone
        raise LookupError(f"no phone {device!r} in this lab")

    def expressway(self, name: str) -> ExpresswayConfig:
        """Return the Expressway-C (or whole pair) of this name. Raises LookupError."""
        return _named(self.expressways, name, "Expressway")


_Named = TypeVar("_Named", NodeConfig, ExpresswayConfig)


def _named(items: list[_Named], name: str, word: str) -> _Named:
    for item in items:
        if item.name == name:
            return item
    raise LookupError(f"no {word} {name!r} in this lab")
