"""Expressway-E's 8443: edge configuration, and what is relayed to the inside for those who may.

Whoever shows a good token, or a password that UDS takes, gets a cookie and is known by it for a while (its name
and life are assumed). Slow clients are answered 408, strangers 401, what is not in the allow list 403.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from simulator.core.entropy import Entropy
from simulator.core.events import EdgeRequestAnswered
from simulator.core.flow import Address, CloseFlow, Fetch, Fetched, FlowFacts, FlowId, SendData
from simulator.core.http import HttpRequest, HttpResponse
from simulator.core.http1 import HttpProblem, RequestReader, header, render_response
from simulator.core.instant import Instant
from simulator.core.sip import PartialMessages
from simulator.core.tls.settings import ClientTls
from simulator.expressway.core import axl, edge_answers, edge_config, edge_paths, trace
from simulator.expressway.core.discovery import FoundNode
from simulator.expressway.core.edge_cookies import EdgeCookies
from simulator.expressway.core.edge_paths import BadPath, EdgePath
from simulator.expressway.core.guard import Guard
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.token_gate import TokenGate
from simulator.expressway.core.token_keys import TokenUser

PREFIX = "edge/"
"""Of this part's fetch keys."""
PATIENCE = 20.0
"""Seconds in which a request must have come whole, and for which an idle connection is kept."""
_AHEAD = 64 << 10
"""Bytes a client may send ahead while a request of it is under way inside."""
_MOST_FLOWS = 10_000
_UP = ("authorization", "content-type", "accept", "user-agent", "cookie")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the door asks of its Expressway at each request."""

    domain: str
    host: str
    """The name clients reach it by."""
    sip: Callable[[], Address]
    nodes: Callable[[], tuple[FoundNode, ...]]
    files: Callable[[FoundNode], tuple[tuple[str, int], ...]]
    """(scheme, port) of each place where a node serves configuration files."""
    trust: Callable[[], tuple[bytes, ...]]
    by_token: Callable[[], bool]


@dataclass(slots=True, kw_only=True)
class _Client:
    source: str
    local: Address
    reader: RequestReader = field(default_factory=RequestReader)
    busy: bool = False
    """A request of it is under way inside."""


@dataclass(slots=True, kw_only=True)
class _Waiting:
    flow: FlowId
    request: HttpRequest
    place: EdgePath
    user: str | None
    proving: bool
    """The answer inside only says whether a password is good."""


class EdgeDoor:
    def __init__(
        self, around: Surroundings, *, out: Outbox, gate: TokenGate, guard: Guard, entropy: Entropy
    ) -> None:
        self._around, self._out, self._gate, self._guard = around, out, gate, guard
        self._clients: dict[FlowId, _Client] = {}
        self._idle = PartialMessages(PATIENCE)
        """Clients whose next request is awaited."""
        self._waiting: dict[str, _Waiting] = {}
        self._cookies = EdgeCookies(entropy)
        self._asked = 0

    def __contains__(self, flow: FlowId) -> bool:
        return flow in self._clients

    # --- flows ------------------------------------------------------------------------------------------------

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        source = facts.remote.host
        if self._guard.blocked(source, now) or len(self._clients) >= _MOST_FLOWS:
            self._out.put(CloseFlow(flow))
            return
        self._clients[flow] = _Client(source=source, local=facts.local)
        self._idle.wait(flow, now)

    def data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        client = self._clients[flow]
        client.reader.receive_data(data)
        if client.busy and client.reader.buffered > _AHEAD:
            self._drop(flow)
        else:
            self._look(flow, now)

    def ended(self, flow: FlowId) -> None:
        self._clients.pop(flow, None)
        self._idle.over(flow)

    def next_timeout(self) -> Instant | None:
        return self._idle.next_timeout()

    def handle_timeout(self, now: Instant) -> None:
        for flow in self._idle.take_overdue(now):
            if self._clients[flow].reader.busy:
                self._send(flow, edge_answers.plain(408), close=True)
            else:
                self._drop(flow)

    # --- requests ---------------------------------------------------------------------------------------------

    def _look(self, flow: FlowId, now: Instant) -> None:
        while (client := self._clients.get(flow)) is not None and not client.busy:
            try:
                request = client.reader.next_request(client.source)
            except HttpProblem as problem:
                self._send(flow, edge_answers.plain(problem.status), close=True)
                return
            if request is None:
                self._idle.wait(flow, now)
                return
            self._idle.over(flow)
            self._answer(flow, client, request, now)

    def _answer(self, flow: FlowId, client: _Client, request: HttpRequest, now: Instant) -> None:
        if not self._guard.admit(client.source, now):
            self._reply(flow, request, edge_answers.plain(429, ("Retry-After", "10")), detail="rate limit")
            return
        try:
            place = edge_paths.parse(request.path, self._around.domain, self._inside())
        except BadPath as bad:
            self._reply(flow, request, edge_answers.plain(bad.status), detail=str(bad))
            return
        if request.method not in ("GET", "HEAD", "POST"):
            self._reply(flow, request, edge_answers.plain(405, ("Allow", "GET, HEAD, POST")), detail="method")
        elif place.action == "get_edge_sso":
            body = edge_config.sso_config(by_token=self._around.by_token())
            self._reply(flow, request, edge_answers.xml(body))
        else:
            self._admit(flow, client, request, place, now)

    def _admit(
        self, flow: FlowId, client: _Client, request: HttpRequest, place: EdgePath, now: Instant
    ) -> None:
        known = self._cookies.user_of(header(request.headers, "Cookie") or "", now)
        scheme, _, credentials = (header(request.headers, "Authorization") or "").partition(" ")
        if known is None and scheme.lower() == "bearer" and self._around.by_token() and self._gate.readers:
            read = self._gate.read(credentials.strip(), client.source, now)
            if not isinstance(read, TokenUser):
                blocked = self._guard.blocked(client.source, now)
                self._reply(
                    flow, request, edge_answers.unauthorized("invalid_token"), detail=read.detail, close=blocked
                )
                return
            known = read.user
        if known is None and scheme.lower() == "basic" and place.action != "relay":
            self._prove(flow, request, place, now)
        elif known is None and not (place.action == "relay" and (place.is_open or scheme.lower() == "basic")):
            self._reply(flow, request, edge_answers.unauthorized(), detail="no credentials")
        elif place.action == "relay":
            self._ask(flow, request, place, known, proving=False)
        else:
            self._configure(flow, request, known, now)

    def _configure(self, flow: FlowId, request: HttpRequest, user: str | None, now: Instant) -> None:
        around = self._around
        services = [value for name, value in request.query if name == "service_name"][:10]
        body = edge_config.edge_config(
            around.nodes(),
            edge=around.host,
            sip=around.sip(),
            https=self._clients[flow].local.port,
            services=services,
        )
        cookie = ("Set-Cookie", self._cookies.issue(user or "", now))
        self._reply(flow, request, edge_answers.xml(body, cookie), user=user)

    def _prove(self, flow: FlowId, request: HttpRequest, place: EdgePath, now: Instant) -> None:
        """UDS says whether the password is good."""
        user = axl.user_of_basic(header(request.headers, "Authorization") or "")
        nodes = self._around.nodes()
        if user is None or not nodes:
            self._reply(
                flow,
                request,
                edge_answers.unauthorized() if nodes else edge_answers.plain(502),
                detail="no UCM is known",
            )
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
        self._ask(flow, request, inside, user, proving=True)

    def _ask(
        self, flow: FlowId, request: HttpRequest, place: EdgePath, user: str | None, *, proving: bool
    ) -> None:
        self._asked += 1
        key = f"{PREFIX}{self._asked}"
        self._waiting[key] = _Waiting(flow=flow, request=request, place=place, user=user, proving=proving)
        self._clients[flow].busy = True
        query = f"?{urlencode(request.query)}" if request.query and not proving else ""
        kept = tuple((name, value) for name, value in request.headers if name.lower() in _UP)
        self._out.put(
            Fetch(
                key=key,
                url=f"{place.inside}{place.path}{query}",
                method="GET" if proving else request.method,
                headers=kept,
                body=b"" if proving else request.body,
                tls=ClientTls(server_name=place.host, trust=self._around.trust()),
                redirects=False,
            )
        )

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        waiting = self._waiting.pop(key, None)
        if waiting is None or waiting.flow not in self._clients:
            return
        flow, request = waiting.flow, waiting.request
        self._clients[flow].busy = False
        if result.status is None:
            # [observed: administration 9.2: the client gets "502 connect failed"]
            self._reply(
                flow,
                request,
                edge_answers.plain(502),
                user=waiting.user,
                place=waiting.place,
                detail=result.failure,
            )
        elif not waiting.proving:
            self._reply(flow, request, edge_answers.relayed(result), user=waiting.user, place=waiting.place)
        elif result.status == 200:
            self._configure(flow, request, waiting.user, now)
        else:
            self._reply(flow, request, edge_answers.unauthorized(), detail=f"UDS answered {result.status}")
        self._look(flow, now)

    def _inside(self) -> tuple[tuple[str, str, int], ...]:
        return tuple(
            (scheme, node.host, port)
            for node in self._around.nodes()
            for scheme, port in (("https", node.https), *self._around.files(node))
        )

    # --- answers ----------------------------------------------------------------------------------------------

    def _reply(
        self,
        flow: FlowId,
        request: HttpRequest,
        response: HttpResponse,
        *,
        user: str | None = None,
        place: EdgePath | None = None,
        detail: str = "",
        close: bool = False,
    ) -> None:
        self._out.journal.add(
            EdgeRequestAnswered(
                method=request.method[:16],
                path=place.path if place else trace.printable(request.path[:200]),
                status=response.status,
                source=request.source,
                user=user,
                inside=f"{place.host}:{place.port}" if place else "",
                scheme=place.scheme if place else "https",
                detail=detail,
            ),
            flow=flow,
        )
        self._send(flow, response, close=close or not request.lasting, head=request.method == "HEAD")

    def _send(self, flow: FlowId, response: HttpResponse, *, close: bool, head: bool = False) -> None:
        self._out.put(SendData(flow, render_response(response, close=close, head=head)))
        if close:
            self._drop(flow)

    def _drop(self, flow: FlowId) -> None:
        self.ended(flow)
        self._out.put(CloseFlow(flow))
