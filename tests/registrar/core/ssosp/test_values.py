"""What can be configured, and what is refused with a clear text: parameters, clients, passwords."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrar.core.ssosp import ClientError, EnterpriseParameters, OAuthClient, ParameterError, Settings
from registrar.core.tomcat.passwords import PasswordError, PasswordHash, UserPasswords
from simulator.core.entropy import SeededEntropy


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        pytest.param("access_expiry_minutes", 0, "1 to 1440 minutes, not 0", id="access timer too short"),
        pytest.param("access_expiry_minutes", 1441, "1 to 1440 minutes, not 1441", id="access timer too long"),
        pytest.param("refresh_expiry_days", 0, "1 to 365 days, not 0", id="refresh timer too short"),
        pytest.param("refresh_expiry_days", 366, "1 to 365 days, not 366", id="refresh timer too long"),
        pytest.param("redirect_uris", ("relative",), "must be absolute", id="a relative redirect URI"),
    ],
)
def test_a_parameter_out_of_range_is_named(name: str, value: object, text: str) -> None:
    with pytest.raises(ParameterError, match=text):
        EnterpriseParameters(**{name: value})  # type: ignore[arg-type]


def test_the_ends_of_the_ranges_are_good() -> None:
    for minutes, days in ((1, 1), (1440, 365)):
        parameters = EnterpriseParameters(access_expiry_minutes=minutes, refresh_expiry_days=days)
        assert (parameters.access_lifetime, parameters.refresh_lifetime) == (minutes * 60, days * 86_400)


def test_settings_are_checked_too() -> None:
    with pytest.raises(ParameterError, match="1 to 600 seconds, not 601"):
        Settings(code_lifetime=601)
    with pytest.raises(ParameterError, match="'token' does not start with a slash"):
        Settings(token_paths=("token",))


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("", "printable ASCII"),
        ("https://x.example/ y", "printable ASCII"),
        ("https://x.example/#f", "must not have a fragment"),
        ("/relative", "must be absolute"),
        ("javascript:alert(1)", "must not be code"),
        ("https:///path", "has no host"),
        ("http://[::1", "is no URI"),
        ("http://x.example:port/", "is no URI"),
    ],
)
def test_a_redirect_uri_that_cannot_be_listed_is_named(uri: str, text: str) -> None:
    with pytest.raises(ClientError, match=text):
        OAuthClient(secret="hidden-secret", redirect_uris=(uri,))


def test_an_empty_secret_and_an_unprintable_id_are_refused() -> None:
    with pytest.raises(ClientError, match="None makes a public client"):
        OAuthClient(secret="")
    with pytest.raises(ClientError, match="printable ASCII without spaces"):
        OAuthClient(id="a b")


# --- passwords ------------------------------------------------------------------------------------------------


def passwords(*, initial: bool = True, seed: int = 1) -> UserPasswords:
    return UserPasswords(SeededEntropy(seed), initial=initial)


def test_a_password_that_was_set_is_the_only_one() -> None:
    held = passwords()
    initial = held.initial_password("alice")
    assert held.check("alice", initial)
    held.set("alice", "secret")
    assert [held.check("ALICE", text) for text in ("secret", "Secret", "", initial)] == [
        True,
        False,
        False,
        False,
    ]
    held.forget("alice")
    assert held.check("alice", initial)


def test_without_initial_passwords_nobody_gets_in() -> None:
    held = passwords(initial=False)
    assert not held.check("alice", held.initial_password("alice"))


def test_initial_passwords_come_from_seed_and_user() -> None:
    one, same, other = passwords(), passwords(), passwords(seed=2)
    assert one.initial_password("alice") == same.initial_password("ALICE")
    assert (
        len({one.initial_password("alice"), one.initial_password("bob"), other.initial_password("alice")}) == 3
    )


@pytest.mark.parametrize("password", ["", "x" * 1025, "ü" * 513])
def test_a_password_that_cannot_be_set_is_not_shown(password: str) -> None:
    with pytest.raises(PasswordError, match="1 to 1024 bytes, this one has") as caught:
        passwords().set("alice", password)
    assert not password or password not in str(caught.value)


def test_a_hash_survives_its_text_and_hides_in_its_repr() -> None:
    hashed = PasswordHash.of("secret", b"0123456789abcdef")
    assert PasswordHash.parse(hashed.text) == hashed
    assert PasswordHash.parse(hashed.text).matches("secret")
    assert "salt" not in repr(hashed)
    held = passwords()
    held.set_hash("alice", hashed)
    assert held.check("alice", "secret")
    assert held.hash_of("alice") == hashed


@pytest.mark.parametrize(
    "text", ["", "secret", "scrypt$3$AA==$AA==", "scrypt$1024$A$A", "scrypt$1024$AA==$", "scrypt$0$AA==$AA=="]
)
def test_what_is_no_hash_is_refused(text: str) -> None:
    with pytest.raises(PasswordError, match="not a stored password"):
        PasswordHash.parse(text)


@given(user=st.text(), password=st.text())
def test_any_text_may_be_tried(user: str, password: str) -> None:
    held = passwords()
    assert held.check(user, password) is (password == held.initial_password(user))
