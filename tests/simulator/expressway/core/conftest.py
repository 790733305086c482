"""An Expressway-C on a bench: its driver's part is played by hand, in values and without sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar
from uuid import UUID

import pytest

from registrar.core.tokens import AccessClaims, ClusterKeys, mint_access
from registrar.core.tokens.key_document import render_keys
from simulator.core.actor.flow import Address, CloseFlow, FlowEnd, FlowFacts, OpenFlow, SendData
from simulator.core.entropy import SeededEntropy
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.core.sip import KeepAlive, Need, Request, Response, SipStream, parse_message, reply_to, serialize
from simulator.core.tls.settings import Credential
from simulator.expressway.core.actors.expressway_c import EDGE, ExpresswayC, PhonesView
from simulator.expressway.core.admin.discovery import Found, UcmServer
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.sip.zone import UcmNode
from simulator.expressway.core.tokens.keys import parse_keys

OWN = Address("10.15.20.10", 5061)
HOST = "expc.example.com"
NODE = "ucm-pub.example.com"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJwcml2YXRlIjoiYWxpY2UifQ." + "c2lnbmF0dXJl" * 20
CONTACT = (
    '<sip:7514c56a-1034-a684-3299-9b956979ee5c@172.16.84.136:58980;transport=tls>;+sip.instance="<urn:uuid:0000'
    '0000-0000-0000-0000-00505696779a>";+u.sip!devicename.ccm.cisco.com="CSFALICE";+u.sip!model.ccm.cisco.com='
    '"503";video;x-cisco-mra-ha=AR_SK;x-cisco-reg-id=1'
)


def register(
    *,
    cseq: str = "105",
    contact: str = CONTACT,
    expires: str = "3600",
    host: str = NODE,
    extra: str = "",
    branch: str = "z9hG4bK00007e98",
    token: str = TOKEN,
) -> Request:
    """A remote Jabber's REGISTER, shaped as in sip-wire 8.2."""
    lines = (
        f"REGISTER sip:{host} SIP/2.0",
        f"Via: SIP/2.0/TLS 172.16.84.136:58980;branch={branch}",
        f"From: <sip:1010@{host}>;tag=00505696779a000700006827-00006484",
        f"To: <sip:1010@{host}>",
        "Call-ID: 00505696-779a0005-00001bba-00007938@172.16.84.136",
        "Max-Forwards: 70",
        f"CSeq: {cseq} REGISTER",
        "User-Agent: Cisco-CSF",
        *([f"Contact: {contact}"] if contact else []),
        *([f'Proxy-Authorization: Bearer token="{token}"'] if token else []),
        "Supported: replaces,X-cisco-sis-7.0.0",
        f"Expires: {expires}",
        *([extra] if extra else []),
        "Content-Length: 0",
    )
    message = parse_message("\r\n".join((*lines, "", "")).encode())
    assert isinstance(message, Request)
    return message


def accepted(request: Request) -> Response:
    contact = request.headers.get("Contact")
    extra: tuple[tuple[str, str], ...] = (("Server", "Cisco-CUCM12.5"), ("Expires", "120"))
    if contact is not None:
        extra = (*extra, ("Contact", f"{contact};x-cisco-newreg"))
    return reply_to(request, 200, to_tag="385623253", extra=extra)


@dataclass
class Bench:
    node: ClassVar[str] = NODE
    own: ClassVar[Address] = OWN
    host: ClassVar[str] = HOST
    token: ClassVar[str] = TOKEN
    contact: ClassVar[str] = CONTACT
    register = staticmethod(register)
    accepted = staticmethod(accepted)

    expc: ExpresswayC
    log: EventLog
    clock: ManualClock
    ids: FlowIds
    opened: list[OpenFlow] = field(default_factory=list)
    closed: list[FlowId] = field(default_factory=list)
    streams: dict[FlowId, SipStream] = field(default_factory=dict)
    raw: dict[FlowId, bytes] = field(default_factory=dict)

    @property
    def now(self) -> Instant:
        return self.clock.now()

    def run(self) -> None:
        for effect in self.expc.effects():
            match effect:
                case OpenFlow():
                    self.opened.append(effect)
                case SendData(flow, data):
                    self.streams.setdefault(flow, SipStream(initiator=True)).receive_data(data)
                    self.raw[flow] = self.raw.get(flow, b"") + data
                case CloseFlow(flow):
                    self.closed.append(flow)

    def phone(self, host: str = "203.0.113.8", port: int = 58980, local: Address = OWN) -> FlowId:
        flow = self.ids.take()
        facts = FlowFacts(transport="tls", local=local, remote=Address(host, port), listener=EDGE)
        self.expc.flow_opened(flow, facts, self.now)
        self.run()
        return flow

    def send(self, flow: FlowId, *what: Request | Response | bytes) -> None:
        for piece in what:
            data = piece if isinstance(piece, bytes) else serialize(piece)
            self.expc.flow_data(flow, data, self.now)
            self.run()

    def accept(self, remote: Address | None = None) -> FlowId:
        """The last connection the Expressway asked for comes about; `remote` if its host was a name."""
        flow = self.opened[-1].flow
        remote = remote or self.opened[-1].remote
        facts = FlowFacts(transport="tls", local=Address("10.15.20.10", 27001), remote=remote)
        self.expc.flow_opened(flow, facts, self.now)
        self.run()
        return flow

    def end(self, flow: FlowId, end: FlowEnd) -> None:
        self.expc.flow_ended(flow, end, self.now)
        self.run()

    def advance(self, seconds: float) -> None:
        self.clock.set(Instant(self.now + seconds))
        due = self.expc.next_timeout()
        if due is not None and due <= self.now:
            self.expc.handle_timeout(self.now)
        self.run()

    def messages(self, flow: FlowId) -> list[Request | Response]:
        """What the Expressway sent on `flow` since the last look."""
        out: list[Request | Response] = []
        stream = self.streams.get(flow)
        while stream is not None and (message := stream.next_message()) is not Need.DATA:
            if not isinstance(message, KeepAlive):
                out.append(message)
        return out

    def request(self, flow: FlowId) -> Request:
        (message,) = self.messages(flow)
        assert isinstance(message, Request)
        return message

    def response(self, flow: FlowId) -> Response:
        (message,) = self.messages(flow)
        assert isinstance(message, Response)
        return message

    def registered(self, **changes: str) -> tuple[FlowId, FlowId]:
        """A phone whose REGISTER was accepted: its flow and the zone's."""
        phone = self.phone()
        self.send(phone, register(**changes))
        ucm = self.opened[-1].flow if self.expc.zone_state(NODE).state == "active" else self.accept()
        self.send(ucm, accepted(self.request(ucm)))
        assert self.response(phone).status == 200
        return phone, ucm


@pytest.fixture(scope="session")
def keys() -> ClusterKeys:
    """The token keys of a cluster."""
    return ClusterKeys.create("6a1f7c1e-9a0b-4a56-8a8e-0d5e6d6b1c11")


def access_token(bench: Bench, keys: ClusterKeys, *, age: int = 0, user: str = "alice") -> str:
    """A token of `user` that was issued `age` seconds ago and is good for an hour from then."""
    tid = UUID("9b9d6cb5-1f2e-4f5a-8a1c-5b7d1a2c3e4f")
    claims = AccessClaims(subject=user, tid=tid, issued_at=Instant(int(bench.now) - age), lifetime=3600)
    return mint_access(keys, claims)


@pytest.fixture
def mint() -> Callable[..., str]:
    return access_token


@pytest.fixture
def make_bench() -> Callable[..., Bench]:
    def make(
        *,
        address: Address = OWN,
        path_mode: bool = False,
        keys: ClusterKeys | None = None,
        settings: ExpresswaySettings | None = None,
        nodes: dict[str, UcmNode] | None = None,
        seed: int = 1,
        keep: int | None = None,
        keep_alive: float | None = None,
    ) -> Bench:
        clock = ManualClock(1_624_561_749.0)
        log = EventLog(clock, keep=keep)
        ids = FlowIds()
        # UCM's part is played by hand here, and nobody wants to answer STUN: tests of it ask for it.
        plain = settings or ExpresswaySettings(keep_alive=None)
        expc = ExpresswayC(
            address=address,
            view=PhonesView(host=HOST),
            credential=Credential(b"chain", b"key"),
            trust=(b"tomcat-ca",),
            nodes=nodes or {NODE: UcmNode(host=NODE, address=Address("10.10.10.1", 5091))},
            entropy=SeededEntropy(seed),
            journal=log.journal(ActorId("expc")),
            flows=ids,
            settings=replace(plain, keep_alive=keep_alive, path_mode=path_mode),
        )
        if keys is not None:
            server = UcmServer(publisher="ucm-pub", user="admin", password="secret")
            expc.adopt(server, Found(keys=parse_keys(render_keys(keys.public))))
        return Bench(expc=expc, log=log, clock=clock, ids=ids)

    return make


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()
