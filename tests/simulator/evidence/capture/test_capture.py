"""Captures as Wireshark reads them: SIP decrypted, alerts from who sent them, frames beyond reproach."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from simulator.core.events import SipSent
from simulator.core.tls.settings import TlsVersion
from simulator.evidence.capture import Capture
from simulator.evidence.report.report import DriverName, Report
from simulator.lab.files import catalogue
from simulator.lab.run.runner import run_live, run_world
from tests.patience import patience

TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed (Debian package tshark)")

PORTS = ("5090", "5091", "5061", "15090")
# An Expressway keeps its connection to UCM alive with STUN (RFC 5626), which tshark takes for the beginning of
# the next SIP message, unless each TLS record stands for itself.
ALONE = ("-o", "tls.desegment_ssl_application_data:FALSE")
AS_SIP = [part for port in PORTS for part in ("-d", f"tcp.port=={port},tls", "-d", f"tls.port=={port},sip")]
CHECKED = [part for layer in ("ip", "tcp", "udp") for part in ("-o", f"{layer}.check_checksum:TRUE")]
WRONG = (
    "_ws.malformed || ip.checksum.status==0 || tcp.checksum.status==0 || udp.checksum.status==0 "
    "|| tcp.analysis.flags || _ws.expert.severity==error"
)

DRIVERS: tuple[DriverName, ...] = ("world", "lab")
VERSIONS: tuple[TlsVersion, ...] = ("1.2", "1.3")


class Taken(NamedTuple):
    report: Report
    file: Path


def recorded(scenario: str, driver: DriverName, tls: TlsVersion) -> Report:
    (found,) = catalogue.find([scenario])
    with Capture() as capture:
        if driver == "world":
            report = run_world(found, tls, capture=capture)
        else:
            report = asyncio.run(run_live(found, tls, capture=capture))
        assert report.passed, report.failures
        assert Path(capture.keylog).stat().st_mode & 0o077 == 0
    assert not Path(capture.keylog).exists()
    return report


@pytest.fixture(
    scope="module", params=[(d, v) for d in DRIVERS for v in VERSIONS], ids=lambda p: f"{p[0]}, TLS {p[1]}"
)
def taken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Taken]:
    """Captures of the scenarios of this module, by scenario."""
    driver, version = request.param
    folder = tmp_path_factory.mktemp("captures")
    out = {}
    for scenario in SCENARIOS:
        report = recorded(scenario, driver, version)
        assert report.pcapng is not None
        file = folder / f"{scenario}.pcapng"
        file.write_bytes(report.pcapng)
        out[scenario] = Taken(report, file)
    return out


SCENARIOS = (
    "registers-on-5090",
    "registers-over-5091",
    "tomcat-not-trusted-by-phone",
    "unknown-ca-from-ucm",
    "unknown-ca-from-expressway",
    "port-mismatch-profile",
    "custom-ports-per-node",
)


def tshark(file: Path, *args: str) -> list[list[str]]:
    """Rows of tab-separated fields."""
    assert TSHARK is not None
    done = subprocess.run(
        [TSHARK, "-n", "-r", str(file), *AS_SIP, *ALONE, *CHECKED, *args],
        capture_output=True,
        text=True,
        timeout=patience(),
        check=True,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def fields(file: Path, filter_: str, *names: str) -> list[list[str]]:
    return tshark(file, "-Y", filter_, "-T", "fields", *(part for name in names for part in ("-e", name)))


@needs_tshark
def test_a_registration_is_read_as_sip(taken: dict[str, Taken]) -> None:
    rows = fields(
        taken["registers-on-5090"].file, "sip", "sip.Method", "sip.Status-Code", "tcp.dstport", "tcp.srcport"
    )
    said = [method or status for method, status, *_ in rows]
    assert said[:4] == ["REGISTER", "407", "REGISTER", "200"]
    assert [to for method, _, to, _ in rows if method] == ["5090"] * sum(bool(row[0]) for row in rows)
    assert {source for method, _, _, source in rows if not method} == {"5090"}


@needs_tshark
def test_each_message_is_there_once_on_either_leg_of_mra(taken: dict[str, Taken]) -> None:
    rows = fields(
        taken["registers-over-5091"].file, "sip.Method && sip.CSeq", "tcp.stream", "sip.CSeq", "sip.Via.branch"
    )
    assert len(rows) == len({tuple(row) for row in rows})
    assert {port for (port,) in fields(taken["registers-over-5091"].file, "sip.Method", "tcp.dstport")} == {
        "5061",
        "5091",
    }


@needs_tshark
@pytest.mark.parametrize(
    ("scenario", "sent_by_server_port", "port"),
    [
        pytest.param("tomcat-not-trusted-by-phone", False, "5090", id="phone refuses Tomcat"),
        pytest.param("unknown-ca-from-expressway", False, "5091", id="Expressway-C refuses Tomcat"),
        pytest.param("unknown-ca-from-ucm", True, "5091", id="UCM refuses Expressway-C"),
    ],
)
def test_unknown_ca_is_in_the_direction_it_was_sent(
    taken: dict[str, Taken], scenario: str, sent_by_server_port: bool, port: str
) -> None:
    rows = fields(
        taken[scenario].file,
        "tls.alert_message.desc==48",
        "ip.src",
        "tcp.srcport",
        "ip.dst",
        "tcp.dstport",
        "frame.comment",
    )
    assert rows
    for source, source_port, target, target_port, comment in rows:
        assert (source_port if sent_by_server_port else target_port) == port
        if source != target:  # the World, where each house has its own address
            assert source.startswith("192.0.2.") == sent_by_server_port
        assert "tls:failed by us, alert 48 unknown_ca" in comment


@needs_tshark
def test_nothing_is_malformed_retransmitted_out_of_order_or_wrongly_summed(taken: dict[str, Taken]) -> None:
    for scenario, run in taken.items():
        assert tshark(run.file, "-Y", WRONG) == [], scenario


@needs_tshark
def test_every_message_that_was_sent_is_decrypted(taken: dict[str, Taken]) -> None:
    for scenario, run in taken.items():
        sent = [
            str(record.event.status or record.event.method)
            for record in run.report.records
            if isinstance(record.event, SipSent)
        ]
        rows = fields(run.file, "sip", "sip.Method", "sip.Status-Code")
        said = [part for row in rows for cell in row if cell for part in cell.split(",")]
        assert said == sent, scenario


@needs_tshark
def test_comments_tell_what_the_simulator_knew(taken: dict[str, Taken]) -> None:
    rows = fields(taken["port-mismatch-profile"].file, "sip.Status-Code==403", "frame.comment")
    assert rows
    assert all("registrar:rejected profile_not_oauth" in comment for (comment,) in rows)


@needs_tshark
def test_documented_ports_are_shown_though_free_ones_are_bound(taken: dict[str, Taken]) -> None:
    opened = fields(taken["custom-ports-per-node"].file, "tcp.flags.syn==1 && tcp.flags.ack==0", "tcp.dstport")
    assert {"5090", "15090"} <= {port for (port,) in opened}


@pytest.mark.skipif(
    shutil.which("capinfos") is None, reason="capinfos is not installed (Debian package wireshark-common)"
)
def test_capinfos_counts_one_block_of_secrets_for_each_session(taken: dict[str, Taken]) -> None:
    done = subprocess.run(
        ["capinfos", str(taken["registers-over-5091"].file)],
        capture_output=True,
        text=True,
        timeout=patience(),
        check=True,
    )
    assert "Number of decryption secrets in file: 2" in done.stdout
    assert "whoever has it can read the tokens" in done.stdout
