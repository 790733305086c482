"""Administration of the cluster: rows are changed, the product's rules judge, an event tells of it."""

from __future__ import annotations

import pytest

from registrar.core.database import DatabaseRefusal
from simulator.core.events import ClusterChanged
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.expressways import ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import PortsConfig
from simulator.lab.config.phones import PhoneConfig
from tests.simulator.lab.site.bench import Built, built


@pytest.fixture
def lab() -> Built:
    return built(LabConfig(phones=[PhoneConfig()], expressways=[ExpresswayConfig()]))


def changes(lab: Built) -> list[tuple[str, str]]:
    return [(event.what, event.detail) for event in lab.events(ClusterChanged)]  # type: ignore[attr-defined]


def test_new_ports_are_rows_at_once_and_the_services_at_its_next_start(lab: Built) -> None:
    lab.site.administration.set_ports("ucm-pub", PortsConfig(oauth=15_090, mra=0))
    ports = lab.site.cluster.node("ucm-pub").ports
    assert (ports.oauth, ports.mra) == (15_090, 5091)
    assert lab.site.ucm.call_managers["ucm-pub"].snapshot.ports.oauth == 5090
    lab.site.ucm.load_call_manager("ucm-pub")
    assert lab.site.ucm.call_managers["ucm-pub"].snapshot.ports.oauth == 15_090
    assert changes(lab) == [("ports of ucm-pub", "OAuth 15090, MRA 0")]


def test_what_the_product_forbids_changes_nothing_and_is_not_reported(lab: Built) -> None:
    administration = lab.site.administration
    with pytest.raises(DatabaseRefusal):
        administration.set_table_row("expc", "x" * 5000)
    with pytest.raises(LookupError, match="no phone security profile 'none'"):
        administration.set_profile("CSFALICE", "none")
    with pytest.raises(LookupError, match="no device 'CSFNOBODY'"):
        administration.set_profile("CSFNOBODY", "oauth")
    with pytest.raises(LookupError, match="no Expressway-C 'nobody'"):
        administration.set_table_row("nobody", None)
    assert [row.x509_name for row in lab.site.cluster.directory.expressways] == ["expc.lab.example"]
    assert changes(lab) == []


def test_a_new_tomcat_certificate_is_shown_in_the_tables(lab: Built) -> None:
    old = lab.site.cluster.node("ucm-pub").stores.tomcat.certificate
    lab.site.administration.regenerate_tomcat("ucm-pub", CertificateConfig(issuer="other-ca"))
    new = lab.site.cluster.node("ucm-pub").stores.tomcat.certificate
    held = [row[0].encode() for row in lab.site.ucm.database.rows("select certificate from certificate")]
    assert (new in held, old in held) == (True, False)


def test_authorities_go_into_the_store_of_their_owner(lab: Built) -> None:
    administration, site = lab.site.administration, lab.site
    (other,) = site.pki.bundle(["other-ca"])
    administration.add_trust("ucm-pub", ["other-ca"])
    administration.add_trust("expc", ["other-ca", "callmanager:ucm-pub"])
    assert other in site.cluster.node("ucm-pub").stores.tomcat_trust
    own = site.cluster.node("ucm-pub").stores.callmanager.certificate
    assert site.expressways.trusted_cas("expc")[-2:] == (other, own)
    assert changes(lab) == [
        ("tomcat-trust of ucm-pub", "+ other-ca"),
        ("trusted CAs of expc", "+ other-ca, callmanager:ucm-pub"),
    ]
    with pytest.raises(ValueError, match="ipsec:ucm-pub: what can be trusted is"):
        administration.add_trust("expc", ["ipsec:ucm-pub"])
