"""Stores in files: what is written where, and that private keys are nobody else's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from certs.authority import Authority
from certs.files import write_private, write_stores
from certs.stores import NodeStores
from simulator.core.instant import Instant


@pytest.fixture(scope="module")
def stores(ca: Authority, now: Instant) -> NodeStores:
    return NodeStores.create("ucm-pub.example.com", now=now, tomcat_ca=ca, key="ec256")


def test_stores_are_written_with_private_keys_private(stores: NodeStores, tmp_path: Path) -> None:
    write_stores(tmp_path, stores)
    write_stores(tmp_path, stores)
    keys = sorted(tmp_path.rglob("*.key"))
    assert [key.name for key in keys] == ["CallManager.key", "tomcat.key"]
    assert [key.stat().st_mode & 0o777 for key in keys] == [0o600, 0o600]
    assert (tmp_path / "tomcat.pem").read_bytes() == stores.tomcat.credential.chain
    assert (tmp_path / "tomcat-trust" / "001.pem").read_bytes() == stores.tomcat_trust[0]
    assert not [p for p in tmp_path.rglob("*.pem") if b"PRIVATE" in p.read_bytes()]


def test_a_trust_store_that_shrank_leaves_no_old_file(stores: NodeStores, tmp_path: Path) -> None:
    write_stores(tmp_path, stores)
    write_stores(tmp_path, replace(stores, callmanager_trust=stores.callmanager_trust[:1]))
    (left,) = (tmp_path / "CallManager-trust").iterdir()
    assert left.read_bytes() == stores.callmanager.certificate


def test_a_private_file_is_private_whatever_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.key"
    path.parent.mkdir()
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
