"""The rows are first: what a lab file says, or a state file in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import ClusterConfig, NodeConfig, PortsConfig
from simulator.lab.config.phones import PhoneConfig, UserConfig
from tests.simulator.lab.site.bench import built

LAB = LabConfig(
    cluster=ClusterConfig(oauth_mode=True),
    users=[UserConfig(id="zoe", active=False)],
    phones=[PhoneConfig(), PhoneConfig(device="CSFDAVE", user="dave", dn="1013", profile="encrypted")],
)


def test_the_tables_and_the_cluster_say_what_the_lab_file_says() -> None:
    site = built(LAB).site
    database, directory = site.ucm.database, site.cluster.directory
    names = [row[0] for row in database.rows("select name from device order by name")]
    assert names == [device.name for device in directory.devices] == ["CSFALICE", "CSFDAVE"]
    assert [(user.id, user.active) for user in directory.users] == [
        ("alice", True),
        ("dave", True),
        ("zoe", False),
    ]
    assert site.cluster.sip_oauth_mode
    site.ucm.close()


def test_only_a_phone_that_shows_a_certificate_gets_an_lsc() -> None:
    site = built(LAB).site
    assert list(site.phones.lscs) == ["CSFDAVE"]
    assert [bool(device.lsc_md5) for device in site.cluster.directory.devices] == [False, True]
    site.ucm.close()


def test_what_a_state_file_keeps_counts_more_than_the_lab_file(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    first = built(LAB, state=file).site
    first.administration.set_oauth_mode(False)
    first.administration.set_profile("CSFALICE", "non-secure")
    keys = first.cluster.keys.signing_hash
    first.ucm.close()
    second = built(LAB, state=file).site
    assert not second.cluster.sip_oauth_mode
    device = second.cluster.directory.device("CSFALICE")
    assert device is not None
    assert device.profile == "non-secure"
    assert second.cluster.keys.signing_hash == keys
    second.ucm.close()


def test_ports_that_were_chosen_for_this_run_count_more_than_the_state_file(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    built(LAB, state=file).site.ucm.close()
    other = LAB.model_copy(update={"nodes": [NodeConfig(ports=PortsConfig(oauth=21_090))]})
    kept = built(other, state=file).site
    assert kept.cluster.node("ucm-pub").ports.oauth == 5090
    kept.ucm.close()
    chosen = built(other, state=file, any_port=frozenset({"ucm-pub"})).site
    assert chosen.cluster.node("ucm-pub").ports.oauth == 21_090
    assert chosen.ucm.database.value("select sipoauthport from callmanager") == 21_090
    chosen.ucm.close()


def test_a_state_file_of_other_nodes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    built(LAB, state=file).site.ucm.close()
    other = LAB.model_copy(update={"nodes": [NodeConfig(name="ucm-other")]})
    with pytest.raises(ValueError, match=r"ucm-pub\.lab\.example.*ucm-other\.lab\.example"):
        built(other, state=file)
