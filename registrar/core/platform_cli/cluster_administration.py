"""`Administration` of one node, over the cluster, its database and its token keys.

Only what is a matter of running things is left to the lab: services, open ports, names. What is changed here
counts when the services that use it restart, as on a real node.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from cryptography import x509

from certs.authority import IssuedCertificate, self_signed
from certs.stores import NodeStores
from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.database import ClusterDatabase, QueryResult, SqlConsole
from registrar.core.database.certificates import (
    CertificateError,
    delete_trust,
    import_trust,
    record_regenerated,
    trusted,
)
from registrar.core.database.enumerations import CALLMANAGER_TRUST, TOMCAT_TRUST
from registrar.core.database.rules import OAUTH_MODE
from registrar.core.platform_cli.administration import (
    AdministrationRefused,
    CertificateFile,
    CertificateKind,
    KeyName,
    Member,
    OpenPort,
    Reachability,
)
from registrar.core.platform_cli.certificate_text import common_name
from registrar.core.platform_cli.signing_request import SigningRequest
from registrar.core.soap.control import ServiceControl, ServiceStatus
from registrar.core.tokens.key_ring import KeyRing
from simulator.core.events import ClusterChanged
from simulator.core.events.log import Journal
from simulator.core.instant import Instant

TOMCAT, CALLMANAGER, CAPF = "tomcat", "CallManager", "CAPF"
_TRUST = {TOMCAT: TOMCAT_TRUST, CALLMANAGER: CALLMANAGER_TRUST}


class ClusterAdministration:
    """See `platform_cli.administration.Administration` for the methods."""

    def __init__(
        self,
        node: str,
        *,
        cluster: Cluster,
        database: ClusterDatabase,
        keys: KeyRing,
        services: ServiceControl,
        open_ports: Callable[[], Iterable[OpenPort]],
        reach: Callable[[str], Reachability],
        real_now: Callable[[], Instant],
        started_at: Instant,
        version: str,
        journal: Journal,
    ) -> None:
        """`node`: its name in the cluster, e.g. ucm-pub. `real_now`: the machine's time, for certificates.
        `started_at`: when the cluster began, on the lab's clock. `version`: e.g. 15.0.1.11900(40).
        """
        self._node = node
        self._cluster = cluster
        self._database = database
        self._keys = keys
        self._services = services
        self._open_ports = open_ports
        self._reach = reach
        self._real_now = real_now
        self._started_at = started_at
        self._version = version
        self._journal = journal
        self._sql = SqlConsole(database, self.host)
        self._requests: dict[str, SigningRequest] = {}
        self._requested = 0

    @property
    def host(self) -> str:
        return self._own.host

    @property
    def version(self) -> str:
        return self._version

    def members(self) -> tuple[Member, ...]:
        return tuple(
            Member(
                host=node.host,
                address=self._reach(node.host).address or node.host,
                publisher=self._database.is_publisher(node.host),
                since=self._started_at,
            )
            for node in self._cluster.nodes
        )

    def set_oauth_mode(self, on: bool) -> None:
        with self._database.write(self.host) as connection:
            connection.execute(
                "update processconfig set paramvalue = ? where paramname = ?", ("1" if on else "0", OAUTH_MODE)
            )
        self._changed("utils sipOAuth-mode", "enable" if on else "disable")

    # --- database --------------------------------------------------------------------------------------------

    def query(self, sql: str) -> QueryResult:
        return self._sql.run_query(sql)

    def update(self, sql: str) -> int:
        rows = self._sql.run_update(sql)
        self._changed("run sql", f"{rows} rows")
        return rows

    # --- what runs -------------------------------------------------------------------------------------------

    def open_ports(self) -> tuple[OpenPort, ...]:
        return tuple(self._open_ports())

    def reach(self, host: str) -> Reachability:
        return self._reach(host)

    def services(self, now: Instant) -> tuple[ServiceStatus, ...]:
        return self._services.services(self.host, now)

    def start_service(self, name: str, now: Instant) -> None:
        self._services.start(self.host, name, now)

    def stop_service(self, name: str, now: Instant) -> None:
        self._services.stop(self.host, name, now)

    def restart_service(self, name: str, now: Instant) -> None:
        self._services.restart(self.host, name, now)

    # --- certificates ----------------------------------------------------------------------------------------

    def certificates(self, kind: CertificateKind) -> tuple[CertificateFile, ...]:
        if kind == "own":
            held = ((unit, issued.certificate) for unit, issued in _own(self._own.stores).items())
            capf = (CAPF, self._own.stores.lsc_issuer.certificate)
            return tuple(CertificateFile(unit=unit, file=f"{unit}.pem", pem=pem) for unit, pem in (*held, capf))
        return tuple(
            each
            for unit, service in _TRUST.items()
            for each in _trust_files(f"{unit}-trust", trusted(self._database, self.host, service))
        )

    def regenerate_certificate(self, unit: str) -> None:
        stores = self._own.stores
        now = self._real_now()
        if unit == TOMCAT:
            stores = stores.regenerated_tomcat(now=now)
        elif unit == CALLMANAGER:
            # A key that no generation before had, whichever of them are kept in trust stores.
            spec = stores.callmanager.spec
            spec = replace(spec, generation=spec.generation + 1, not_before=None, not_after=None)
            made = self_signed(spec, now=now)
            held = (*stores.callmanager_trust, made.certificate)
            stores = replace(stores, callmanager=made, callmanager_trust=held)
        else:
            raise AdministrationRefused(f"The certificate of {unit} cannot be regenerated in this lab")
        self._install(stores)
        self._changed("set cert regen", unit)

    def import_certificate(self, kind: CertificateKind, unit: str, pem: bytes) -> None:
        service = _trust_service(unit)
        try:
            if kind == "trust":
                name = import_trust(self._database, self.host, pem, service=service)
                self._changed(f"set cert import trust {unit}", name)
                return
            certificate = x509.load_pem_x509_certificate(pem)
        except (CertificateError, ValueError) as error:
            raise AdministrationRefused("What was pasted is no certificate in PEM form") from error
        request = self._requests.get(unit)
        if request is None:
            raise AdministrationRefused(f"There is no Certificate Sign Request for {unit}")
        issued = request.answered(certificate, trusted(self._database, self.host, service))
        stores = self._own.stores
        self._install(stores.with_tomcat(issued) if unit == TOMCAT else replace(stores, callmanager=issued))
        del self._requests[unit]
        self._changed(f"set cert import own {unit}", common_name(certificate.subject))

    def delete_certificate(self, unit: str, file: str) -> None:
        unit = unit.removesuffix("-trust")
        service = _trust_service(unit)
        file = file.removeprefix(f"{unit}-trust/").removesuffix(".pem")
        for each in _trust_files(f"{unit}-trust", trusted(self._database, self.host, service)):
            if each.file == f"{file}.pem":
                delete_trust(self._database, self.host, each.pem, service=service)
                self._changed("set cert delete", each.name)
                return
        raise AdministrationRefused(f"There is no certificate {file}.pem in {unit}-trust")

    def generate_request(self, unit: str) -> None:
        own = _own(self._own.stores).get(unit)
        if own is None:
            raise AdministrationRefused(f"A Certificate Sign Request for {unit} cannot be made in this lab")
        self._requested += 1
        self._requests[unit] = SigningRequest.create(own, self._requested)
        self._changed("set csr gen", unit)

    def requests(self) -> tuple[CertificateFile, ...]:
        return tuple(
            CertificateFile(unit=unit, file=f"{unit}.csr", pem=request.pem)
            for unit, request in self._requests.items()
        )

    # --- token keys ------------------------------------------------------------------------------------------

    def key_checksum(self, key: KeyName) -> str:
        keys = self._keys.at(self._node)
        return (keys.signing_kid if key == "signing" else keys.encryption_kid).rpartition(":")[2]

    def regenerate_key(self, key: KeyName) -> None:
        if not self._database.is_publisher(self.host):
            raise AdministrationRefused(
                f"{self.host} is a subscriber: run this command on the publisher {self._database.publisher}"
            )
        if key == "signing":
            self._keys.regenerate_signing()
        else:
            self._keys.regenerate_encryption()

    # --- inside ----------------------------------------------------------------------------------------------

    @property
    def _own(self) -> ClusterNode:
        return self._cluster.node(self._node)

    def _install(self, stores: NodeStores) -> None:
        self._cluster.set_stores(self._node, stores)
        record_regenerated(self._database, self._own)

    def _changed(self, what: str, detail: str) -> None:
        if self._journal.on:
            self._journal.add(ClusterChanged(what=what, detail=detail))


def _own(stores: NodeStores) -> dict[str, IssuedCertificate]:
    return {TOMCAT: stores.tomcat, CALLMANAGER: stores.callmanager}


def _trust_service(unit: str) -> int:
    service = _TRUST.get(unit)
    if service is None:
        raise AdministrationRefused(f"{unit} has no trust store in this lab")
    return service


def _trust_files(unit: str, held: tuple[bytes, ...]) -> list[CertificateFile]:
    """Named by common name; by common name and serial number where several have the same. [documented: Security
    Guide, from 14SU1] Signs that no file name has become `_`. [observed]
    """
    certificates = [(pem, x509.load_pem_x509_certificate(pem)) for pem in held]
    names = [re.sub(r"[^A-Za-z0-9.-]", "_", common_name(each.subject)) for _, each in certificates]
    count = Counter(names)
    return [
        CertificateFile(
            unit=unit,
            file=f"{name}.pem" if count[name] == 1 else f"{name}_{certificate.serial_number:x}.pem",
            pem=pem,
        )
        for name, (pem, certificate) in zip(names, certificates, strict=True)
    ]
