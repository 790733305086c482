"""Accounts, passwords and tokens of a lab's cluster: what its nodes share, and what is each node's own."""

from __future__ import annotations

from functools import partial

from registrar.core.database.credentials import follow_credentials
from registrar.core.soap.accounts import Accounts, AdminAccount, SignInByAccount
from registrar.core.ssosp import AuthorizationServer, Clients, OpaqueTokens, SignOn
from registrar.core.ssosp.api_access import ApiAccess
from registrar.core.ssosp.database import DatabaseRefreshTokens, follow_parameters
from registrar.core.tokens import ClusterKeys, TokenPolicy, TokenValidator
from registrar.core.tokens.key_ring import ConsumerKind, KeyConsumer, KeyRing
from registrar.core.tomcat.passwords import UserPasswords
from simulator.core.entropy import Entropy
from simulator.lab.config.lab import LabConfig
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.ucm import oauth_settings
from simulator.lab.site.ucm.cluster_start import StartedCluster
from simulator.lab.site.ucm.request_user import RequestUser


class SignInServices:
    """Who may use the cluster, by password or token."""

    def __init__(
        self, context: LabContext, start: StartedCluster, addresses: Addresses, *, entropy: Entropy
    ) -> None:
        """`entropy` makes codes and opaque tokens."""
        config, cluster = context.config, start.cluster
        self._config: LabConfig = config
        self._start, self._journal = start, context.journal("lab")
        self._passwords_loaded = False
        self.accounts = Accounts(AdminAccount(name=a.name, password=a.password) for a in config.administrators)
        self.administrators = SignInByAccount(self.accounts, context.clock)
        self.passwords = UserPasswords(entropy.child("passwords"))
        self.signon = SignOn(
            directory=cluster.directory,
            passwords=self.passwords,
            administrators=self.administrators,
            clients=Clients(oauth_settings.clients(config.cluster.authorization)),
            refresh_tokens=DatabaseRefreshTokens(start.database),
            keys=lambda: cluster.keys,
            journal=self._journal,
        )
        follow_parameters(start.database, self.signon)
        self.keys = KeyRing(
            lambda: cluster.keys,
            self._publish,
            journal=self._journal,
            revoke_refresh_tokens=self._revoke,
        )
        public = cluster.keys.public
        self._validators = {
            node.name: TokenValidator(
                public, TokenPolicy(issuer=public.cluster_id), cluster.directory.subject_status
            )
            for node in cluster.nodes
        }
        self._consumers = {
            name: KeyConsumer(name, ConsumerKind.TOMCAT, journal=context.journal(name), loaded=validator.load)
            for name, validator in self._validators.items()
        }
        settings = oauth_settings.settings(config.cluster.authorization)
        self.servers = {
            node.name: AuthorizationServer(
                self.signon,
                base=partial(addresses.base_of, node.name),
                entropy=entropy.child(f"tomcat/{node.name}").child("ssosp"),
                journal=context.journal(node.name),
                settings=settings,
            )
            for node in cluster.nodes
        }
        """The nodes' authorization servers, by node."""
        self.access = {
            name: ApiAccess(
                cluster.directory,
                self.passwords,
                validator,
                opaque=partial(self._opaque, name),
                accept_expired=config.cluster.accept_expired,
            )
            for name, validator in self._validators.items()
        }
        """Who may use a node's web applications, by node."""
        self.request_user = RequestUser(
            cluster.directory, self.signon, self._validators, self.servers, self.accounts
        )

    def load_passwords(self) -> None:
        """Let the users sign in. For labs with clients from outside: a password takes a millisecond to hash."""
        if not self._passwords_loaded:
            self._passwords_loaded = True
            follow_credentials(self._start.database, self.passwords, self._config.password_of)

    def tomcat_started(self, node: str) -> None:
        """Let the node's web applications start: codes are forgotten, the token keys are read."""
        self.servers[node].restart()
        self._consumers[node].load(self.keys.at(node), why="Cisco Tomcat started")

    def _revoke(self, why: str) -> None:
        self.signon.revoke(why=why)

    def _opaque(self, node: str) -> tuple[OpaqueTokens, ...]:
        """Legacy tokens: the node's own first, then the others it would ask."""
        own = self.servers[node].opaque_tokens
        return (own, *(s.opaque_tokens for other, s in self.servers.items() if other != node))

    def _publish(self, keys: ClusterKeys) -> None:
        self._start.cluster.keys = keys
        if self._start.key_file is not None:
            self._start.key_file.save(keys)
