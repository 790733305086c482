"""The sign-in parameters as the cluster database holds them: what an administrator changes applies at once."""

from __future__ import annotations

from dataclasses import replace

from registrar.core.database import Changes, ClusterDatabase
from registrar.core.database.rules import SIGN_IN_PARAMETERS
from registrar.core.ssosp.parameters import EnterpriseParameters
from registrar.core.ssosp.signon import SignOn


def follow_parameters(database: ClusterDatabase, signon: SignOn) -> None:
    """From now on `signon` has what `processconfig` says; what that does not say stays as it is there."""

    def follow(changes: Changes) -> None:
        if changes.of("processconfig"):
            parameters = read_parameters(database, signon.parameters)
            if parameters != signon.parameters:
                signon.set_parameters(parameters)

    signon.set_parameters(read_parameters(database, signon.parameters))
    database.subscribe(follow)


def read_parameters(database: ClusterDatabase, others: EnterpriseParameters) -> EnterpriseParameters:
    def value(name: str) -> int:
        stored = database.value("select paramvalue from processconfig where paramname = ?", name)
        return int(SIGN_IN_PARAMETERS[name][1] if stored is None else stored)

    return replace(
        others,
        refresh_login_flow=value("OAuthRefreshLoginFlow") == 1,
        access_expiry_minutes=value("OAuthAccessTokenExpiryTimer"),
        refresh_expiry_days=value("OAuthRefreshTokenExpiryTimer"),
    )
