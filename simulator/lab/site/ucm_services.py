"""The administration of a lab's cluster: its database, its accounts and keys, and the doors of each node.

Doors are functions (`HttpService`, `PlatformCli`): steps call them, `ucmsim up` puts them behind 8443 and 2222.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from registrar.aio.database_file import open_database
from registrar.core.axl import PATH as AXL_PATH
from registrar.core.axl import PRODUCT_VERSIONS, AxlEnvironment, AxlService, WriteThrottle
from registrar.core.cluster.cluster import Cluster
from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.database import ClusterDatabase, Projection
from registrar.core.database.certificates import renew_trust
from registrar.core.database.credentials import follow_credentials
from registrar.core.database.seed import record_ports
from registrar.core.platform_cli import ClusterAdministration, OpenPort, PlatformCli, Reachability
from registrar.core.soap.accounts import Accounts, AdminAccount, SignInByAccount
from registrar.core.soap.control import DeviceAction
from registrar.core.soap.control_center import PATHS as CONTROL_CENTER_PATHS
from registrar.core.soap.control_center import ControlCenterService
from registrar.core.soap.realtime import RealtimeInformation
from registrar.core.soap.ris import PATH as RIS_PATH
from registrar.core.soap.ris import RateLimit, RisService
from registrar.core.ssosp import AuthorizationServer, Clients, OpaqueTokens, SignOn
from registrar.core.ssosp.api_access import ApiAccess
from registrar.core.ssosp.database_parameters import follow_parameters
from registrar.core.ssosp.database_store import DatabaseRefreshTokens
from registrar.core.ssosp.key_server import KeyServer
from registrar.core.tokens import ClusterKeys, TokenPolicy, TokenValidator
from registrar.core.tokens.key_ring import ConsumerKind, KeyConsumer, KeyRing
from registrar.core.tomcat.http import error_page
from registrar.core.tomcat.passwords import UserPasswords
from registrar.core.uds import UdsService, UdsSite
from simulator.core.entropy import Entropy
from simulator.core.events.log import EventLog
from simulator.core.http.message import HttpRequest, HttpResponse, HttpService
from simulator.core.ids import ActorId
from simulator.core.instant import Clock, Instant
from simulator.lab.config.lab import LabConfig
from simulator.lab.site import oauth_settings
from simulator.lab.site.builder import node_ports
from simulator.lab.site.failure_plans import Failures
from simulator.lab.site.key_file import KeyFile
from simulator.lab.site.node_clocks import NodeClocks
from simulator.lab.site.oauth_settings import REDIRECT_URI
from simulator.lab.site.request_user import RequestUser
from simulator.lab.site.service_control import NodeServices, UcmService
from simulator.lab.site.token_counters import TokenCounters


class UcmServices:
    """One for a cluster. `base_of`: node name -> `https://host:port` of its Tomcat, as clients reach it."""

    def __init__(
        self,
        config: LabConfig,
        cluster: Cluster,
        *,
        log: EventLog,
        clock: Clock,
        entropy: Entropy,
        real_now: Instant,
        act: Callable[[str, DeviceAction], int],
        open_ports: Callable[[str], list[OpenPort]],
        resolve: Callable[[str], str | None],
        base_of: Callable[[str], str],
        config_url: Callable[[str], str],
        jabber_url: Callable[[str], str],
        state: Path | None = None,
        any_port: frozenset[str] = frozenset(),
        authorities: Iterable[bytes] = (),
    ) -> None:
        """`act` resets a device and tells how many registrations that reached; `config_url`: name of a
        configuration file -> its URL. Raises DatabaseFileError for a state file of another cluster, and
        KeyFileError for the keys beside it.
        """
        self._config, self._cluster = config, cluster
        self._log, self._clock, self._entropy, self._real_now = log, clock, entropy, real_now
        self._act, self._open_ports, self._resolve = act, open_ports, resolve
        self._base_of, self._config_url = base_of, config_url
        self._jabber_url = jabber_url
        self.clocks = NodeClocks({node.name: node.clock for node in config.nodes})
        journal = log.journal(ActorId("lab"))
        self.database = ClusterDatabase(
            open_database(state),
            entropy=entropy.child("database"),
            export_controlled=config.cluster.export_controlled,
        )
        is_old = not self.database.is_new
        self._kept_keys = None if state is None else KeyFile(state)
        if self._kept_keys is not None:
            found = self._kept_keys.load(cluster.keys.cluster_id) if is_old else None
            cluster.keys = found or cluster.keys
            self._kept_keys.save(cluster.keys)
        made = _certificates(cluster, authorities)
        lscs = {device.name: device.lsc_md5 for device in cluster.directory.devices if device.lsc_md5}
        Projection.connect(self.database, cluster)
        if is_old:
            renew_trust(self.database, made)
            with self.database.write(seeding=True) as connection:
                connection.executemany(
                    "update device set lscmd5 = ?2 where name = ?1 and lscmd5 <> ''", list(lscs.items())
                )
        for item in config.nodes:
            if item.name in any_port:
                record_ports(self.database, cluster.node(item.name).host, node_ports(item.ports))
        self.services = NodeServices([(node.name, node.host) for node in cluster.nodes], clock.now())
        self.realtime = RealtimeInformation(cluster)
        self.tokens = TokenCounters()
        if log.on:  # a lab without readers stays without: RIS then knows no past
            log.subscribe(self.realtime)
            log.subscribe(self.tokens)
        self.database.provide("registrationdynamic", self.realtime.registration_rows)
        self.accounts = Accounts(AdminAccount(name=a.name, password=a.password) for a in config.administrators)
        self.administrators = SignInByAccount(self.accounts, clock)
        self.passwords = UserPasswords(entropy.child("passwords"))
        self._open = False
        self.signon = SignOn(
            directory=cluster.directory,
            passwords=self.passwords,
            administrators=self.administrators,
            clients=Clients(oauth_settings.clients(config.cluster.authorization)),
            refresh_tokens=DatabaseRefreshTokens(self.database),
            keys=lambda: cluster.keys,
            journal=journal,
        )
        follow_parameters(self.database, self.signon)
        self.keys = KeyRing(
            lambda: cluster.keys,
            self._publish_keys,
            journal=journal,
            revoke_refresh_tokens=self._revoke_all,
        )
        self._servers: dict[str, AuthorizationServer] = {}
        self.throttles: dict[str, WriteThrottle] = {}
        """Of the nodes' AXL services; to be engaged by whoever wants writes denied."""
        self._validators: dict[str, TokenValidator] = {}
        self.access: dict[str, ApiAccess] = {}
        """By node: who may use its web applications."""
        callers = RequestUser(
            cluster.directory,
            self.signon,
            self._validators.__getitem__,
            lambda node: self._servers[node],
            self.accounts,
        )
        self.failures = Failures(log, callers.user_of)
        """In front of the doors, and of the configuration files."""
        self.doors = {node.name: self._tomcat(node.name) for node in cluster.nodes}
        self.clis = {node.name: self._cli(node.name) for node in cluster.nodes}

    def snapshot(self, node: str) -> NodeSnapshot:
        """What the node's CallManager would load, with the token keys that reached this node."""
        return replace(self._cluster.snapshot(node), keys=self.keys.at(node))

    def open_doors(self) -> None:
        """Users can sign in from now on. Not before: each password costs a millisecond to hash."""
        if not self._open:
            self._open = True
            follow_credentials(self.database, self.passwords, self._config.password_of)

    def close(self) -> None:
        self.database.close()

    # --- the doors ------------------------------------------------------------------------------------------

    def _tomcat(self, name: str) -> Tomcat:
        node = self._cluster.node(name)
        journal = self._log.journal(ActorId(name))
        entropy = self._entropy.child(f"tomcat/{name}")
        keys = self._cluster.keys.public
        validator = TokenValidator(
            keys, TokenPolicy(issuer=keys.cluster_id), self._cluster.directory.subject_status
        )
        self._validators[name] = validator
        consumer = KeyConsumer(name, ConsumerKind.TOMCAT, journal=journal, loaded=validator.load)
        access = ApiAccess(
            self._cluster.directory,
            self.passwords,
            validator,
            opaque=lambda: self._opaque(name),
            accept_expired=self._config.cluster.accept_expired,
        )
        self.access[name] = access
        server = AuthorizationServer(
            self.signon,
            base=lambda: self._base_of(name),
            entropy=entropy.child("ssosp"),
            journal=journal,
            settings=oauth_settings.settings(self._config.cluster.authorization),
        )
        self._servers[name] = server
        uds = UdsService(
            self._cluster.directory,
            access,
            UdsSite(
                base=lambda: self._base_of(name),
                servers=lambda: tuple(node.host for node in self._cluster.nodes),
                file_uri=self._config_url,
                jabber_uri=self._jabber_url,
                home=node.host,
                domain=self._config.domain,
            ),
            journal=journal,
        )
        axl = AxlService(
            AxlEnvironment(
                database=self.database,
                cluster=self._cluster,
                node=node.host,
                devices=self,
                version=PRODUCT_VERSIONS[self._config.cluster.version],
            ),
            accounts=self.accounts,
            services=self.services,
            entropy=entropy.child("axl"),
            journal=journal,
        )
        self.throttles[name] = axl.throttle
        ris = RisService(
            self.realtime,
            hosts={node.name: node.host for node in self._cluster.nodes},
            rate=RateLimit(self.database),
            accounts=self.accounts,
            entropy=entropy.child("ris"),
            journal=journal,
        )
        control = ControlCenterService(
            node.host, self.services, accounts=self.accounts, entropy=entropy.child("control"), journal=journal
        )
        exact: dict[str, HttpService] = dict.fromkeys(server.paths, server)
        if self.database.is_publisher(node.host):
            key_server = KeyServer(lambda: self.keys.at(name), self.administrators, journal=journal)
            exact[key_server.path] = key_server
        exact[RIS_PATH] = ris
        exact.update(dict.fromkeys(CONTROL_CENTER_PATHS, control))
        return Tomcat(
            exact=exact,
            below={AXL_PATH.rstrip("/"): axl, "/cucm-uds": uds},
            around=partial(self._around, name),
            restarted=lambda now: self._restarted(name, consumer, now),
        )

    def _around(
        self,
        name: str,
        request: HttpRequest,
        now: Instant,
        answer: Callable[[HttpRequest, Instant], HttpResponse],
    ) -> HttpResponse:
        """Planned failures first; what answers goes by the node's own clock."""

        def by_own_clock(asked: HttpRequest, then: Instant) -> HttpResponse:
            return answer(asked, self.clocks.at(name, then))

        return self.failures.around(name, request, now, by_own_clock)

    def _restarted(self, name: str, consumer: KeyConsumer, now: Instant) -> None:
        self._servers[name].restart()
        consumer.load(self.keys.at(name), now, why="Cisco Tomcat started")

    def _opaque(self, name: str) -> tuple[OpaqueTokens, ...]:
        """Legacy tokens: the node's own first, then the others it would ask."""
        own = self._servers[name].opaque_tokens
        return (own, *(s.opaque_tokens for other, s in self._servers.items() if other != name))

    def _cli(self, name: str) -> PlatformCli:
        journal = self._log.journal(ActorId(name))
        administration = ClusterAdministration(
            name,
            cluster=self._cluster,
            database=self.database,
            keys=self.keys,
            services=self.services,
            open_ports=lambda: self._open_ports(name),
            reach=self._reach,
            real_now=lambda: self._real_now,
            started_at=self._clock.now(),
            version=PRODUCT_VERSIONS[self._config.cluster.version],
            journal=journal,
        )
        return PlatformCli(administration=administration, accounts=self.accounts, journal=journal)

    # --- what doors ask -------------------------------------------------------------------------------------

    def act(self, device: str, action: DeviceAction, now: Instant) -> int:
        """DeviceControl of the SOAP services."""
        return self._act(device, action)

    def _reach(self, host: str) -> Reachability:
        address = self._resolve(host)
        return Reachability(address=address, alive=address is not None)

    def _publish_keys(self, keys: ClusterKeys) -> None:
        self._cluster.keys = keys
        if self._kept_keys is not None:
            self._kept_keys.save(keys)

    def _revoke_all(self, why: str) -> None:
        self.signon.revoke(why=why)


def _certificates(cluster: Cluster, authorities: Iterable[bytes]) -> list[bytes]:
    """Everything this lab made that a trust store may hold."""
    stores = [node.stores for node in cluster.nodes]
    own = [(one.tomcat.certificate, one.callmanager.certificate, one.lsc_issuer.certificate) for one in stores]
    trusted = [(*one.tomcat_trust, *one.callmanager_trust) for one in stores]
    # An authority comes last: a node's own certificate may carry the same name, but only one of them signs.
    return [pem for pems in (*own, *trusted, tuple(authorities)) for pem in pems]


class Tomcat:
    """A node's web applications on 8443: by exact path, else by the longest prefix."""

    def __init__(
        self,
        *,
        exact: dict[str, HttpService],
        below: dict[str, HttpService],
        around: Callable[[HttpRequest, Instant, Callable[[HttpRequest, Instant], HttpResponse]], HttpResponse],
        restarted: Callable[[Instant], None],
    ) -> None:
        """`around` is given each request and what would answer it."""
        self._exact, self._below, self._around, self._restarted = exact, below, around, restarted

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        return self._around(request, now, self._answer)

    def _answer(self, request: HttpRequest, now: Instant) -> HttpResponse:
        service = self._exact.get(request.path)
        if service is None:
            for prefix, candidate in self._below.items():
                if request.path == prefix or request.path.startswith(f"{prefix}/"):
                    service = candidate
        return error_page(404) if service is None else service.handle(request, now)

    def restarted(self, now: Instant) -> None:
        """The service started anew: it reads its keys again."""
        self._restarted(now)


__all__ = ["REDIRECT_URI", "Tomcat", "UcmService", "UcmServices"]
