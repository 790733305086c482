"""Application users, their roles, and the lockout after wrong passwords: the same for every service."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256

from registrar.core.tomcat.application_users import AccessRole, ApplicationUser
from simulator.core.instant import Clock, Instant

AXL_ACCESS = "Standard AXL API Access"
AXL_READ_ONLY = "Standard AXL Read Only API Access"
"""[documented, both]"""
SERVICEABILITY = "Standard CCMADMIN Administration"
"""RIS and Control Center. [assumed: the role an administrator has anyway]"""
ALL_ROLES = frozenset({AXL_ACCESS, SERVICEABILITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAccount:
    """An administrator: one account for the platform CLI, AXL and the other services."""

    name: str
    password: str = field(repr=False)
    roles: frozenset[str] = ALL_ROLES


class Login(Enum):
    """What became of an attempt to log in."""

    GOOD = "good"
    WRONG = "wrong"
    """No such user, or another password: the client does not learn which."""
    LOCKED = "locked"


class Accounts:
    """Who may log in. A locked account refuses the right password too, until its time is over."""

    def __init__(self, accounts: Iterable[AdminAccount], *, retries: int = 3, lockout: float = 300.0) -> None:
        """`retries` wrong passwords in a row lock an account for `lockout` seconds. [defaults documented for
        the platform: administration 6.1; assumed for application users]
        """
        self._accounts: dict[str, AdminAccount] = {}
        self._failures: dict[str, int] = {}
        self._locked_until: dict[str, Instant] = {}
        self.retries = retries
        self.lockout = lockout
        for account in accounts:
            self.put(account)

    def put(self, account: AdminAccount) -> None:
        """Add an account, or replace the one of that name."""
        self._accounts[account.name.casefold()] = account

    def account(self, name: str) -> AdminAccount | None:
        """Return the account of that name, in whatever case; None: there is none."""
        return self._accounts.get(name.casefold())

    def log_in(self, name: str, password: str, now: Instant) -> Login:
        """Judge a name and a password, and count a wrong one."""
        key = name.casefold()
        account = self._accounts.get(key)
        if account is None:
            return Login.WRONG
        if now < self._locked_until.get(key, 0.0):
            return Login.LOCKED
        if _equal(account.password, password):
            self._failures.pop(key, None)
            return Login.GOOD
        self._failures[key] = self._failures.get(key, 0) + 1
        if self._failures[key] >= self.retries:
            del self._failures[key]
            self._locked_until[key] = Instant(now + self.lockout)
        return Login.WRONG


class SignInByAccount:
    """Offers the accounts to services that know application users: a lockout counts for all of them."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts, self._clock = accounts, clock

    def sign_in(self, user_id: str, password: str) -> ApplicationUser | None:
        """Return the account; None if the password is wrong or the account locked."""
        if self._accounts.log_in(user_id, password, self._clock.now()) is not Login.GOOD:
            return None
        account = self._accounts.account(user_id)
        assert account is not None
        roles = frozenset(role for role in AccessRole if role.value in account.roles)
        return ApplicationUser(id=account.name, roles=roles)


def _equal(expected: str, given: str) -> bool:
    """In a time that does not depend on where they differ."""
    return hmac.compare_digest(
        sha256(expected.encode("utf-8", "surrogatepass")).digest(),
        sha256(given.encode("utf-8", "surrogatepass")).digest(),
    )
