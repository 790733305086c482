"""The configuration file server of the cluster (HTTP 6970), as a function from request to response.

It serves what the database says at that moment; the TFTP service needs no restart for that. [assumed]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.cluster.ports import NodePorts
from registrar.core.tftp.device_file import ConfigNode, ConfigSite, render
from registrar.core.tftp.xml_text import UnwritableText
from simulator.core.events import ConfigServed
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

# One segment of the characters UCM allows in device names; nothing that could mean another folder.
_FILE_NAME = re.compile(r"/([A-Za-z0-9._\-]{1,128})\Z")
_SUFFIX = ".cnf.xml"
_KNOWN = re.compile(
    r"(?:(?:CTL|ITL).*\.tlv|XMLDefault\.cnf\.xml|SPDefault\.cnf\.xml|JAB_.*\.cnf\.xml|jabber-config.*\.xml|"
    r"global-settings\.xml|AppDialRules\.xml|DirLookupDialRules\.xml|caconfig\.json|ConfigFileCacheList\.txt|"
    r".*\.cnf\.xml)(?:\.enc)?(?:\.sgn)?"
)
_SHOWN = 200


class ConfigService:
    """Answers GET and HEAD. `ports_of` says what a node really listens on; by default what is configured."""

    def __init__(
        self,
        cluster: Cluster,
        journal: Journal,
        *,
        site: ConfigSite | None = None,
        ports_of: Callable[[ClusterNode], NodePorts] = lambda node: node.ports,
        declare_xsi: bool = False,
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """`files`: what else there is, by name: service profiles, jabber-config.xml."""
        self._files = files
        self._cluster = cluster
        self._journal = journal
        self._site = site
        self._ports_of = ports_of
        self._declare_xsi = declare_xsi

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer one request: the file, or 404."""
        response, detail = self._answer(request)
        if self._journal.on:
            served = ConfigServed(
                path=request.path[:_SHOWN].encode("ascii", "backslashreplace").decode(),
                status=response.status,
                size=len(response.body),
                source=request.source,
                detail=detail,
            )
            self._journal.add(served)
        if request.method == "HEAD":
            size = ("Content-Length", str(len(response.body)))
            return HttpResponse(status=response.status, headers=(*response.headers, size))
        return response

    def _answer(self, request: HttpRequest) -> tuple[HttpResponse, str]:
        if request.method not in ("GET", "HEAD"):
            return _plain(405, "Method Not Allowed", ("Allow", "GET, HEAD")), f"method {request.method[:32]}"
        # Decoded once, as bytes: what is still encoded afterwards, or no ASCII, is no file name.
        raw = request.path.encode("utf-8", "surrogateescape")
        decoded = unquote_to_bytes(raw).decode("ascii", "replace")
        match = _FILE_NAME.match(decoded)
        if match is None:
            return _not_found(), "not a file name of this server"
        name = match[1]
        if name in self._files:
            return HttpResponse(status=200, headers=(("Content-Type", "text/xml"),), body=self._files[name]), ""
        device = self._cluster.directory.device(name.removesuffix(_SUFFIX)) if name.endswith(_SUFFIX) else None
        if device is None:
            # A phone asks for CTL and ITL first; each 404 is normal. [observed: device-config 3]
            known = _KNOWN.fullmatch(name) is not None
            return _not_found(), "a file this server does not have" if known else "unknown file"
        try:
            body = self.render(device.name)
        except UnwritableText as error:
            return _plain(500, "Internal Server Error"), f"{device.name}: {error}"
        # The Content-Type of a real server is not known. [assumed: device-config 10.5]
        return HttpResponse(status=200, headers=(("Content-Type", "text/xml"),), body=body), ""

    def render(self, name: str) -> bytes:
        """Render the file of an existing device. Raises KeyError, UnwritableText."""
        cluster = self._cluster
        device = cluster.directory.device(name)
        if device is None:
            raise KeyError(name)
        nodes = cluster.nodes
        site = self._site or ConfigSite(publisher=nodes[0].host if nodes else "")
        return render(
            device,
            cluster.directory.profile_of(device),
            [
                ConfigNode(host=node.host, description=node.description, ports=self._ports_of(node))
                for node in nodes
            ],
            site,
            oauth_mode=cluster.sip_oauth_mode,
            declare_xsi=self._declare_xsi,
        )


def _plain(status: int, text: str, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(
        status=status, headers=(("Content-Type", "text/plain"), *headers), body=f"{status} {text}\n".encode()
    )


def _not_found() -> HttpResponse:
    return _plain(404, "Not Found")
