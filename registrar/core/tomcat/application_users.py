"""Application users: the accounts of administrators and of other servers, with their access control roles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class AccessRole(StrEnum):
    """Roles as UCM names them; only those that a service of ours asks for."""

    AXL = "Standard AXL API Access"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationUser:
    """An account for administrators or another server."""

    id: str
    roles: frozenset[AccessRole] = frozenset({AccessRole.AXL})


class Administrators(Protocol):
    """Judges the credentials that an administrator sends."""

    def sign_in(self, user_id: str, password: str) -> ApplicationUser | None:
        """Return the account; None if the password is wrong or the account locked."""
        ...
