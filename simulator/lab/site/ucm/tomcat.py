"""Cisco Tomcat of one node: which of its web applications on 8443 answers which path."""

from __future__ import annotations

from functools import partial

from registrar.core.axl import PATH as AXL_PATH
from registrar.core.axl import PRODUCT_VERSIONS, AxlEnvironment, AxlService, WriteThrottle
from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.database import ClusterDatabase
from registrar.core.soap.control import DeviceControl
from registrar.core.soap.control_center import PATHS as CONTROL_CENTER_PATHS
from registrar.core.soap.control_center import ControlCenterService
from registrar.core.soap.realtime import RealtimeInformation
from registrar.core.soap.ris import PATH as RIS_PATH
from registrar.core.soap.ris import RateLimit, RisService
from registrar.core.ssosp.administration import KeyServer
from registrar.core.tomcat.http import error_page
from registrar.core.uds import UdsService, UdsSite
from simulator.core.entropy import Entropy
from simulator.core.http.message import HttpRequest, HttpResponse, HttpService, refusal
from simulator.core.instant import Instant
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.ucm.service_control import NodeServices
from simulator.lab.site.ucm.sign_in import SignInServices


class Tomcat:
    """An HttpService: the web applications of one node."""

    def __init__(
        self,
        context: LabContext,
        node: ClusterNode,
        *,
        cluster: Cluster,
        database: ClusterDatabase,
        addresses: Addresses,
        sign_in: SignInServices,
        services: NodeServices,
        realtime: RealtimeInformation,
        devices: DeviceControl,
        entropy: Entropy,
    ) -> None:
        """`devices` resets phones for AXL; `realtime` is what RIS shows."""
        name, journal = node.name, context.journal(node.name)
        server = sign_in.servers[name]
        uds = UdsService(
            cluster.directory,
            sign_in.access[name],
            UdsSite(
                base=partial(addresses.base_of, name),
                servers=lambda: tuple(node.host for node in cluster.nodes),
                file_uri=addresses.config_url,
                jabber_uri=addresses.jabber_url,
                home=node.host,
                domain=context.config.domain,
            ),
            journal=journal,
        )
        axl = AxlService(
            AxlEnvironment(
                database=database,
                cluster=cluster,
                node=node.host,
                devices=devices,
                version=PRODUCT_VERSIONS[context.config.cluster.version],
            ),
            accounts=sign_in.accounts,
            services=services,
            entropy=entropy.child("axl"),
            journal=journal,
        )
        ris = RisService(
            realtime,
            hosts={node.name: node.host for node in cluster.nodes},
            rate=RateLimit(database),
            accounts=sign_in.accounts,
            entropy=entropy.child("ris"),
            journal=journal,
        )
        control = ControlCenterService(
            node.host, services, accounts=sign_in.accounts, entropy=entropy.child("control"), journal=journal
        )
        self.axl_throttle: WriteThrottle = axl.throttle
        """Denies AXL writes while it is engaged."""
        self._exact: dict[str, HttpService] = dict.fromkeys(server.paths, server)
        if database.is_publisher(node.host):
            key_server = KeyServer(partial(sign_in.keys.at, name), sign_in.administrators, journal=journal)
            self._exact[key_server.path] = key_server
        self._exact[RIS_PATH] = ris
        self._exact.update(dict.fromkeys(CONTROL_CENTER_PATHS, control))
        self._below: dict[str, HttpService] = {AXL_PATH.rstrip("/"): axl, "/cucm-uds": uds}

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Let the application of this path answer: by exact path, else by prefix; 404 where there is none."""
        service = self._application(request.path)
        return error_page(404) if service is None else service.handle(request, now)

    def refuse(self, head: HttpRequest, now: Instant) -> HttpResponse | None:
        """Return the answer to a request that is refused whatever its body says. [assumed]"""
        service = self._application(head.path)
        return error_page(404) if service is None else refusal(service, head, now)

    def _application(self, path: str) -> HttpService | None:
        service = self._exact.get(path)
        if service is None:
            for prefix, candidate in self._below.items():
                if path == prefix or path.startswith(f"{prefix}/"):
                    service = candidate
        return service
