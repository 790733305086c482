"""TLS settings of a phone's connections."""

from __future__ import annotations

from simulator.core.tls.settings import ClientTls
from softphone.core.settings.profile import PhoneProfile


def client_tls(profile: PhoneProfile, server_name: str = "", *, verify: bool = True) -> ClientTls:
    """Return what the phone demands of a TLS server that must be called `server_name`.

    An empty `server_name` belongs to a URL: its host is the name to check. Without `verify` any certificate
    will do.
    """
    return ClientTls(
        server_name=server_name,
        trust=profile.trust,
        verify=verify,
        check_hostname=verify,
        minimum=profile.tls_minimum,
        maximum=profile.tls_maximum,
        crls=profile.crls if verify else (),
    )
