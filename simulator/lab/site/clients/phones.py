"""The phones of a lab: made once every port is known, then changed by steps and the control API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from registrar.core.cluster.cluster import Cluster
from registrar.core.tomcat.passwords import UserPasswords
from simulator.core.tls.settings import Credential
from simulator.lab.config.phones import PhoneConfig, TokenConfig
from simulator.lab.site.clients.phone_profiles import phone_profile
from simulator.lab.site.clients.phone_tokens import Mint, PhoneTokens
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.name_servers import NameServers
from simulator.lab.site.ucm import oauth_settings
from softphone.core.actors.jabber import Jabber
from softphone.core.actors.softphone import Softphone
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import PhoneProfile
from softphone.core.signin import JabberAccount


class Phones:
    """The lab's own phones, by device name."""

    def __init__(
        self,
        context: LabContext,
        *,
        cluster: Cluster,
        addresses: Addresses,
        name_servers: NameServers,
        lscs: Mapping[str, Credential],
        passwords: UserPasswords,
        mint: Mint,
    ) -> None:
        """`lscs`: the certificates installed on the phones; `passwords`: those the cluster knows."""
        self._context, self._config = context, context.config
        self._cluster, self._addresses, self._name_servers = cluster, addresses, name_servers
        self._passwords, self._mint = passwords, mint
        self.lscs = lscs
        self.actors: dict[str, Softphone | Jabber] = {}
        """Empty until `create`."""

    def create(self) -> None:
        """Make the phones. Their URLs have numbers, so every listener of the lab must be open by then."""
        self.actors = {phone.device: self._phone(phone) for phone in self._config.phones}

    def get(self, device: str) -> Softphone | Jabber:
        """Return the phone of this device name. KeyError if the lab has none."""
        return self.actors[device]

    # --- where they are registered --------------------------------------------------------------------------

    def bound_at(self, device: str) -> str | None:
        """Return the node that holds a registration of the phone's device; None: no node does."""
        phone = self._config.phone(device)
        bindings = self._cluster.bindings.of(phone.as_device or phone.device)
        return bindings[0].node if bindings else None

    def believed_at(self, device: str) -> str | None:
        """Return the node at which the phone itself thinks it is registered; None: at no node."""
        host = self.actors[device].registered_at
        return next((node.name for node in self._cluster.nodes if node.host == host), host)

    # --- what steps change ----------------------------------------------------------------------------------

    def set_token(self, device: str, token: TokenConfig) -> None:
        """Give the phone another access token."""
        phone = self._config.phone(device)
        self.actors[device].set_tokens(PhoneTokens(self._mint, phone.user, token))

    def set_behaviours(self, device: str, behaviours: Iterable[str]) -> None:
        """Let the phone misbehave in these ways and no others. ValueError for an unknown behaviour."""
        self.actors[device].set_behaviours(frozenset(Behaviour(name) for name in behaviours))

    def token_text(self, token: TokenConfig) -> str:
        """Mint an access token as a lab file describes one; by default it is the first phone's user's."""
        user = token.user or (self._config.phones[0].user if self._config.phones else "alice")
        made = PhoneTokens(self._mint, user, token).current(self._context.clock.now())
        return "" if made is None else made.text

    # --- how they are made ----------------------------------------------------------------------------------

    def _phone(self, config: PhoneConfig) -> Softphone | Jabber:
        context = self._context
        context.plan.assign(config.device, f"{config.device}.phone.lab.example", "phone")
        profile = phone_profile(
            context, config, cluster=self._cluster, addresses=self._addresses, lscs=self.lscs
        )
        if config.sign_in:
            return self._jabber(config, profile)
        return Softphone(
            profile,
            tokens=PhoneTokens(self._mint, config.user, config.token),
            entropy=context.entropy.child(f"phone/{config.device}"),
            journal=context.journal(config.device),
            flows=context.flows,
        )

    def _jabber(self, config: PhoneConfig, profile: PhoneProfile) -> Jabber:
        context = self._context
        password = self._config.password_of(config.user)
        self._passwords.set(config.user, password)
        account = JabberAccount(
            domain=self._config.domain,
            user=config.user,
            password=password if config.password is None else config.password,
            name_servers=(self._name_servers.address_for(config),),
            device=config.as_device or config.device,
            **oauth_settings.of_phones(self._config.cluster.authorization),
        )
        return Jabber(
            account,
            profile,
            entropy=context.entropy.child(f"phone/{config.device}"),
            journal=context.journal(config.device),
            flows=context.flows,
        )
