"""What UDS says about its cluster: addresses, release, files. Everything that is not a user or a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from registrar.core.cluster.directory import User
from registrar.core.uds.profiles import STANDARD_PROFILE, ServiceProfile


def _standard(_user: User) -> ServiceProfile:
    return STANDARD_PROFILE


@dataclass(frozen=True, slots=True, kw_only=True)
class UdsSite:
    """The functions are asked with each request: a lab knows its ports only once it listens."""

    base: Callable[[], str]
    """This node's address as clients reach it, `https://host:8443`."""
    servers: Callable[[], tuple[str, ...]]
    """Host names of the cluster's nodes."""
    file_uri: Callable[[str], str]
    """Where a phone finds a configuration file: `http://host:6970/<name>` or, with TLS, 6972."""
    jabber_uri: Callable[[str], str]
    """Where Jabber finds its files: `https://host:6972/<name>`."""
    home: str
    """Host name that clusterUser gives for this cluster's users."""
    domain: str
    """Users' mail addresses are `<user id>@<domain>`."""
    release: str = "12.5.1"
    profile_of: Callable[[User], ServiceProfile] = _standard
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Users of other clusters (lower-case id) and their home, as the Intercluster Lookup Service knows them."""
