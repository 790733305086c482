"""A node without sockets: the actor, fed with flows and bytes, its clock, its log, and a phone's messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from registrar.core.callmanager.service import CallManager
from registrar.core.cluster.bindings import BindingStore
from registrar.core.cluster.directory import (
    Device,
    Directory,
    Line,
    SecurityMode,
    SecurityProfile,
    TransportType,
    User,
)
from registrar.core.cluster.expressway_table import ExpresswayRow
from registrar.core.cluster.ports import NodePorts
from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.register.policy import RegistrarPolicy
from registrar.core.tokens import AccessClaims, ClusterKeys, mint_access
from simulator.core.actor.flow import Address, CloseFlow, FlowEnd, FlowFacts, SendData
from simulator.core.entropy import SeededEntropy
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import ManualClock
from simulator.core.tls.facts import TlsFacts
from simulator.core.tls.identity import PeerIdentity
from simulator.core.tls.settings import Credential

START = 1_585_566_211.0
"""Mon, 30 Mar 2020 11:03:31 GMT, the date of the published trace."""
CLUSTER_ID = "0d8c1b2e-4b0f-4a6c-9d53-6f6d8f1f6a10"
CONTACT_UUID = "a8ae9f92-4b07-a0d7-d701-29320aed1e2e"
MAC = "882323451234"

PART = """\
--uniqueBoundary\r
Content-Type: application/x-cisco-remotecc-request+xml\r
Content-Disposition: session;handling=optional\r
\r
"""
BULK_XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<x-cisco-remotecc-request>
<bulkregisterreq>
<contact all="true">
<register></register>
</contact>
</bulkregisterreq>
</x-cisco-remotecc-request>
"""
OPTIONS_XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<x-cisco-remotecc-request>
  <optionsind>
    <combine max="6">
      <remotecc>
        <status></status>
      </remotecc>
      <service-control></service-control>
    </combine>
    <dialog usage="hook status">
      <unot></unot>
      <sub></sub>
    </dialog>
    <dialog usage="shared line">
      <unot></unot>
      <sub></sub>
    </dialog>
    <presence usage="blf speed dial">
      <unot></unot>
      <sub></sub>
    </presence>
    <joinreq></joinreq>
    <cfwdall-anyline></cfwdall-anyline>
    <coaching></coaching>
    <oosalarm></oosalarm>
    <x-cisco-number></x-cisco-number>
    <bfcp></bfcp>
    <ix></ix>
    <gatewayrecording></gatewayrecording>
    <conferenceDisplayInstance></conferenceDisplayInstance>
  </optionsind>
</x-cisco-remotecc-request>"""
JABBER_BODY = f"{PART}{BULK_XML}\r\n{PART}{OPTIONS_XML}\r\n--uniqueBoundary--\r\n"
SUPPORTED = (
    "replaces,join,sdp-anat,norefersub,resource-priority,extended-refer,X-cisco-callinfo,X-cisco-serviceuri,"
    "X-cisco-escapecodes,X-cisco-service-control,X-cisco-srtp-fallback,X-cisco-monrec,X-cisco-config,"
    "X-cisco-sis-7.0.0,X-cisco-xsi-8.5.1,X-cisco-graceful-reg,X-cisco-duplicate-reg"
)

OAUTH = SecurityProfile(name="CSF OAuth", mode=SecurityMode.ENCRYPTED, transport=TransportType.TLS, oauth=True)
ENCRYPTED = SecurityProfile(name="CSF Encrypted", mode=SecurityMode.ENCRYPTED, transport=TransportType.TLS)
PLAIN = SecurityProfile(name="CSF Plain", mode=SecurityMode.NON_SECURE, transport=TransportType.TCP_UDP)


def device(name: str, dn: str, profile: SecurityProfile, *more: str, owner: str | None = "alice") -> Device:
    lines = tuple(
        Line(dn=each, contact=UUID(CONTACT_UUID), display=f"User {each}", label=each) for each in (dn, *more)
    )
    return Device(
        name=name,
        pkid=UUID("3d0f6a52-1c84-4b7e-9a35-7f2e61c0d418"),
        profile=profile.name,
        lines=lines,
        owner=owner,
        ctiid=137,
    )


def peer(*names: str) -> PeerIdentity:
    """A verified client certificate: the first name is its CN, all are DNS names."""
    return PeerIdentity(common_name=names[0], dns_names=names, issuer="CN=Lab CA")


class Phone:
    """Builds a phone's REGISTERs the way Jabber 12.8 writes them (sip-wire T1, T3)."""

    def __init__(self, *, name: str = "CSFALICE", dn: str = "1010", host: str = "192.0.2.10") -> None:
        self.name = name
        self.dn = dn
        self.host = host
        self.port = 62162
        self.transport = "tls"
        self.call_id = f"88232345-12340017-00001c0b-00000cfa@{host}"
        self.cseq = 2269
        self.mac = MAC
        self.branches = 0
        self.contact_user = CONTACT_UUID
        self.alarm: str | None = "25"
        self.supported = SUPPORTED
        self.body = JABBER_BODY
        self.extra = ""
        self.contact_params = ""

    @property
    def contact(self) -> str:
        return (
            f"<sip:{self.contact_user}@{self.host}:{self.port};transport={self.transport}>;"
            f'+sip.instance="<urn:uuid:00000000-0000-0000-0000-{self.mac}>";'
            f'+u.sip!devicename.ccm.cisco.com="{self.name}";+u.sip!model.ccm.cisco.com="503";video'
            f"{self.contact_params}"
        )

    def register(
        self,
        *,
        token: str | None = None,
        expires: int | None = 3600,
        contact: str | None = None,
        branch: str | None = None,
        cseq: int | None = None,
        to: str | None = None,
        credentials: str = "",
        method: str = "REGISTER",
        drop: str = "",
    ) -> bytes:
        self.branches += 1
        self.cseq = self.cseq + 1 if cseq is None else cseq
        branch = branch or f"z9hG4bK{self.branches:08x}"
        aor = f"<sip:{self.dn}@ucm-pub.example.com>"
        contact = self.contact if contact is None else contact
        if token is not None:
            credentials = f'Proxy-Authorization: Bearer token="{token}"\r\n'
        reason = ""
        if self.alarm is not None:
            load = "Jabber_for_Windows-12.8.0.51973"
            reason = (
                f'Reason: SIP;cause=200;text="cisco-alarm:{self.alarm} Name={self.name} '
                f'ActiveLoad={load} InactiveLoad={load} Last=initialized"\r\n'
            )
        lines = [
            f"{method} sip:ucm-pub.example.com SIP/2.0\r\n",
            f"Via: SIP/2.0/{self.transport.upper()} {self.host}:{self.port};branch={branch}\r\n",
            f"From: {aor};tag={MAC}089000003bdd-00005eff\r\n",
            f"To: {to or aor}\r\n",
            f"Call-ID: {self.call_id}\r\n",
            "Max-Forwards: 70\r\n",
            "Date: Mon, 30 Mar 2020 11:03:19 GMT\r\n",
            f"CSeq: {self.cseq} {method}\r\n",
            "User-Agent: Cisco-CSF\r\n",
            *([f"Contact: {contact}\r\n"] if contact else []),
            credentials,
            f"Supported: {self.supported}\r\n" if self.supported else "",
            reason,
            "" if expires is None else f"Expires: {expires}\r\n",
            self.extra,
            "Content-Type: multipart/mixed; boundary=uniqueBoundary\r\n" if self.body else "",
            "Mime-Version: 1.0\r\n" if self.body else "",
            f"Content-Length: {len(self.body)}\r\n",
        ]
        kept = [line for line in lines if not (drop and line.startswith(f"{drop}:"))]
        return f"{''.join(kept)}\r\n{self.body}".encode()


class Bench:
    """The actor on a bench: every call is followed by draining its effects."""

    def __init__(
        self, keys: ClusterKeys, policy: RegistrarPolicy, *, oauth_mode: bool, keep: bool, start: float
    ) -> None:
        self.keys = keys
        self.clock = ManualClock(start)
        self.log = EventLog(self.clock, keep=None if keep else 0)
        self.directory = Directory()
        for profile in (OAUTH, ENCRYPTED, PLAIN):
            self.directory.put_profile(profile)
        self.directory.put_user(User(id="alice"))
        self.directory.put_device(device("CSFALICE", "1010", OAUTH))
        self.directory.put_device(device("CSFBOB", "1020", OAUTH, owner="bob"))
        self.directory.put_device(device("CSFSECURE", "1030", ENCRYPTED))
        self.directory.put_device(device("CSFPLAIN", "1040", PLAIN))
        self.directory.put_expressway(ExpresswayRow(host="expc", x509_name="expc.example.com"))
        self.bindings = BindingStore()
        credential = Credential(b"chain", b"key")
        self.snapshot = NodeSnapshot(
            name="ucm-pub",
            host="ucm-pub.example.com",
            ports=NodePorts(),
            sip_oauth_mode=oauth_mode,
            tomcat=credential,
            tomcat_trust=(b"tomcat-trust",),
            callmanager=Credential(b"cm", b"key"),
            phone_trust=(b"capf",),
            keys=keys.public,
        )
        self.ucm = CallManager(
            self.snapshot,
            self.directory,
            self.bindings,
            journal=self.log.journal("ucm-pub"),
            entropy=SeededEntropy(7).child("ucm-pub"),
            policy=policy,
            bind="192.0.2.1",
        )
        self._flows = FlowIds()
        self.closed: list[FlowId] = []
        self.sent: dict[FlowId, bytes] = {}

    @property
    def now(self) -> float:
        return self.clock.now()

    def token(self, subject: str = "alice", *, lifetime: int = 3600, age: int = 0, **claims: object) -> str:
        tid = UUID("9b9d6cb5-1f2e-4f5a-8a1c-5b7d1a2c3e4f")
        issued = int(self.now) - age
        made = AccessClaims(subject=subject, tid=tid, issued_at=issued, lifetime=lifetime, **claims)
        return mint_access(self.keys, made)

    def open(
        self, listener: str = "oauth", *, host: str = "192.0.2.10", port: int = 62162, tls_peer=None
    ) -> FlowId:
        flow = self._flows.take()
        transport = {"sip-udp": "udp", "sip-tcp": "tcp"}.get(listener, "tls")
        tls = (
            TlsFacts(version="TLSv1.2", cipher="ECDHE-RSA-AES256-GCM-SHA384", peer=tls_peer)
            if transport == "tls"
            else None
        )
        number = {"sips": 5061, "oauth": 5090, "mra": 5091}.get(listener, 5060)
        facts = FlowFacts(
            transport=transport,
            local=Address("192.0.2.1", number),
            remote=Address(host, port),
            tls=tls,
            listener=listener,
        )
        self.ucm.flow_opened(flow, facts, self.now)
        self._drain()
        return flow

    def send(self, flow: FlowId, data: bytes) -> bytes:
        """What came back on that flow."""
        self.ucm.flow_data(flow, data, self.now)
        return self._drain().get(flow, b"")

    def drop(self, flow: FlowId, *, clean: bool = True) -> None:
        self.ucm.flow_ended(flow, FlowEnd(by="peer", clean=clean), self.now)
        self._drain()

    def advance(self, seconds: float) -> None:
        """Deadline by deadline, as a driver does."""
        target = self.now + seconds
        while (at := self.ucm.next_timeout()) is not None and at <= target:
            self.clock.set(max(at, self.now))
            self.ucm.handle_timeout(self.now)
            self._drain()
        self.clock.set(target)

    def register(self, phone: Phone, flow: FlowId, **how: object) -> bytes:
        """A REGISTER with a good token of alice."""
        return self.send(flow, phone.register(token=self.token(), **how))

    def restart(self, **changes: object) -> None:
        self.snapshot = replace(self.snapshot, **changes)
        self.ucm.reload(self.snapshot, self.now)
        self._drain()

    def _drain(self) -> dict[FlowId, bytes]:
        new: dict[FlowId, bytes] = {}
        for effect in self.ucm.effects():
            if isinstance(effect, SendData):
                new[effect.flow] = new.get(effect.flow, b"") + effect.data
            elif isinstance(effect, CloseFlow):
                self.closed.append(effect.flow)
            else:
                raise AssertionError(effect)
        for flow, data in new.items():
            self.sent[flow] = self.sent.get(flow, b"") + data
        return new

    def drained(self) -> dict[FlowId, bytes]:
        return self._drain()

    def events(self, kind: type) -> list:
        return self.log.of(kind)


@pytest.fixture(scope="session")
def keys() -> ClusterKeys:
    return ClusterKeys.create(CLUSTER_ID)


@pytest.fixture
def bench_of(keys: ClusterKeys) -> Callable[..., Bench]:
    """Makes a bench: `bench_of(oauth_mode=True, keep=True, start=START, **policy)`."""

    def make(*, oauth_mode: bool = True, keep: bool = True, start: float = START, **policy: object) -> Bench:
        return Bench(keys, RegistrarPolicy(**policy), oauth_mode=oauth_mode, keep=keep, start=start)

    return make


@pytest.fixture
def bench(bench_of: Callable[..., Bench]) -> Bench:
    return bench_of()


@pytest.fixture
def phone_of() -> type[Phone]:
    return Phone


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def peer_of() -> Callable[..., PeerIdentity]:
    return peer


@pytest.fixture
def device_of() -> Callable[..., Device]:
    return device


@pytest.fixture
def profiles() -> dict[str, SecurityProfile]:
    return {"oauth": OAUTH, "encrypted": ENCRYPTED, "plain": PLAIN}
