"""What an administrator configures and UCM applies at once: devices, profiles, users, the Expressway-C table.

The names are UCM's. Everything here is live; what a service only reads when it starts is in `snapshot`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Literal
from uuid import UUID

from registrar.core.cluster.expressway_table import ExpresswayRow, ExpresswayTrust


class ProfileError(ValueError):
    """A phone security profile that UCM's administration would not save; the text names the rule."""


class DirectoryError(LookupError):
    """A name that is not in the directory, or that something else still needs; the text says which."""


class SecurityMode(Enum):
    """Device Security Mode; the value is cnf.xml's `deviceSecurityMode`."""

    NON_SECURE = 1
    AUTHENTICATED = 2
    ENCRYPTED = 3


class TransportType(Enum):
    """Transport Type of the profile; the value is cnf.xml's `transportLayerProtocol`.

    4 is seen in a real non-secure file and read as TCP+UDP [assumed: device-config 1.6].
    """

    TCP = 1
    UDP = 2
    TLS = 3
    TCP_UDP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityProfile:
    """A phone security profile. The OAuth flag means "may register on the SIP OAuth port"; default off.

    Raises ProfileError for what the product refuses: OAuth needs mode Encrypted, transport TLS, digest
    authentication off and TFTP encrypted config off. [documented: sip-wire 0.9]
    """

    name: str
    mode: SecurityMode = SecurityMode.NON_SECURE
    transport: TransportType = TransportType.TCP_UDP
    oauth: bool = False
    digest: bool = False
    tftp_encrypted: bool = False

    def __post_init__(self) -> None:
        if (self.mode is SecurityMode.NON_SECURE) is (self.transport is TransportType.TLS):
            raise ProfileError(
                f"profile {self.name}: mode {self.mode.name} does not go with transport {self.transport.name}"
            )
        if not self.oauth:
            return
        if self.mode is not SecurityMode.ENCRYPTED:
            raise ProfileError(f"profile {self.name}: OAuth authentication needs mode ENCRYPTED")
        if self.digest:
            raise ProfileError(f"profile {self.name}: OAuth and digest authentication exclude each other")
        if self.tftp_encrypted:
            raise ProfileError(f"profile {self.name}: OAuth and TFTP encrypted config exclude each other")


NON_SECURE_PROFILE = SecurityProfile(
    name="Cisco Unified Client Services Framework - Standard SIP Non-Secure Profile"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a device: the directory number, and the UUID that is the user part of its Contact."""

    dn: str
    contact: UUID
    display: str = ""
    """displayName of cnf.xml."""
    label: str = ""
    """featureLabel of cnf.xml; the DN if empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A phone, as Device > Phone describes it."""

    name: str
    """e.g. CSFALICE; compared exactly."""
    pkid: UUID
    profile: str
    """Name of its phone security profile."""
    lines: tuple[Line, ...] = ()
    description: str = ""
    model: str = "503"
    """SIP model number: 503 is the Client Services Framework (Jabber desktop)."""
    protocol: str = "SIP"
    owner: str | None = None
    """The owner user id."""
    associated: tuple[str, ...] = ()
    """End users that have the device among their controlled devices."""
    ctiid: int = 0
    lsc_md5: str = ""
    """MD5 of the device's LSC in hex (cnf.xml `certHash`); empty: no LSC installed."""
    version_stamp: str = ""
    """`<epoch>-<uuid>`; empty: derived from what the configuration file says."""
    support_field: str = ""
    """The Cisco Support Field, e.g. `ConfigurationFile=jabber-config-lab.xml`."""

    def line(self, dn: str) -> Line | None:
        """Return the line with this directory number; None: the device has none."""
        for line in self.lines:
            if line.dn == dn:
                return line
        return None

    def belongs_to(self, user: str) -> bool:
        """Is `user` the owner or an associated end user? User ids do not depend on case. [assumed]"""
        if user == self.owner:
            return True
        wanted = user.casefold()
        return any(name.casefold() == wanted for name in (self.owner, *self.associated) if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An end user."""

    id: str
    active: bool = True
    """False: removed from LDAP, waiting for the nightly clean-up."""


class Directory:
    """The live tables. Reading is a dictionary look-up; every change takes effect with the next request."""

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}
        self._profiles: dict[str, SecurityProfile] = {}
        self._users: dict[str, User] = {}
        self._by_dn: dict[str, dict[str, Device]] = {}
        self._expressways: dict[str, ExpresswayRow] = {}
        self.trust = ExpresswayTrust()
        """The Expressway-C table, ready to judge."""
        self.put_profile(NON_SECURE_PROFILE)

    # devices

    @property
    def devices(self) -> tuple[Device, ...]:
        """Every device, oldest first."""
        return tuple(self._devices.values())

    def device(self, name: str) -> Device | None:
        """Return a device by its name; None: there is none."""
        return self._devices.get(name)

    def devices_with(self, dn: str) -> tuple[Device, ...]:
        """Return the devices that have this directory number; a shared line has several."""
        return tuple(self._by_dn.get(dn, {}).values())

    def put_device(self, device: Device) -> None:
        """Add, or replace by name. DirectoryError: its profile does not exist."""
        if device.profile not in self._profiles:
            raise DirectoryError(f"device {device.name}: there is no phone security profile {device.profile!r}")
        if device.name in self._devices:
            self._forget_lines(self._devices[device.name])
        self._devices[device.name] = device
        for line in device.lines:
            self._by_dn.setdefault(line.dn, {})[device.name] = device

    def put_devices(self, devices: Iterable[Device]) -> None:
        """Put several devices, one after the other; stops at the first that cannot be put."""
        for device in devices:
            self.put_device(device)

    def remove_device(self, name: str) -> Device:
        """Remove a device. Raises DirectoryError if there is none."""
        if name not in self._devices:
            raise DirectoryError(f"there is no device {name!r}")
        device = self._devices.pop(name)
        self._forget_lines(device)
        return device

    def _forget_lines(self, device: Device) -> None:
        for dn in {line.dn for line in device.lines}:
            holders = self._by_dn[dn]
            del holders[device.name]
            if not holders:
                del self._by_dn[dn]

    # phone security profiles

    @property
    def profiles(self) -> tuple[SecurityProfile, ...]:
        """Every phone security profile, oldest first."""
        return tuple(self._profiles.values())

    def profile(self, name: str) -> SecurityProfile | None:
        """Return a phone security profile by its name; None: there is none."""
        return self._profiles.get(name)

    def profile_of(self, device: Device) -> SecurityProfile:
        """Return a device's phone security profile."""
        return self._profiles[device.profile]

    def put_profile(self, profile: SecurityProfile) -> None:
        """Add a profile, or replace the one of the same name."""
        self._profiles[profile.name] = profile

    def remove_profile(self, name: str) -> SecurityProfile:
        """Remove a profile. Raises DirectoryError if there is none, or a device needs it."""
        if name not in self._profiles:
            raise DirectoryError(f"there is no phone security profile {name!r}")
        user = next((device.name for device in self._devices.values() if device.profile == name), None)
        if user is not None:
            raise DirectoryError(f"phone security profile {name!r} is in use by device {user}")
        return self._profiles.pop(name)

    # users

    @property
    def users(self) -> tuple[User, ...]:
        """Every end user, oldest first."""
        return tuple(self._users.values())

    def user(self, user_id: str) -> User | None:
        """Return a user by the id, in whatever case; None: there is none."""
        return self._users.get(user_id.casefold())

    def put_user(self, user: User) -> None:
        """Add a user, or replace the one of the same id."""
        self._users[user.id.casefold()] = user

    def remove_user(self, user_id: str) -> User:
        """Remove a user. Raises DirectoryError if there is none."""
        if user_id.casefold() not in self._users:
            raise DirectoryError(f"there is no end user {user_id!r}")
        return self._users.pop(user_id.casefold())

    def subject_status(self, subject: str) -> Literal["active", "inactive", "unknown"]:
        """Return what the database knows of a token's `sub`: a user, or in a device's token the name of a
        device.
        """
        user = self._users.get(subject.casefold())
        if user is not None:
            return "active" if user.active else "inactive"
        return "active" if subject in self._devices else "unknown"

    # the Expressway-C table

    @property
    def expressways(self) -> tuple[ExpresswayRow, ...]:
        """Every row of the Expressway-C table, oldest first."""
        return self.trust.rows

    def put_expressway(self, row: ExpresswayRow) -> None:
        """Add, or replace the row of the same host."""
        self._expressways[row.host.casefold()] = row
        self.trust = ExpresswayTrust(self._expressways.values())

    def remove_expressway(self, host: str) -> ExpresswayRow:
        """Remove a row by its host. Raises DirectoryError if there is none."""
        if host.casefold() not in self._expressways:
            raise DirectoryError(f"there is no Expressway-C {host!r}")
        row = self._expressways.pop(host.casefold())
        self.trust = ExpresswayTrust(self._expressways.values())
        return row
