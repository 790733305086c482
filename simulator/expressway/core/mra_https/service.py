"""What Expressway-E's 8443 is for: edge configuration, and what is relayed to the inside for those who may.

Whoever shows a good token, or a password that UDS takes, gets a cookie and is known by it for a while (its name
and life are assumed). Strangers are answered 401, what is not in the allow list 403. Of a pair the Expressway-C
does this: "CE_C ECS" is what its answers call it. [observed: device-config 4.8; the inference is ours]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from simulator.core.actor.flow import Address, Fetch, Fetched
from simulator.core.entropy import Entropy
from simulator.core.http.http1 import header
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls
from simulator.expressway.core.admin import axl
from simulator.expressway.core.admin.discovery import FoundNode
from simulator.expressway.core.mra_https import answers, edge_config, paths
from simulator.expressway.core.mra_https.cookies import EdgeCookies
from simulator.expressway.core.mra_https.paths import BadPath, EdgePath
from simulator.expressway.core.mra_https.query import Answered, EdgeAnswer, EdgeQuery
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.tokens.check import TokenGate
from simulator.expressway.core.tokens.keys import TokenUser

PREFIX = "edge/"
"""Of this part's fetch keys."""
_UP = ("authorization", "content-type", "accept", "user-agent", "cookie")


@dataclass(frozen=True, slots=True, kw_only=True)
class MraEnvironment:
    """What the service asks of its Expressway at each request."""

    domain: str
    route: Callable[[], Address]
    """The SIP address that clients are to preload as their Route."""
    nodes: Callable[[], tuple[FoundNode, ...]]
    files: Callable[[FoundNode], tuple[tuple[str, int], ...]]
    """(scheme, port) of each place where a node serves configuration files."""
    trust: Callable[[], tuple[bytes, ...]]
    by_token: Callable[[], bool]


@dataclass(slots=True, kw_only=True)
class _Waiting:
    number: int
    query: EdgeQuery
    place: EdgePath
    user: str | None
    proving: bool
    """The answer inside only says whether a password is good."""


class EdgeService:
    """`answered` gets the answer to each request that it is given, at once or later."""

    def __init__(
        self, around: MraEnvironment, *, out: Outbox, gate: TokenGate, entropy: Entropy, answered: Answered
    ) -> None:
        self._around, self._out, self._gate, self._answered = around, out, gate, answered
        self._waiting: dict[str, _Waiting] = {}
        self._cookies = EdgeCookies(entropy)
        self._asked = 0

    def take(self, number: int, query: EdgeQuery, now: Instant) -> None:
        request = query.request
        try:
            place = paths.parse(request.path, self._around.domain, self._inside())
        except BadPath as bad:
            self._reply(number, answers.plain(bad.status), now, detail=str(bad))
            return
        if request.method not in ("GET", "HEAD", "POST"):
            self._reply(number, answers.plain(405, ("Allow", "GET, HEAD, POST")), now, detail="method")
        elif place.action == "get_edge_sso":
            body = edge_config.sso_config(by_token=self._around.by_token())
            self._reply(number, answers.xml(body), now)
        else:
            self._admit(number, query, place, now)

    def _admit(self, number: int, query: EdgeQuery, place: EdgePath, now: Instant) -> None:
        request = query.request
        known = self._cookies.user_of(header(request.headers, "Cookie") or "", now)
        scheme, _, credentials = (header(request.headers, "Authorization") or "").partition(" ")
        if known is None and scheme.lower() == "bearer" and self._around.by_token() and self._gate.readers:
            read = self._gate.read(credentials.strip(), request.source, now)
            if not isinstance(read, TokenUser):
                response, expired = answers.unauthorized("invalid_token"), read.kind == "expired"
                self._reply(number, response, now, detail=read.detail, expired=expired)
                return
            known = read.user
        if known is None and scheme.lower() == "basic" and place.action != "relay":
            self._prove(number, query, place, now)
        elif known is None and not (place.action == "relay" and (place.is_open or scheme.lower() == "basic")):
            self._reply(number, answers.unauthorized(), now, detail="no credentials")
        elif place.action == "relay":
            self._ask(number, query, place, known, proving=False)
        else:
            self._configure(number, query, known, now)

    def _configure(self, number: int, query: EdgeQuery, user: str | None, now: Instant) -> None:
        services = [value for name, value in query.request.query if name == "service_name"][:10]
        body = edge_config.edge_config(
            self._around.nodes(),
            edge=query.host,
            sip=query.sip,
            route=self._around.route(),
            https=query.https,
            services=services,
        )
        cookie = ("Set-Cookie", self._cookies.issue(user or "", now))
        self._reply(number, answers.xml(body, cookie), now, user=user)

    def _prove(self, number: int, query: EdgeQuery, place: EdgePath, now: Instant) -> None:
        """UDS says whether the password is good."""
        user = axl.user_of_basic(header(query.request.headers, "Authorization") or "")
        nodes = self._around.nodes()
        if user is None or not nodes:
            response = answers.unauthorized() if nodes else answers.plain(502)
            self._reply(number, response, now, detail="no UCM is known")
            return
        path = f"/cucm-uds/user/{quote(user, safe='')}/devices"
        inside = EdgePath(
            domain=place.domain,
            action="relay",
            scheme="https",
            host=nodes[0].host,
            port=nodes[0].https,
            path=path,
        )
        self._ask(number, query, inside, user, proving=True)

    def _ask(self, number: int, query: EdgeQuery, place: EdgePath, user: str | None, *, proving: bool) -> None:
        self._asked += 1
        key, request = f"{PREFIX}{self._asked}", query.request
        self._waiting[key] = _Waiting(number=number, query=query, place=place, user=user, proving=proving)
        self._out.put(
            Fetch(
                key=key,
                url=f"{place.inside}{place.path}{_query(request) if not proving else ''}",
                method="GET" if proving else request.method,
                headers=tuple((name, value) for name, value in request.headers if name.lower() in _UP),
                body=b"" if proving else request.body,
                tls=ClientTls(server_name=place.host, trust=self._around.trust()),
                redirects=False,
            )
        )

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        waiting = self._waiting.pop(key, None)
        if waiting is None:
            return
        number, user = waiting.number, waiting.user
        if result.status is None:
            # [observed: administration 9.2: the client gets "502 connect failed"]
            self._reply(number, answers.plain(502), now, user=user, place=waiting.place, detail=result.failure)
        elif not waiting.proving:
            self._reply(number, answers.relayed(result), now, user=user, place=waiting.place)
        elif result.status == 200:
            self._configure(number, waiting.query, user, now)
        else:
            self._reply(number, answers.unauthorized(), now, detail=f"UDS answered {result.status}")

    def _inside(self) -> tuple[tuple[str, str, int], ...]:
        return tuple(
            (scheme, node.host, port)
            for node in self._around.nodes()
            for scheme, port in (("https", node.https), *self._around.files(node))
        )

    def _reply(
        self,
        number: int,
        response: HttpResponse,
        now: Instant,
        *,
        user: str | None = None,
        place: EdgePath | None = None,
        detail: str = "",
        expired: bool = False,
    ) -> None:
        answer = EdgeAnswer(
            response=response,
            user=user,
            path=place.path if place else None,
            inside=f"{place.host}:{place.port}" if place else "",
            scheme=place.scheme if place else "https",
            detail=detail,
            expired=expired,
        )
        self._answered(number, answer, now)


def _query(request: HttpRequest) -> str:
    return f"?{urlencode(request.query)}" if request.query else ""
