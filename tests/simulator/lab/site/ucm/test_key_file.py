"""The token keys beside a state file: the owner's alone, and of one cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registrar.core.tokens import ClusterKeys
from simulator.lab.site.ucm.key_file import KeyFile, KeyFileError
from tests.simulator.lab.site.bench import pki

CLUSTER = "0d8c1b2e-4b0f-4a6c-9d53-6f6d8f1f6a10"


@pytest.fixture
def keys() -> ClusterKeys:
    return pki().token_keys(CLUSTER, label="key-file")


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "state.db")


def test_nothing_is_kept_at_first(file: KeyFile) -> None:
    assert file.load(CLUSTER) is None


def test_what_was_saved_is_loaded_and_only_its_owner_can_read_it(file: KeyFile, keys: ClusterKeys) -> None:
    file.save(keys)
    loaded = file.load(CLUSTER)
    assert loaded is not None
    assert (loaded.signing_hash, loaded.encryption) == (keys.signing_hash, keys.encryption)
    assert file.path.name == "state.db.authz"
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_keys_of_another_cluster_are_refused(file: KeyFile, keys: ClusterKeys) -> None:
    file.save(keys)
    with pytest.raises(KeyFileError, match="not the token keys of this cluster"):
        file.load("another")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"signing": 1}', "[" * 5000, json.dumps({"signing": "x"})])
def test_any_other_file_is_refused_without_a_word_of_what_it_holds(file: KeyFile, text: str) -> None:
    file.path.write_text(text)
    with pytest.raises(KeyFileError) as caught:
        file.load(CLUSTER)
    assert str(caught.value) == f"{file.path}: not the token keys of this cluster"
