"""What clients get at 8443: the edge configuration, and what is relayed to servers inside for those who may.

A client with a good token, or a password that UDS takes, gets a cookie and is known by it for a while (its
name and life are assumed). Others are answered 401; what is not in the allow list is answered 403. Of a pair
the Expressway-C does this: "CE_C ECS" is what its answers call it. [observed: device-config 4.8; the inference
is ours]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from simulator.core.actor.flow import Fetch, Fetched
from simulator.core.entropy import Entropy
from simulator.core.http.message import HttpRequest, HttpResponse, header
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls
from simulator.expressway.core.admin import axl
from simulator.expressway.core.admin.discovery import FoundNode
from simulator.expressway.core.admin.neighbor_zones import NeighborZones
from simulator.expressway.core.certificates import Certificates
from simulator.expressway.core.mra_https import edge_config, messages, paths
from simulator.expressway.core.mra_https.cookies import MraCookies
from simulator.expressway.core.mra_https.messages import MraAnswer, MraRequest
from simulator.expressway.core.mra_https.paths import BadPath, MraPath
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.own_address import OwnAddress
from simulator.expressway.core.tokens.check import TokenCheck
from simulator.expressway.core.tokens.keys import TokenUser

PREFIX = "edge/"
"""The beginning of the fetch keys of this part."""
_UP = ("content-type", "accept", "user-agent")
"""Headers of a request that go on to the inside."""
_CREDENTIALS = ("authorization", "cookie")
"""They go on over TLS only: who serves configuration files in the clear asks for none. [assumed]"""


@dataclass(slots=True, kw_only=True)
class _Waiting:
    number: int
    asked: MraRequest
    place: MraPath
    user: str | None
    proving: bool
    """The answer inside only says whether a password is good."""


class MraService:
    """`domain`: the one it serves; `files`: (scheme, port) of each place where a node serves files."""

    def __init__(
        self,
        *,
        domain: str,
        own: OwnAddress,
        neighbors: NeighborZones,
        files: Callable[[FoundNode], tuple[tuple[str, int], ...]],
        certificates: Certificates,
        tokens: TokenCheck,
        entropy: Entropy,
        out: Outbox,
    ) -> None:
        self._domain, self._own, self._neighbors, self._files = domain, own, neighbors, files
        self._certificates, self._tokens, self._out = certificates, tokens, out
        self._waiting: dict[str, _Waiting] = {}
        self._cookies = MraCookies(entropy)
        self._count = 0

    def take(self, number: int, asked: MraRequest, now: Instant) -> MraAnswer | None:
        """Return the answer to a request; None if it comes from `fetched`, under this number."""
        request = asked.request
        try:
            place = paths.parse(request.path, self._domain, self._inside())
        except BadPath as bad:
            return _answer(messages.plain(bad.status), detail=str(bad))
        if request.method not in ("GET", "HEAD", "POST"):
            return _answer(messages.plain(405, ("Allow", "GET, HEAD, POST")), detail="method")
        if place.action == "get_edge_sso":
            return _answer(messages.xml(edge_config.sso_config(by_token=self._neighbors.by_token)))
        return self._admit(number, asked, place, now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> tuple[int, MraAnswer] | None:
        """Take an answer from inside, and return the number of the request and the answer to it."""
        waiting = self._waiting.pop(key, None)
        if waiting is None:
            return None
        user, place = waiting.user, waiting.place
        if result.status is None:
            # [observed: administration 9.2: the client gets "502 connect failed"]
            answer = _answer(messages.plain(502), user=user, place=place, detail=result.failure)
        elif not waiting.proving:
            answer = _answer(messages.relayed(result), user=user, place=place)
        elif result.status == 200:
            answer = self._configure(waiting.asked, user, now)
        else:
            answer = _answer(messages.unauthorized(), detail=f"UDS answered {result.status}")
        return waiting.number, answer

    def _admit(self, number: int, asked: MraRequest, place: MraPath, now: Instant) -> MraAnswer | None:
        request = asked.request
        known = self._cookies.user_of(header(request.headers, "Cookie") or "", now)
        scheme, _, credentials = (header(request.headers, "Authorization") or "").partition(" ")
        if known is None and scheme.lower() == "bearer" and self._neighbors.by_token and self._tokens.readers:
            read = self._tokens.read(credentials.strip(), request.source, now)
            if not isinstance(read, TokenUser):
                refused = messages.unauthorized("invalid_token")
                return _answer(refused, detail=read.detail, expired=read.kind == "expired")
            known = read.user
        if known is None and scheme.lower() == "basic" and place.action != "relay":
            return self._prove(number, asked, place)
        if known is None and not (place.action == "relay" and (place.is_open or scheme.lower() == "basic")):
            return _answer(messages.unauthorized(), detail="no credentials")
        if place.action == "relay":
            return self._ask(number, asked, place, known, proving=False)
        return self._configure(asked, known, now)

    def _configure(self, asked: MraRequest, user: str | None, now: Instant) -> MraAnswer:
        services = [value for name, value in asked.request.query if name == "service_name"][:10]
        body = edge_config.edge_config(
            self._neighbors.nodes,
            edge=asked.host,
            sip=asked.sip,
            route=self._own.outer,
            https=asked.https,
            services=services,
        )
        cookie = ("Set-Cookie", self._cookies.issue(user or "", now))
        return _answer(messages.xml(body, cookie), user=user)

    def _prove(self, number: int, asked: MraRequest, place: MraPath) -> MraAnswer | None:
        """Ask UDS whether the password is good."""
        user = axl.user_of_basic(header(asked.request.headers, "Authorization") or "")
        nodes = self._neighbors.nodes
        if user is None or not nodes:
            response = messages.unauthorized() if nodes else messages.plain(502)
            return _answer(response, detail="no UCM is known")
        path = f"/cucm-uds/user/{quote(user, safe='')}/devices"
        inside = MraPath(
            domain=place.domain,
            action="relay",
            scheme="https",
            host=nodes[0].host,
            port=nodes[0].https,
            path=path,
        )
        return self._ask(number, asked, inside, user, proving=True)

    def _ask(
        self, number: int, asked: MraRequest, place: MraPath, user: str | None, *, proving: bool
    ) -> MraAnswer | None:
        """Ask a server inside; the answer comes later."""
        self._count += 1
        key, request = f"{PREFIX}{self._count}", asked.request
        self._waiting[key] = _Waiting(number=number, asked=asked, place=place, user=user, proving=proving)
        self._out.put(
            Fetch(
                key=key,
                url=f"{place.inside}{place.path}{_query(request) if not proving else ''}",
                method="GET" if proving else request.method,
                headers=_passed_on(request, place),
                body=b"" if proving else request.body,
                tls=ClientTls(server_name=place.host, trust=self._certificates.trust),
                redirects=False,
            )
        )
        return None

    def _inside(self) -> tuple[tuple[str, str, int], ...]:
        return tuple(
            (scheme, node.host, port)
            for node in self._neighbors.nodes
            for scheme, port in (("https", node.https), *self._files(node))
        )


def _answer(
    response: HttpResponse,
    *,
    user: str | None = None,
    place: MraPath | None = None,
    detail: str = "",
    expired: bool = False,
) -> MraAnswer:
    return MraAnswer(
        response=response,
        user=user,
        path=place.path if place else None,
        inside=f"{place.host}:{place.port}" if place else "",
        scheme=place.scheme if place else "https",
        detail=detail,
        expired=expired,
    )


def _passed_on(request: HttpRequest, place: MraPath) -> tuple[tuple[str, str], ...]:
    names = (*_UP, *_CREDENTIALS) if place.scheme == "https" else _UP
    return tuple((name, value) for name, value in request.headers if name.lower() in names)


def _query(request: HttpRequest) -> str:
    return f"?{urlencode(request.query)}" if request.query else ""
