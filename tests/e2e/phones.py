"""One phone on each listener of a lab's node: does everything still register?"""

from __future__ import annotations

import asyncio
import socket
import ssl

from simulator.core.actor.flow import Address
from simulator.core.instant import Instant
from simulator.core.tls.settings import Credential
from softphone.aio.client import Outcome, Registered, register_once
from softphone.core.settings.profile import AccessToken, Deployment, EdgeServer, FixedToken, PhoneProfile
from tests.e2e.running_lab import RunningLab
from tests.patience import patience

REGISTER = """\
REGISTER sip:ucm-pub SIP/2.0
Via: SIP/2.0/{transport} 127.0.0.1:{port};branch=z9hG4bK{cseq}{port}
From: <sip:{dn}@ucm-pub>;tag=1
To: <sip:{dn}@ucm-pub>
Call-ID: {port}@127.0.0.1
Max-Forwards: 70
CSeq: {cseq} REGISTER
Contact: <sip:{dn}@127.0.0.1:{port};transport={transport}>;+u.sip!devicename.ccm.cisco.com="{device}"
Expires: {expires}
Content-Length: 0

"""


def register(port: int, cseq: int, *, dn: str, device: str, transport: str, expires: int = 120) -> bytes:
    text = REGISTER.format(port=port, cseq=cseq, dn=dn, device=device, transport=transport, expires=expires)
    return text.replace("\n", "\r\n").encode()


class Phones:
    """Alice on 5090, Bob through the Expressway on 5091, Carol on 5060 (TCP and UDP), Dave on 5061."""

    def __init__(self, lab: RunningLab) -> None:
        self._lab = lab
        self._tokens = {
            user: lab.ask("POST", "/tokens", {"user": user, "lifetime": 86400}).json["token"]
            for user in ("alice", "bob")
        }
        tomcat, callmanager = lab.ca_file.read_bytes(), (lab.pki / "ucm-pub/CallManager.pem").read_bytes()
        expressway = (lab.pki / "expressway-ca.pem").read_bytes()
        lsc = Credential((lab.pki / "CSFDAVE.pem").read_bytes(), (lab.pki / "CSFDAVE.key").read_bytes())
        config = f"http://{lab.hostport('config')}"
        host, port = lab.endpoint("edge", "expc")
        self._profiles = (
            PhoneProfile(
                device="CSFALICE", user="alice", config_urls=(f"{config}/CSFALICE.cnf.xml",), trust=(tomcat,)
            ),
            PhoneProfile(
                device="CSFBOB",
                user="bob",
                config_urls=(f"{config}/CSFBOB.cnf.xml",),
                trust=(expressway,),
                deployment=Deployment.MRA,
                edges=(EdgeServer(address=Address(host, port)),),
            ),
            PhoneProfile(device="CSFCAROL", config_urls=(f"{config}/CSFCAROL.cnf.xml",)),
            PhoneProfile(
                device="CSFDAVE",
                config_urls=(f"{config}/CSFDAVE.cnf.xml",),
                trust=(callmanager,),
                credential=lsc,
            ),
        )

    async def all_register(self) -> None:
        """Each registers and unregisters, at the same time; then Carol's does over UDP."""
        outcomes = await asyncio.gather(*(self._once(profile) for profile in self._profiles))
        for profile, outcome in zip(self._profiles, outcomes, strict=True):
            assert isinstance(outcome, Registered), f"{profile.device}: {outcome}"
            assert outcome.unregistered, profile.device
        carol_over_udp(self._lab)

    async def _once(self, profile: PhoneProfile) -> Outcome:
        token = self._tokens.get(profile.user)
        source = FixedToken(AccessToken(token, Instant(float("inf"))) if token else None)
        return await register_once(profile, source, within=patience())


def carol_over_udp(lab: RunningLab) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(lab.endpoint("sip"))
        sock.settimeout(patience())
        port = sock.getsockname()[1]
        for cseq, expires in ((1, 120), (2, 0)):
            sock.send(register(port, cseq, dn="1012", device="CSFCAROL", transport="udp", expires=expires))
            answer = sock.recv(65536)
            while answer.startswith(b"SIP/2.0 100 "):
                answer = sock.recv(65536)
            assert answer.startswith(b"SIP/2.0 200 "), answer[:500]


STREAMS = ("sip", "sips", "oauth", "mra", "edge")
"""Every listener that takes SIP over TCP or TLS, the Expressway's included."""


def connect(lab: RunningLab, role: str) -> socket.socket:
    """An established connection to a listener: with TLS, and a certificate, where it asks for them."""
    sock = socket.create_connection(
        lab.endpoint(role, "expc" if role == "edge" else "ucm-pub"), timeout=patience()
    )
    if role == "sip":
        return sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    name = {"sips": "CSFDAVE", "mra": "expc"}.get(role)
    if name is not None:
        context.load_cert_chain(lab.pki / f"{name}.pem", lab.pki / f"{name}.key")
    return context.wrap_socket(sock, suppress_ragged_eofs=True)
