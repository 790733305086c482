"""What each service of a node listens on, and what it loads when it starts: the one place for a new service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from registrar.core.soap.control import ServiceState
from simulator.core.actor.flow import Address, Listen
from simulator.core.ids import ActorId
from simulator.core.network.endpoint import Endpoint, HttpHandler, TerminalHandler, endpoints_of
from simulator.core.tls.settings import ServerTls
from simulator.lab.site.site import Site
from simulator.lab.site.ucm.service_control import UcmService

_TOMCAT_BODY = 2 << 20
"""Bytes of a request to Tomcat; AXL takes more than the usual."""
_FILE_BODY = 4096
"""Bytes of a request for a configuration file; nobody sends this server a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """How one service of a node starts and stops. Each function is given the site and the node's name."""

    endpoints: Callable[[Site, str], tuple[Endpoint, ...]]
    load: Callable[[Site, str], None]
    """Called when the service starts: it reads the cluster as it is now."""
    stop: Callable[[Site, str], None]
    """Called when the service stops; its endpoints are closed next."""
    reports: bool = False
    """Whether the service itself emits the events of its start and stop, and notes its state."""


def service_endpoints(site: Site, node: str, service: UcmService) -> tuple[Endpoint, ...]:
    """Return what the service listens on, by what it has loaded; Tomcat shows its store's certificate."""
    return _SERVICES[service].endpoints(site, node)


def load_service(site: Site, node: str, service: UcmService) -> None:
    """Let a service that starts read the cluster as it is now. Its endpoints are to be opened next."""
    _SERVICES[service].load(site, node)


def stop_service(site: Site, node: str, service: UcmService) -> None:
    """Let a service say what it says when it stops. Its endpoints are to be closed next."""
    _SERVICES[service].stop(site, node)


def announce(site: Site, node: str, service: UcmService, *, started: bool) -> None:
    """Note for administrators and the event log that the service has started, or stopped."""
    if not _SERVICES[service].reports:
        state = ServiceState.STARTED if started else ServiceState.STOPPED
        site.ucm.services.done(node, service, state, site.clock.now())
        site.ucm.note_service(node, service, started=started)


def cli_endpoint(site: Site, node: str) -> Endpoint:
    """Return the platform CLI of a node, which is no service that can be stopped."""
    address = Address(site.addresses.of(node), site.config.node(node).ports.ssh)
    listen = Listen(name="ssh", transport="tcp", address=address)
    return Endpoint(owner=ActorId(node), listen=listen, handler=TerminalHandler(service=site.ucm.clis[node]))


def _call_manager(site: Site, node: str) -> tuple[Endpoint, ...]:
    return endpoints_of(site.ucm.call_managers[node])


def _load_call_manager(site: Site, node: str) -> None:
    site.ucm.load_call_manager(node)


def _stop_call_manager(site: Site, node: str) -> None:
    site.ucm.stop_call_manager(node)


def _files(site: Site, node: str) -> tuple[Endpoint, ...]:
    """Configuration files: 6970, 6971 for devices over TLS, 6972 for Jabber's own. [assumed: the same files]"""
    plain = HttpHandler(service=site.ucm.config_files[node], max_body=_FILE_BODY)
    address = Address(site.addresses.of(node), site.cluster.node(node).ports.config)
    listen = Listen(name="config", transport="tcp", address=address)
    secure = HttpHandler(service=site.ucm.secure_config_files[node], max_body=_FILE_BODY)
    return (
        Endpoint(owner=ActorId(node), listen=listen, handler=plain),
        *(_https(site, node, name, port, secure) for name, port in site.addresses.file_ports(node).items()),
    )


def _tomcat(site: Site, node: str) -> tuple[Endpoint, ...]:
    handler = HttpHandler(service=site.ucm.tomcats[node], max_body=_TOMCAT_BODY)
    return (_https(site, node, "https", site.config.node(node).ports.https, handler),)


def _https(site: Site, node: str, name: str, port: int, handler: HttpHandler) -> Endpoint:
    """An HTTPS endpoint with the Tomcat certificate that the node's store holds now."""
    credential = site.cluster.node(node).stores.tomcat.credential
    tls = ServerTls(credential=credential, minimum="1.2", maximum="1.3")
    address = Address(site.addresses.of(node), port)
    listen = Listen(name=name, transport="tls", address=address, tls=tls)
    return Endpoint(owner=ActorId(node), listen=listen, handler=handler)


def _load_tomcat(site: Site, node: str) -> None:
    site.ucm.tomcat_started(node)


def _none(site: Site, node: str) -> tuple[Endpoint, ...]:
    return ()


def _nothing(site: Site, node: str) -> None:
    pass


_SERVICES = {
    UcmService.CALL_MANAGER: _Service(
        endpoints=_call_manager, load=_load_call_manager, stop=_stop_call_manager, reports=True
    ),
    UcmService.TFTP: _Service(endpoints=_files, load=_nothing, stop=_nothing),
    UcmService.TOMCAT: _Service(endpoints=_tomcat, load=_load_tomcat, stop=_nothing),
    # A web application inside Tomcat, which answers 404 for it while it is stopped.
    UcmService.AXL: _Service(endpoints=_none, load=_nothing, stop=_nothing),
}
