"""The logs people know, held to the documents' shapes (sip-wire 9, administration 8 and 9), word by word."""

from __future__ import annotations

import re
from functools import cache

import pytest

from simulator.core.events import (
    BindingChanged,
    EdgeRequestAnswered,
    FlowClosed,
    FlowFailed,
    FlowOpened,
    PhoneFailed,
    PhonePortDecided,
    ProxyForwarded,
    RegistrarChallenged,
    RegistrarRejected,
    SipReceived,
    SipSent,
    TlsFailed,
    ZoneChanged,
    ZoneConfigured,
)
from simulator.core.events.log import EventLog, Record
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import ManualClock
from simulator.evidence.logs import LOGS, logs_of, render_log
from simulator.evidence.report.report import Report
from tests.simulator.catalogue_runs import SCENARIO, SCENARIOS, world_report

SECRETS = re.compile(r"eyJ[A-Za-z0-9_-]{8}|PRIVATE KEY")
REGISTER = (
    "REGISTER sip:ucm-pub.example.com SIP/2.0\r\nFrom: <sip:1010@ucm-pub.example.com>;tag=aa\r\n"
    "To: <sip:1010@ucm-pub.example.com>\r\nCall-ID: id@10.0.0.3\r\nCSeq: 5 REGISTER\r\n\r\n"
)
TIMEOUT = REGISTER.replace("REGISTER sip:ucm-pub.example.com SIP/2.0", "SIP/2.0 408 Request Timeout", 1)


class Told:
    """Records made by hand, of a client at 10.0.0.3 and a server at 192.0.2.1."""

    def __init__(
        self, actor: str, *, listener: str | None = None, transport: str = "tls", port: int = 5090
    ) -> None:
        self.actor = ActorId(actor)
        self.log = EventLog(ManualClock(1585566199.2))
        here, there = "10.0.0.3:49152", f"192.0.2.1:{port}"
        local, remote = (here, there) if listener is None else (there, here)
        self.tell(FlowOpened(transport=transport, local=local, remote=remote, listener=listener))

    def tell(self, *events: object) -> Told:
        for event in events:
            self.log.emit(self.actor, event, flow=FlowId(7))  # type: ignore[arg-type]
        return self

    def lines(self, kind: str) -> list[str]:
        return render_log(kind, self.log.records(), self.actor).splitlines()


# --- Jabber --------------------------------------------------------------------------------------------


def test_jabber_opens_a_connection_and_prints_messages() -> None:
    told = Told("CSFALICE").tell(SipSent(start_line="", method="REGISTER", text=REGISTER))
    assert told.lines("jabber")[:3] == [
        r"2020-03-30 11:03:19,200 DEBUG [0x00000e2c] [sipstack\sip_transport_connection.c(431)] "
        "[csf.sip-call-control] [sip_create_transport_connection] - "
        "[SIP][CONN][0] create TLS connection 10.0.0.3:49152-----192.0.2.1:5090.",
        r"2020-03-30 11:03:19,200 DEBUG [0x00000e2c] [\sipcc\core\sipstack\ccsip_debug.c(1041)] "
        "[csf.sip-call-control] [platform_print_sip_msg] - "
        "sipio-sent---> REGISTER sip:ucm-pub.example.com SIP/2.0",
        "From: <sip:1010@ucm-pub.example.com>;tag=aa",
    ]
    received = told.tell(SipReceived(start_line="", method="REGISTER", status=408, text=TIMEOUT)).lines(
        "jabber"
    )
    assert any(line.endswith(" - sipio-recv<--- SIP/2.0 408 Request Timeout") for line in received)


def test_jabber_says_why_it_has_no_token() -> None:
    lines = Told("CSFALICE").tell(PhoneFailed(code="E_NO_TOKEN", detail="none")).lines("jabber")
    assert lines[1].endswith(
        "[CSFUnified::SingleSignOn::Impl::handleRefreshTokenFailure] - "
        "Failed to get valid access token from refresh token, maybe server issue."
    )


def test_jabber_reads_its_ports() -> None:
    text = log_of("registers-on-5090", "CSFALICE.jabber.log")
    assert "::setSipOauthMode] - sip OAuth Mode=1\n" in text
    assert (
        r"[\core\ccapp\config\config_parser.c(1491)] [csf.sip-call-control] [config_process_ccm_properties] - "
        "ccm0=ucm-pub.lab.example ccm1=  ccm2= sip_oauth_port_0=5090 sip_oauth_port_1=5090 "
        "sip_oauth_port_2=5090 length=0\n"
    ) in text
    assert "sip OAuth Mode=0\n" in log_of("legacy-5060", "CSFCAROL.jabber.log")
    assert (
        r"\config_parser.c(1494)] [csf.sip-call-control] [config_process_ccm_properties] - "
        "sip_mar_oauth_port_0=5091 sip_mar_oauth_port_1=5091 sip_mar_oauth_port_2=5091\n"
    ) in log_of("registers-over-5091", "CSFALICE.jabber.log")


def test_jabber_names_all_its_nodes_in_one_line() -> None:
    told = Told("CSFALICE").tell(
        *(
            PhonePortDecided(row=1, node=f"10.10.10.{node}", port=port, transport="tls", element="sipOAuthPort")
            for node, port in ((1, 5090), (2, 5190))
        )
    )
    assert [line.partition(" - ")[2] for line in told.lines("jabber")[1:]] == [
        "sip OAuth Mode=1",
        "ccm0=10.10.10.1 ccm1=10.10.10.2  ccm2= sip_oauth_port_0=5090 sip_oauth_port_1=5190 "
        "sip_oauth_port_2=5190 length=0",
    ]


# --- UCM -----------------------------------------------------------------------------------------------


def test_the_sip_trace_counts_and_prints_messages() -> None:
    told = Told("ucm-pub", listener="oauth").tell(
        SipReceived(start_line="", method="REGISTER", text=REGISTER),
        SipSent(start_line="", method="REGISTER", status=408, text=TIMEOUT),
    )
    lines = told.lines("ucm-trace")
    assert lines[:3] == [
        "00000001.000 |11:03:19.200 |AppInfo  |SIPTcp - wait_SdlReadRsp: Incoming SIP TCP message from "
        f"10.0.0.3 on port 49152 index 7 with {len(REGISTER)} bytes:",
        "[1,NET]",
        "REGISTER sip:ucm-pub.example.com SIP/2.0",
    ]
    assert (
        "00000002.000 |11:03:19.200 |AppInfo  |SIPTcp - wait_SdlSPISignal: Outgoing SIP TCP message to "
        "10.0.0.3 on port 49152 index 7"
    ) in lines
    datagram = Told("ucm-pub", listener="sip-udp", transport="udp").tell(
        SipReceived(start_line="", method="REGISTER", text=REGISTER)
    )
    assert "|SIPUdp - " in datagram.lines("ucm-trace")[0]


TAIL = "[AppID=Cisco CallManager][ClusterID=StandAloneCluster][NodeID=ucm-pub]"
CONTACT = '<sip:x@10.0.0.3>;+u.sip!model.ccm.cisco.com="503"'
REJECTED = RegistrarRejected(
    device="CSFALICE", aor="sip:1010@x", reason="r", detail="d", status=403, cause=28, mark="documented"
)


@pytest.mark.parametrize(
    ("event", "alarm"),
    [
        pytest.param(
            BindingChanged(what="added", device="CSFALICE", aor="sip:1010@x", contact=CONTACT),
            "6 : 1: ucm-pub Mar 30 2020 11:03:19 UTC :   %UC_CALLMANAGER-6-EndPointRegistered: "
            "%[DeviceName=CSFALICE][IPAddress=10.0.0.3][Protocol=SIP][DeviceType=503][AssociatedDNs=1010]"
            f"[IPAddrAttributes=0]{TAIL}: Endpoint registered.",
            id="registered",
        ),
        pytest.param(
            BindingChanged(what="expired", device="CSFALICE", aor="sip:1010@x", contact=CONTACT, cause=13),
            "3 : 1: ucm-pub Mar 30 2020 11:03:19 UTC :   %UC_CALLMANAGER-3-EndPointUnregistered: "
            f"%[DeviceName=CSFALICE][Protocol=SIP][Reason=13][IPAddrAttributes=0]{TAIL}: "
            "An endpoint has unregistered",
            id="missed its refresh",
        ),
        pytest.param(
            REJECTED,
            "3 : 1: ucm-pub Mar 30 2020 11:03:19 UTC :   %UC_CALLMANAGER-3-EndPointTransientConnection: "
            "%[ConnectingPort=5090][DeviceName=CSFALICE][IPAddress=10.0.0.3][Reason=28][Protocol=SIP]"
            f"[SIPUser=1010][LastSignalReceived=SIPRegisterInd]{TAIL}: "
            "An endpoint attempted to register but did not complete registration.",
            id="refused with 403",
        ),
        pytest.param(
            RegistrarChallenged(device=None, aor="sip:[x]\r\n@x", status=407, reason="expired"),
            "3 : 1: ucm-pub Mar 30 2020 11:03:19 UTC :   %UC_CALLMANAGER-3-EndPointTransientConnection: "
            "%[ConnectingPort=5090][IPAddress=10.0.0.3][Reason=10][Protocol=SIP]"
            f"[SIPUser=(x)..][LastSignalReceived=SIPRegisterInd]{TAIL}: "
            "An endpoint attempted to register but did not complete registration.",
            id="challenged for a bad token, by a hostile address of record",
        ),
        pytest.param(
            TlsFailed(
                role="server", by="peer", alert=48, alert_name="unknown_ca", reason="TLSV1_ALERT_UNKNOWN_CA"
            ),
            "6 : 1: ucm-pub Mar 30 2020 11:03:19 UTC :   %UC_CALLMANAGER-6-SSLorTCPConnectionFailure: "
            f"%[PeerAddr=10.0.0.3][PeerPortNo=49152][ReasonCode=48][Reason=TLSV1_ALERT_UNKNOWN_CA]{TAIL}: "
            "Unified CM failed to open a TCP/TLS connection for the indicated device",
            id="TLS refused",
        ),
    ],
)
def test_alarms_have_the_catalogues_shape(event: object, alarm: str) -> None:
    assert Told("ucm-pub", listener="oauth").tell(event).lines("ucm-syslog") == [
        f"Mar 30 11:03:19 ucm-pub local7 {alarm}"
    ]


def test_an_attempt_tells_the_model_that_its_register_named() -> None:
    told = Told("ucm-pub", listener="oauth").tell(
        SipReceived(start_line="", method="REGISTER", text=f"{REGISTER.strip()}\r\nContact: {CONTACT}\r\n\r\n"),
        REJECTED,
    )
    (line,) = told.lines("ucm-syslog")
    assert "[IPAddress=10.0.0.3][DeviceType=503][Reason=28]" in line


@pytest.mark.parametrize(
    "event",
    [
        BindingChanged(what="refreshed", device="CSFALICE", aor="sip:1010@x", contact=CONTACT),
        RegistrarChallenged(device="CSFALICE", aor="sip:1010@x", status=407, reason="token_absent"),
    ],
)
def test_what_is_no_failure_raises_no_alarm(event: object) -> None:
    assert Told("ucm-pub", listener="oauth").tell(event).lines("ucm-syslog") == []


# --- Expressway ----------------------------------------------------------------------------------------

STAMP = "2020-03-30T11:03:19.200+00:00 expc tvcs:"
UTC = 'UTCTime="2020-03-30 11:03:19,200"'


def test_an_expressway_tells_messages_twice() -> None:
    told = Told("expc", listener="edge", port=5063).tell(
        SipReceived(
            start_line=REGISTER.split("\r\n")[0],
            method="REGISTER",
            cseq=5,
            call_id="id@10.0.0.3",
            text=REGISTER,
        )
    )
    _, info, debug, *message = told.lines("expressway")
    where = 'Action="Received"  Local-ip="192.0.2.1"  Local-port="5063"  Src-ip="10.0.0.3"  Src-port="49152"'
    assert re.fullmatch(
        re.escape(
            f'{STAMP} {UTC} Module="network.sip" Level="INFO":  {where}  Detail="Receive Request '
            "Method=REGISTER, CSeq=5, Request-URI=sip:ucm-pub.example.com, To=sip:1010@ucm-pub.example.com, "
            "Call-ID=id@10.0.0.3, From-Tag=aa, To-Tag=, Msg-Hash="
        )
        + r'\d+"',
        info,
    )
    assert re.fullmatch(
        re.escape(f'{STAMP} {UTC} Module="network.sip" Level="DEBUG":  {where}  Msg-Hash="') + r'\d+"', debug
    )
    assert message[:2] == [" SIPMSG:", " |REGISTER sip:ucm-pub.example.com SIP/2.0"]
    assert message[-1] == " CSeq: 5 REGISTER|"


def test_an_expressway_tells_its_answer() -> None:
    told = Told("expc", listener="edge").tell(
        SipSent(start_line="SIP/2.0 408 Request Timeout", method="REGISTER", status=408, cseq=5, text=TIMEOUT)
    )
    assert 'Action="Sent"' in told.lines("expressway")[1]
    assert 'Detail="Sending Response Code=408, Method=REGISTER, CSeq=5, To=' in told.lines("expressway")[1]


OUT = 'Src-ip="10.0.0.3" Src-port="49152" Dst-ip="192.0.2.1" Dst-port="5091"'


@pytest.mark.parametrize(
    ("event", "listener", "line"),
    [
        pytest.param(
            TlsFailed(
                role="client",
                by="us",
                alert=48,
                alert_name="unknown_ca",
                reason="CERTIFICATE_VERIFY_FAILED",
                detail="self-signed certificate in certificate chain",
                server_name='ucm-pub"x',
            ),
            None,
            f'{STAMP} Event="Outbound TLS Negotiation Error" Service="SIP" {OUT} Detail="self signed '
            f'certificate in certificate chain" Protocol="TLS" Common-name="ucm-pub\'x" Level="1" {UTC}',
            id="it refuses UCM",
        ),
        pytest.param(
            TlsFailed(
                role="client", by="peer", alert=48, alert_name="unknown_ca", reason="TLSV1_ALERT_UNKNOWN_CA"
            ),
            None,
            f'{STAMP} Event="Outbound TLS Negotiation Error" Service="SIP" {OUT} '
            f'Detail="tlsv1 alert unknown ca" Protocol="TLS" Level="1" {UTC}',
            id="UCM refuses it",
        ),
        pytest.param(
            TlsFailed(role="server", by="peer", alert=None, alert_name=None, reason="EOF", detail="left"),
            "edge",
            f'{STAMP} Event="Inbound TLS Negotiation Error" Service="SIP" {OUT} '
            f'Detail="No SSL error available, probably remote disconnect" Protocol="TLS" Level="1" {UTC}',
            id="a phone leaves without a word",
        ),
        pytest.param(
            FlowClosed(by="peer", clean=True),
            "edge",
            f'{STAMP} {UTC} Module="network.tcp" Level="DEBUG":  {OUT} Detail="TCP Connection Closed" '
            'Reason="Got EOF on socket"',
            id="closed",
        ),
        pytest.param(
            FlowFailed(transport="tls", remote="ucm-pub.lab.example:5091", detail="refused"),
            None,
            f'{STAMP} {UTC} Module="network.tcp" Level="ERROR":  Dst-ip="ucm-pub.lab.example" Dst-port="5091" '
            'Detail="TCP Connection Failed"',
            id="no connection",
        ),
        pytest.param(
            ZoneChanged(zone="CEOAuth ucm-pub", state="failed", detail="lost, closed by UCM"),
            None,
            f'{STAMP} Event="External Server Communications Failure" Reason="lost, closed by UCM" '
            f'Service="NeighbourGatekeeper" Detail="name:CEOAuth ucm-pub" Protocol="TLS" Level="1" {UTC}',
            id="a zone goes down",
        ),
        pytest.param(
            ZoneConfigured(zone="CEtls-ucm-pub", what="created", address="ucm-pub:5061", priority=45),
            None,
            f'{STAMP} Event="System Configuration Changed" Detail="Zone \'CEtls-ucm-pub\' created: '
            f'ucm-pub:5061, search rule at priority 45" Level="1" {UTC}',
            id="discovery makes a zone",
        ),
        pytest.param(
            ProxyForwarded(direction="inward", start_line="REGISTER sip:ucm-pub.lab.example;lr SIP/2.0"),
            None,
            f'{STAMP} {UTC} Module="network.search" Level="DEBUG":  Detail="Considering search rule '
            "'CEOAuth ucm-pub.lab.example' towards target 'CEOAuth ucm-pub.lab.example' at priority '45' with "
            "alias 'ucm-pub.lab.example;lr'\"",
            id="search rule",
        ),
        pytest.param(
            EdgeRequestAnswered(method="GET", path="/bGFi/get_edge_sso", status=200),
            "https",
            f'{STAMP.replace("tvcs", "traffic_server[18242]")} Event="Request Allowed" Detail="Access allowed" '
            'Reason="In allow list" Username="" Deployment="1" Method="GET" '
            f'Request="https://192.0.2.1:5091/bGFi/get_edge_sso" {UTC}',
            id="the edge answers itself",
        ),
        pytest.param(
            EdgeRequestAnswered(
                method="GET", path="/A.cnf.xml", status=200, user="alice", scheme="http", inside="ucm-pub:6970"
            ),
            "https",
            f'{STAMP.replace("tvcs", "traffic_server[18242]")} Event="Request Allowed" Detail="Access allowed" '
            'Reason="In allow list" Username="alice" Deployment="1" Method="GET" '
            f'Request="http://ucm-pub:6970/A.cnf.xml" {UTC}',
            id="a file fetched without TLS",
        ),
    ],
)
def test_expressway_lines_have_the_observed_shape(event: object, listener: str | None, line: str) -> None:
    told = Told("expc", port=5091) if listener is None else Told("expc", listener=listener, port=5091)
    assert told.tell(event).lines("expressway")[-1] == line


SSL = {
    "it refuses its client": (
        TlsFailed(role="server", by="us", alert=48, alert_name="unknown_ca", reason="x", verify_code=19),
        "edge",
        ("true", "192.0.2.1:5091", "10.0.0.3:49152"),
        "14089086:SSL routines:ssl3_get_client_certificate:certificate verify failed",
    ),
    "it refuses UCM": (
        TlsFailed(role="client", by="us", alert=48, alert_name="unknown_ca", reason="x", verify_code=19),
        None,
        ("false", "10.0.0.3:49152", "192.0.2.1:5091"),
        "14090086:SSL routines:ssl3_get_server_certificate:certificate verify failed",
    ),
    "UCM refuses it": (
        TlsFailed(role="client", by="peer", alert=48, alert_name="unknown_ca", reason="TLSV1_ALERT_UNKNOWN_CA"),
        None,
        ("false", "10.0.0.3:49152", "192.0.2.1:5091"),
        "14094418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca",
    ),
}


@pytest.mark.parametrize(("event", "listener", "ends", "error"), SSL.values(), ids=SSL)
def test_an_expressways_tls_library_speaks_before_the_event(
    event: object, listener: str | None, ends: tuple[str, str, str], error: str
) -> None:
    told = Told("expc", port=5091) if listener is None else Told("expc", listener=listener, port=5091)
    *_, said, debug, negotiation = told.tell(event).lines("expressway")
    server, local, remote = ends
    source = 'CodeLocation="ppcmains/ssl/ttssl/ttssl_openssl.cpp({})" Method="::{}" Thread="0x7f1d5c8e2700":'
    assert said == (
        f'{STAMP} {UTC} Module="developer.ssl" Level="ERROR" {source.format(68, "TTSSLErrorOutput")} '
        'TTSSL_continueHandshake: Failed to establish SSL connection iResult="-1" error="1" '
        f"bServer=\"{server}\" localAddress=\"['IPv4''TCP''{local}']\" "
        f"remoteAddress=\"['IPv4''TCP''{remote}']\" ssl_error_reason=\"error:{error}\""
    )
    assert debug == (
        f'{STAMP} {UTC} Module="developer.ssl" Level="DEBUG" {source.format(1997, "ttssl_continueHandshake")} '
        'Detail="Handshake Failed" Reason="want error ssl"'
    )
    assert "TLS Negotiation Error" in negotiation


def test_an_expressway_tells_where_it_connects_to() -> None:
    assert Told("expc", port=5091).lines("expressway") == [
        f'{STAMP} {UTC} Module="network.tcp" Level="DEBUG":  {OUT} Detail="TCP Connecting"',
        f'{STAMP} {UTC} Module="network.tcp" Level="DEBUG":  {OUT} Detail="TCP Connection Established"',
    ]


# --- all of them ---------------------------------------------------------------------------------------


@cache
def run(scenario: str) -> tuple[Report, dict[str, str]]:
    found = SCENARIO[scenario]
    report = world_report(found, found.tls[-1])
    return report, logs_of(report.records)


def log_of(scenario: str, name: str) -> str:
    return run(scenario)[1][name]


@pytest.mark.parametrize(
    "scenario", [pytest.param(one.id, id=f"{one.id} on TLS {one.tls[-1]}") for one in SCENARIOS]
)
def test_no_scenarios_logs_hold_a_secret_or_a_control_character(scenario: str) -> None:
    for name, text in run(scenario)[1].items():
        assert not SECRETS.search(text), name
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), name


def test_every_actor_of_a_lab_has_its_logs() -> None:
    assert set(run("registers-over-5091")[1]) == {
        "CSFALICE.jabber.log",
        "expc.tvcs.log",
        "ucm-pub.sdl.log",
        "ucm-pub.syslog.log",
    }
    assert {log.of for log in LOGS.values()} == {"phone", "node", "expressway"}


def test_times_never_go_back() -> None:
    text = log_of("missed-refresh", "CSFALICE.jabber.log")
    stamps = re.findall(r"^\d{4}-\d\d-\d\d [\d:,]+", text, re.M)
    assert stamps == sorted(stamps)
    assert len(set(stamps)) > 3


def test_a_message_cannot_forge_a_line() -> None:
    forged = "REGISTER sip:x SIP/2.0\r\nX: a\u2028b\x1b[31mc\rd\r\n\r\n"
    record = Record(
        seq=1,
        at=ManualClock(0).now(),
        actor=ActorId("p"),
        event=SipSent(start_line="", method="x", text=forged),
    )
    assert render_log("jabber", [record], "p").splitlines()[1] == "X: a.b.[31mc.d"
