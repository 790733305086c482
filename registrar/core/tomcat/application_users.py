"""Application users: the accounts of administrators and of other servers, with their access control roles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from registrar.core.tomcat.passwords import UserPasswords
from simulator.core.entropy import Entropy


class AccessRole(StrEnum):
    """Roles as UCM names them; only those that something here asks for."""

    AXL = "Standard AXL API Access"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationUser:
    id: str
    roles: frozenset[AccessRole] = frozenset({AccessRole.AXL})


class Administrators(Protocol):
    """Whoever judges an administrator's credentials."""

    def sign_in(self, user_id: str, password: str) -> ApplicationUser | None:
        """The account if the password is right and the account not locked."""
        ...


class ApplicationUsers:
    """Live: a change counts with the next request."""

    def __init__(self, entropy: Entropy) -> None:
        self._users: dict[str, ApplicationUser] = {}
        self.passwords = UserPasswords(entropy)

    @property
    def users(self) -> tuple[ApplicationUser, ...]:
        return tuple(self._users.values())

    def put(self, user: ApplicationUser, password: str | None = None) -> None:
        """Add or replace; without `password` the old or the initial one counts. PasswordError: see there."""
        if password is not None:
            self.passwords.set(user.id, password)
        self._users[user.id.casefold()] = user

    def remove(self, user_id: str) -> None:
        """No matter whether there was one."""
        self._users.pop(user_id.casefold(), None)
        self.passwords.forget(user_id)

    def sign_in(self, user_id: str, password: str) -> ApplicationUser | None:
        """The account if the password is right; costs the same whether the account exists or not."""
        right = self.passwords.check(user_id, password)
        user = self._users.get(user_id.casefold())
        return user if right else None
