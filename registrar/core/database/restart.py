"""A database that an earlier lab left: certificates of the new lab take the place of the old ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from registrar.core.cluster.cluster import ClusterNode
from registrar.core.database.certificates import (
    TRUST_SERVICES,
    common_name,
    insert_certificate,
    normal_pem,
    pem_of,
    record_own,
)
from registrar.core.database.projection import check_nodes
from registrar.core.database.store import ClusterDatabase

_CERTIFICATES = """
select c.pkid, c.servername, c.certificate, m.tkcertificateservice from certificate c
join certificateservicecertificatemap m on m.fkcertificate = c.pkid order by c.rowid
"""


def renew_certificates(
    database: ClusterDatabase,
    *,
    installed: Sequence[ClusterNode],
    made: Iterable[bytes],
    lsc_md5s: Mapping[str, str],
) -> None:
    """Record the certificates of a new lab: the servers' own, those that trust stores may hold (`made`, PEM),
    and the MD5 of the phones' LSCs by device name.

    In every trust store a certificate gives way to the new one of the same subject; what was deleted stays so,
    and what others signed is left alone. Raises ValueError if the tables name other servers.
    """
    check_nodes(database, installed)
    renewed = {common_name(pem): normal_pem(pem) for pem in made}
    with database.write(seeding=True) as connection:
        for node in installed:
            record_own(database, connection, node)
        for row in connection.execute(_CERTIFICATES).fetchall():
            new = renewed.get(common_name(pem_of(row)))
            if row["tkcertificateservice"] in TRUST_SERVICES and new is not None and new != pem_of(row):
                connection.execute("delete from certificate where pkid = ?", (row["pkid"],))
                insert_certificate(database, connection, row["servername"], row["tkcertificateservice"], new)
        connection.executemany(
            "update device set lscmd5 = ?2 where name = ?1 and lscmd5 <> ''", list(lsc_md5s.items())
        )
