"""Passwords are kept as hashes and compared; neither errors nor reprs show one."""

from __future__ import annotations

import pytest

from registrar.core.tomcat.passwords import MAX_BYTES, PasswordError, PasswordHash, UserPasswords
from simulator.core.entropy import SeededEntropy

SALT = bytes(16)


def test_a_hash_matches_its_password_only_and_survives_as_text() -> None:
    kept = PasswordHash.parse(PasswordHash.of("Geheim1", SALT).text)
    assert kept.matches("Geheim1")
    assert not kept.matches("geheim1")
    assert not kept.matches("x" * (MAX_BYTES + 1))
    assert "Geheim1" not in kept.text + repr(kept)


@pytest.mark.parametrize("password", ["", "x" * (MAX_BYTES + 1)], ids=["empty", "too long"])
def test_a_password_that_cannot_be_kept_is_refused_without_being_shown(password: str) -> None:
    with pytest.raises(PasswordError) as refused:
        PasswordHash.of(password, SALT)
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["", "plain", "scrypt$1000$AA==$AA==", "scrypt$1024$A$AA==", "scrypt$0$AA==$AA=="],
    ids=["nothing", "a password", "a cost that is no power of two", "no base64", "no cost"],
)
def test_text_that_is_no_stored_hash_is_refused(text: str) -> None:
    with pytest.raises(PasswordError):
        PasswordHash.parse(text)


def test_users_are_known_in_any_case_and_have_an_initial_password_until_one_is_set() -> None:
    users = UserPasswords(SeededEntropy(1))
    initial = users.initial_password("Alice")
    assert users.check("alice", initial)
    users.set("ALICE", "new")
    assert users.check("alice", "new")
    assert not users.check("alice", initial)
    users.forget("Alice")
    assert users.check("alice", initial)


def test_without_initial_passwords_nobody_comes_in_until_one_is_set() -> None:
    users = UserPasswords(SeededEntropy(1), initial=False)
    assert not users.check("alice", users.initial_password("alice"))
    users.set("alice", "new")
    kept = users.hash_of("Alice")
    assert kept is not None
    other = UserPasswords(SeededEntropy(2), initial=False)
    other.set_hash("alice", kept)
    assert other.check("ALICE", "new")
