"""The Expressway-C table: which names of a certificate count, and how they are compared."""

from __future__ import annotations

import pytest

from registrar.core.cluster.expressway_table import ExpresswayRow, ExpresswayTrust
from simulator.core.tls.identity import PeerIdentity

ROW = ExpresswayRow(host="expc", x509_name="expc.example.com")


def cert(
    common_name: str | None, *sans: str, uris: tuple[str, ...] = (), ips: tuple[str, ...] = ()
) -> PeerIdentity:
    return PeerIdentity(common_name=common_name, dns_names=sans, uris=uris, ip_addresses=ips)


@pytest.mark.parametrize(
    ("x509_name", "peer", "matched"),
    [
        pytest.param("expc.example.com", cert("expc.example.com"), "expc.example.com", id="the CN"),
        pytest.param("expc.example.com", cert("x", "expc.example.com"), "expc.example.com", id="a SAN"),
        pytest.param("EXPC.Example.com", cert("expc.EXAMPLE.com"), "expc.EXAMPLE.com", id="case is ignored"),
        pytest.param("a, b;c  d", cert("x", "d"), "d", id="several names: comma, semicolon, blanks"),
        pytest.param("sip:expc", cert("x", uris=("sip:expc",)), "sip:expc", id="a URI SAN"),
        pytest.param("10.1.2.3", cert("x", ips=("10.1.2.3",)), "10.1.2.3", id="an address SAN"),
        pytest.param("*.example.com", cert("*.example.com"), "*.example.com", id="a wildcard as itself"),
        pytest.param("*.example.com", cert("expc.example.com"), None, id="a wildcard row is not expanded"),
        pytest.param("expc.example.com", cert("*.example.com"), None, id="a wildcard CN is not expanded"),
        pytest.param("expc.example.com", cert("expc"), None, id="a short name is another name"),
        pytest.param("expc.example.com", cert("notexpc.example.com"), None, id="a longer name is another"),
        pytest.param("expc.example.com", cert(None), None, id="a certificate without names"),
        pytest.param("", cert("expc"), None, id="a row without X.509 names trusts nobody"),
        pytest.param("expc.example.com", None, None, id="no certificate"),
    ],
)
def test_judging(x509_name, peer, matched):
    row = ExpresswayRow(host="expc", x509_name=x509_name)
    verdict = ExpresswayTrust([row]).judge(peer)
    assert (verdict.trusted, verdict.matched) == (matched is not None, matched)
    assert verdict.row == (row if matched else None)
    assert verdict.offered == (peer.names if peer else ())
    assert verdict.table == row.names


def test_the_cn_is_tried_first_and_the_first_row_wins():
    rows = [ExpresswayRow(host="one", x509_name="b,a"), ExpresswayRow(host="two", x509_name="a")]
    verdict = ExpresswayTrust(rows).judge(cert("a", "b"))
    assert (verdict.matched, verdict.row.host) == ("a", "one")


def test_an_empty_table_trusts_nobody():
    assert not ExpresswayTrust().judge(cert("expc.example.com")).trusted
