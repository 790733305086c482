"""UCM's User Data Services, as far as a client's start-up needs them (device-config 4)."""

from registrar.core.uds.documents import UdsSite
from registrar.core.uds.profiles import (
    STANDARD_PROFILE,
    ProfileTextError,
    ServiceProfile,
    render_jabber_config,
    render_service_profile,
)
from registrar.core.uds.service import UdsService

__all__ = [
    "STANDARD_PROFILE",
    "ProfileTextError",
    "ServiceProfile",
    "UdsService",
    "UdsSite",
    "render_jabber_config",
    "render_service_profile",
]
