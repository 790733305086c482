"""`ucmsim up --pcap --keylog` and the commands of docs/howto-capture.md, as a user types them."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.e2e.running_lab import running_lab, ucmsim
from tests.patience import patience

TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed (Debian package tshark)")
HOWTO = Path(__file__).parents[2] / "docs" / "howto-capture.md"


def shell(command: str, folder: Path) -> str:
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, timeout=patience(), check=True
    )
    return done.stdout


def _ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_a_lab_leaves_a_capture_and_its_key_log(tmp_path: Path) -> None:
    pcap, keys = tmp_path / "lab.pcapng", tmp_path / "keys"
    with running_lab(tmp_path / "stderr", "--port-base", "0", "--pcap", pcap, "--keylog", keys) as lab:
        context = ssl.create_default_context(cafile=str(lab.ca_file))
        with (
            socket.create_connection(lab.endpoint("oauth")) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1") as tls,
        ):
            tls.sendall(b"OPTIONS sip:nobody SIP/2.0\r\nContent-Length: 0\r\n\r\n")
            tls.recv(1)
        port = lab.endpoint("oauth")[1]
    for file in (pcap, keys):
        assert file.stat().st_mode & 0o077 == 0
    assert re.search(
        r"^(CLIENT_RANDOM|SERVER_TRAFFIC_SECRET_0) [0-9a-f]{64} [0-9a-f]+$", keys.read_text(), re.M
    )
    assert pcap.read_bytes().startswith(b"\x0a\x0d\x0d\x0a")
    if TSHARK is not None:
        said = shell(f"tshark -r lab.pcapng -d tcp.port=={port},tls -d tls.port=={port},sip -Y sip", tmp_path)
        assert "Request: OPTIONS sip:nobody" in said


@needs_tshark
@pytest.mark.skipif(not _ipv6(), reason="this machine has no IPv6")
def test_a_capture_over_ipv6_is_read_as_decrypted_sip(tmp_path: Path) -> None:
    pcap = tmp_path / "lab.pcapng"
    with running_lab(tmp_path / "stderr", "--port-base", "0", "--host", "::1", "--pcap", pcap) as lab:
        host, port = lab.endpoint("oauth")
        context = ssl.create_default_context(cafile=str(lab.ca_file))
        with (
            socket.create_connection((host, port)) as raw,
            context.wrap_socket(raw, server_hostname="::1") as tls,
        ):
            tls.sendall(
                b"OPTIONS sip:nobody SIP/2.0\r\nX-Long: " + b"x" * 4000 + b"\r\nContent-Length: 0\r\n\r\n"
            )
            tls.recv(1)
    decode = f"-d tcp.port=={port},tls -d tls.port=={port},sip"
    said = shell(
        f"tshark -r lab.pcapng {decode} -Y 'ipv6 && sip' -T fields -e ipv6.dst -e sip.Method", tmp_path
    )
    assert "::1\tOPTIONS" in said
    checks = "-o tcp.check_checksum:TRUE"
    wrong = "tcp.checksum.status==0||_ws.malformed||tcp.analysis.retransmission||tcp.analysis.lost_segment"
    assert shell(f"tshark -r lab.pcapng {decode} {checks} -Y '{wrong}'", tmp_path) == ""


@pytest.mark.parametrize("option", ["--pcap", "--keylog"])
def test_a_file_that_cannot_be_written_is_said_before_the_lab_starts(tmp_path: Path, option: str) -> None:
    done = ucmsim("up", "--port-base", "0", "--json", option, tmp_path / "no" / "folder")
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{option}: cannot write" in done.stderr


@needs_tshark
def test_the_howtos_commands_show_what_it_says(tmp_path: Path) -> None:
    done = ucmsim("run", "unknown-ca-from-ucm", "--tls", "1.3", "--artifacts", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    sip, alert, comments = re.findall(r"^(tshark -r out/\*/capture\.pcapng .*)$", HOWTO.read_text(), re.M)
    said = shell(sip, tmp_path)
    assert re.search(
        r"Request: REGISTER(.*\n)+.*Status: 407(.*\n)+.*Request: REGISTER(.*\n)+.*Status: 200", said
    )
    assert "Unknown CA" in shell(alert, tmp_path)
    assert "ucm-pub tls:failed by us, alert 48 unknown_ca" in shell(comments, tmp_path)
    for name in re.findall(r"^\| `([\w.-]+\.log)`", HOWTO.read_text(), re.M):
        assert list(tmp_path.glob(f"out/*/{name}")), name
