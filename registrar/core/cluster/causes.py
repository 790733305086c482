"""UCM's cause codes, as RIS, CISCO-CCM-MIB and alarms show them (sip-wire 6.1, administration 8.2).

Two lists that share some numbers: why a registration was refused, and why one ended. They must not be mixed.
Only what this registrar can cause is here, and a test has a scenario for each; UCM's own lists are longer.
"""

from __future__ import annotations

from enum import IntEnum


class FailCause(IntEnum):
    """CcmDevRegFailCauseCode [documented]; 22 and 35 from the alarm catalogue [documented].

    Which of them a refusal has is the table's business: `registrar.core.register.reasons.REPLIES`.
    """

    NO_ERROR = 0
    """A request that was no registration: it raises no alarm."""
    DATABASE_CONFIGURATION_ERROR = 3
    MAX_DEV_REG_EXCEEDED = 5
    AUTHENTICATION_ERROR = 10
    INVALID_X509_NAME_IN_CERTIFICATE = 11
    DIRECTORY_NUMBER_MISMATCH = 13
    MALFORMED_REGISTER_MSG = 14
    AUTHENTICATED_DEVICE_ALREADY_EXISTS = 17
    EXPIRES_TIME_TOO_SMALL = 22
    REGISTRATION_SEQUENCE_ERROR = 25
    SECURITY_MISMATCH = 28
    AUTHORIZATION_ERROR = 35


class UnregCause(IntEnum):
    """CcmDevUnregCauseCode [documented]; when each comes is assumed (administration 8.3)."""

    CONNECTIVITY_ERROR = 6
    """The connection broke, where the policy ends registrations with it."""
    CALL_MANAGER_RESET = 9
    """It left because an administrator reset it."""
    DEVICE_UNREGISTERED = 10
    KEEP_ALIVE_TIMEOUT = 13
    """It did not refresh in time."""
    CALL_MANAGER_RESTART = 15
    """The service stopped, or the device left because an administrator restarted it."""
    DUPLICATE_REGISTRATION = 16
    """Another client took the device over."""
    CALL_MANAGER_APPLY_CONFIG = 17
    """It left because an administrator applied a new configuration."""
