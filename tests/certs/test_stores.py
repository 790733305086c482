from __future__ import annotations

from pathlib import Path

import pytest

from certs.authority import Authority
from certs.spec import CertSpec
from certs.stores import ExpresswayStores, NodeStores, write_private
from simulator.core.instant import Instant


@pytest.fixture(scope="module")
def stores(ca: Authority, now: Instant) -> NodeStores:
    return NodeStores.create(
        "ucm-pub.example.com", now=now, addresses=("127.0.0.1",), tomcat_ca=ca, key="ec256"
    )


def test_a_fresh_node_trusts_its_own_issuers(stores: NodeStores, ca: Authority) -> None:
    assert stores.tomcat.identity.names == ("ucm-pub.example.com", "127.0.0.1")
    assert stores.tomcat.identity.issuer == "CN=Lab CA"
    assert stores.tomcat_trust == (ca.certificate,)
    assert stores.callmanager.identity.issuer == "CN=ucm-pub.example.com"
    assert stores.callmanager_trust == (stores.callmanager.certificate, stores.lsc_issuer.certificate)
    assert stores.tomcat.private_key != stores.callmanager.private_key


def test_a_regenerated_tomcat_has_the_names_and_another_key(
    stores: NodeStores, ca: Authority, now: Instant
) -> None:
    own = stores.regenerated_tomcat(now=now)
    again = own.regenerated_tomcat(now=now, ca=ca)
    assert own.tomcat.identity.names == stores.tomcat.identity.names
    assert own.tomcat.identity.issuer == "CN=ucm-pub.example.com"
    assert own.tomcat_trust == (*stores.tomcat_trust, own.tomcat.certificate)
    assert again.tomcat.identity.issuer == "CN=Lab CA"
    assert len({s.tomcat.private_key for s in (stores, own, again)}) == 3


def test_trust_is_added_once_and_taken_away(stores: NodeStores, now: Instant) -> None:
    expressway_ca = Authority.create("Expressway CA", now=now, key="ec256").certificate
    more = stores.trusting(expressway_ca, expressway_ca)
    assert more.tomcat_trust == (*stores.tomcat_trust, expressway_ca)
    assert more.distrusting(expressway_ca) == stores


def test_stores_are_written_with_private_keys_private(stores: NodeStores, tmp_path: Path) -> None:
    stores.write(tmp_path)
    stores.write(tmp_path)
    keys = sorted(tmp_path.rglob("*.key"))
    assert [key.name for key in keys] == ["CallManager.key", "tomcat.key"]
    assert [key.stat().st_mode & 0o777 for key in keys] == [0o600, 0o600]
    assert (tmp_path / "tomcat.pem").read_bytes() == stores.tomcat.credential.chain
    assert (tmp_path / "tomcat-trust" / "001.pem").read_bytes() == stores.tomcat_trust[0]
    assert not [p for p in tmp_path.rglob("*.pem") if b"PRIVATE" in p.read_bytes()]


def test_a_trust_store_that_shrank_leaves_no_old_file(
    stores: NodeStores, ca: Authority, now: Instant, tmp_path: Path
) -> None:
    server = ca.issue(CertSpec(common_name="expc", key="ec256"), now=now)
    full = ExpresswayStores(server=server).trusting(ca.certificate, stores.tomcat.certificate)
    full.write(tmp_path)
    full.distrusting(ca.certificate).write(tmp_path)
    (left,) = (tmp_path / "trusted-ca").iterdir()
    assert left.read_bytes() == stores.tomcat.certificate


def test_a_private_file_is_private_whatever_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.key"
    path.parent.mkdir()
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
