from __future__ import annotations

import pytest

from certs.authority import Authority
from certs.stores import NodeStores
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
