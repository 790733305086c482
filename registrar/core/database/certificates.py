"""The certificate tables: own certificates are recorded from a node's stores, trusted ones are read back.

A row holds no private key. Trust stores therefore live in the database, however a certificate is imported or
deleted; own certificates live in `certs.stores` and are only shown here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.database.enumerations import CALLMANAGER, CALLMANAGER_TRUST, CAPF, TOMCAT, TOMCAT_TRUST
from registrar.core.database.rows import Row, Transaction
from registrar.core.database.store import ClusterDatabase

TRUST_SERVICES = (TOMCAT_TRUST, CALLMANAGER_TRUST)
_OF_NODE = """
select c.pkid, c.certificate from certificate c
join certificateservicecertificatemap m on m.fkcertificate = c.pkid
join certificateprocessnodemap p on p.fkcertificate = c.pkid
where p.servername = ? and m.tkcertificateservice = ? order by c.rowid
"""


class CertificateError(ValueError):
    """Text that is no PEM certificate."""


def record_node(database: ClusterDatabase, connection: Transaction, node: ClusterNode) -> None:
    """Write what a node's stores hold now, in the place of everything the tables say about the node."""
    stores = node.stores
    record_own(database, connection, node)
    for service, held in ((TOMCAT_TRUST, stores.tomcat_trust), (CALLMANAGER_TRUST, stores.callmanager_trust)):
        _replace(database, connection, node.host, service, held)


def record_own(database: ClusterDatabase, connection: Transaction, node: ClusterNode) -> None:
    """Write a node's own certificates; what it trusts stays."""
    stores = node.stores
    for service, pem in (
        (TOMCAT, stores.tomcat.certificate),
        (CALLMANAGER, stores.callmanager.certificate),
        (CAPF, stores.lsc_issuer.certificate),
    ):
        _replace(database, connection, node.host, service, (pem,))


def record_regenerated(database: ClusterDatabase, node: ClusterNode) -> None:
    """Write what `set cert regen` made: the node's new own certificates, and what its stores trust since."""
    with database.write(seeding=True) as connection:
        record_own(database, connection, node)
        stores = node.stores
        for service, held in (
            (TOMCAT_TRUST, stores.tomcat_trust),
            (CALLMANAGER_TRUST, stores.callmanager_trust),
        ):
            known = _held(connection, node.host, service)
            for pem in held:
                if pem not in known:
                    insert_certificate(database, connection, node.host, service, pem)


def import_trust(database: ClusterDatabase, host: str, pem: bytes, *, service: int = TOMCAT_TRUST) -> str:
    """Do `set cert import trust` for one node (processnode.name); returns the certificate's common name.

    Trusting it twice is harmless. Raises CertificateError.
    """
    normal = normal_pem(pem)
    with database.write(seeding=True) as connection:
        if normal not in _held(connection, host, service):
            insert_certificate(database, connection, host, service, normal)
    return common_name(normal)


def delete_trust(database: ClusterDatabase, host: str, pem: bytes, *, service: int = TOMCAT_TRUST) -> bool:
    """Do `set cert delete`; returns False if the node did not trust the certificate."""
    unwanted = normal_pem(pem)
    with database.write(seeding=True) as connection:
        rows = connection.execute(_OF_NODE, (host, service))
        found = [row["pkid"] for row in rows if pem_of(row) == unwanted]
        connection.executemany("delete from certificate where pkid = ?", [(pkid,) for pkid in found])
    return bool(found)


def trusted(database: ClusterDatabase, host: str, service: int) -> tuple[bytes, ...]:
    """Return the PEM certificates in one trust store of one node, oldest first."""
    return _held(database.connection, host, service)


def project_trust(database: ClusterDatabase, cluster: Cluster) -> None:
    """Give the cluster's nodes the trust stores the tables hold; services notice when they restart."""
    for node in cluster.nodes:
        stores = node.stores
        tomcat = trusted(database, node.host, TOMCAT_TRUST)
        callmanager = trusted(database, node.host, CALLMANAGER_TRUST)
        if (tomcat, callmanager) == (stores.tomcat_trust, stores.callmanager_trust):
            continue
        cluster.set_stores(node.name, replace(stores, tomcat_trust=tomcat, callmanager_trust=callmanager))


def common_name(pem: bytes) -> str:
    """Return the common name of a certificate's subject, or the whole subject if it has none."""
    return _subject(x509.load_pem_x509_certificate(pem).subject)


def _subject(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def normal_pem(pem: bytes) -> bytes:
    """Return the certificate as PEM in its usual form. Raises CertificateError."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise CertificateError("that is no certificate in PEM form") from error
    return certificate.public_bytes(Encoding.PEM)


def pem_of(row: Row) -> bytes:
    """Return the certificate of a row, PEM."""
    return str(row["certificate"]).encode()


def _held(connection: Transaction, host: str, service: int) -> tuple[bytes, ...]:
    return tuple(pem_of(row) for row in connection.execute(_OF_NODE, (host, service)))


def _replace(
    database: ClusterDatabase, connection: Transaction, host: str, service: int, pems: Iterable[bytes]
) -> None:
    old = [row["pkid"] for row in connection.execute(_OF_NODE, (host, service))]
    connection.executemany("delete from certificate where pkid = ?", [(pkid,) for pkid in old])
    for pem in pems:
        insert_certificate(database, connection, host, service, pem)


def insert_certificate(
    database: ClusterDatabase, connection: Transaction, host: str, service: int, pem: bytes
) -> None:
    """Add a certificate (PEM) to one store of the server `host`."""
    certificate = x509.load_pem_x509_certificate(pem)
    pkid = database.new_pkid()
    connection.execute(
        "insert into certificate (pkid, servername, subjectname, issuername, serialnumber, certificate) "
        "values (?, ?, ?, ?, ?, ?)",
        (
            pkid,
            host,
            certificate.subject.rfc4514_string(),
            certificate.issuer.rfc4514_string(),
            f"{certificate.serial_number:x}",
            pem.decode("ascii"),
        ),
    )
    connection.execute(
        "insert into certificateservicecertificatemap values (?, ?, ?)", (database.new_pkid(), pkid, service)
    )
    connection.execute(
        "insert into certificateprocessnodemap (pkid, fkcertificate, servername) values (?, ?, ?)",
        (database.new_pkid(), pkid, host),
    )
