"""What all nodes of a cluster share about signing in: users, clients, parameters, refresh tokens, the keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from registrar.core.cluster.directory import Directory, User
from registrar.core.ssosp.clients import Clients
from registrar.core.ssosp.parameters import EnterpriseParameters
from registrar.core.ssosp.refresh_tokens import RefreshTokenRow, RefreshTokenStore
from registrar.core.tokens import ClusterKeys
from registrar.core.tomcat.application_users import Administrators
from registrar.core.tomcat.passwords import UserPasswords
from simulator.core.events import ClusterChanged, OAuthFlushed, OAuthRevoked
from simulator.core.events.log import Journal
from simulator.core.instant import Instant

FLUSH_HOUR = 2
"""Expired refresh tokens are deleted at 02:00 every day [documented: oauth-tokens 3]."""
_DAY = 86_400

LoginFailure = Literal["wrong", "inactive"]


class SignOn:
    """The state of signing in that a cluster's nodes share. Changes apply at once, on every node."""

    def __init__(
        self,
        *,
        directory: Directory,
        passwords: UserPasswords,
        administrators: Administrators,
        clients: Clients,
        refresh_tokens: RefreshTokenStore,
        keys: Callable[[], ClusterKeys],
        journal: Journal,
        parameters: EnterpriseParameters | None = None,
        utc_offset: int = 0,
    ) -> None:
        """`keys` gives the cluster's live keys; `utc_offset`: seconds the cluster's clock is ahead of UTC."""
        self.directory = directory
        self.passwords = passwords
        self.administrators = administrators
        self.clients = clients
        self.refresh_tokens = refresh_tokens
        self.keys = keys
        self._parameters = parameters or EnterpriseParameters()
        self._journal = journal
        self._utc_offset = utc_offset
        self._flush_at: Instant | None = None

    # --- users -----------------------------------------------------------------------------------------------

    def sign_in(self, user_id: str, password: str) -> User | LoginFailure:
        """Check a local user's login. That the user is inactive is for the journal only, not for the answer."""
        right = self.passwords.check(user_id, password)
        user = self.directory.user(user_id)
        if not right or user is None:
            return "wrong"
        return user if user.active else "inactive"

    def known_user(self, user_id: str) -> str | None:
        """Return the id as the directory spells it; None: no such user, so the text may be anything."""
        user = self.directory.user(user_id)
        return user.id if user else None

    # --- enterprise parameters --------------------------------------------------------------------------------

    @property
    def parameters(self) -> EnterpriseParameters:
        """The enterprise parameters that count now."""
        return self._parameters

    def set_parameters(self, parameters: EnterpriseParameters) -> None:
        """Use other parameters.

        A changed refresh token timer revokes all refresh tokens of the cluster [documented: 216948].
        """
        before, self._parameters = self._parameters, parameters
        for name in ("refresh_login_flow", "access_expiry_minutes", "refresh_expiry_days", "sso"):
            value = getattr(parameters, name)
            if value != getattr(before, name):
                self._journal.add(ClusterChanged(what=f"enterprise parameter {name}", detail=str(value)))
        if parameters.refresh_expiry_days != before.refresh_expiry_days:
            self.revoke(why="OAuth Refresh Token Expiry Timer changed")

    # --- refresh tokens ---------------------------------------------------------------------------------------

    def revoke(
        self, user: str | None = None, client: str | None = None, *, why: str
    ) -> tuple[RefreshTokenRow, ...]:
        """Revoke refresh tokens; access tokens stay good until they expire [documented: oauth-tokens 3]."""
        revoked = self.refresh_tokens.revoke(user, client)
        if revoked:
            self._journal.add(OAuthRevoked(why=why, count=len(revoked), user=user, client=client))
        return revoked

    def next_flush(self, now: Instant) -> Instant:
        """Return the first 02:00, cluster time, after `now`."""
        local = now + self._utc_offset
        midnight = local - local % _DAY
        at = midnight + FLUSH_HOUR * 3600
        return Instant((at if at > local else at + _DAY) - self._utc_offset)

    def flush(self, now: Instant) -> int:
        """Delete expired rows, whatever their state, as the nightly clean-up does; returns how many."""
        count = self.refresh_tokens.flush(now)
        self._journal.add(OAuthFlushed(count=count))
        return count

    def pass_time(self, now: Instant) -> None:
        """Do the nightly clean-up, as of 02:00, if that has passed since the last call."""
        due = self.next_flush(now)
        if self._flush_at is not None and now >= self._flush_at:
            self.flush(Instant(due - _DAY))
        self._flush_at = due
