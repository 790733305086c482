"""SIPp as the phone: on 5060 directly, on 5090 and on Expressway-E's 5061 through stunnel (Debian's SIPp has no
TLS)."""

from __future__ import annotations

import csv
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.running_lab import RunningLab
from tests.patience import patience

pytestmark = pytest.mark.interop

SCENARIOS = Path(__file__).parent / "sipp"


def run_sipp(
    program: str,
    scenario: str,
    target: str,
    folder: Path,
    *,
    transport: str = "t1",
    inject: Path | None = None,
    **keys: str,
) -> dict[str, str]:
    """One call; holds SIPp to exit code 0 and returns the last row of its statistics."""
    keys = {"node": "ucm-pub", "transport_name": "udp" if transport == "u1" else "tcp", **keys}
    stats = folder / "stats.csv"
    command = [program, "-sf", str(SCENARIOS / scenario), "-m", "1", "-t", transport, "-i", "127.0.0.1"]
    command += ["-nostdin", "-timeout", f"{patience():.0f}s", "-timeout_error"]
    command += ["-trace_stat", "-stf", str(stats), "-trace_err", "-error_file", str(folder / "errors.log")]
    for name, value in keys.items():
        command += ["-key", name, value]
    if inject is not None:
        command += ["-inf", str(inject)]
    done = subprocess.run(
        [*command, target], capture_output=True, text=True, timeout=patience(), cwd=folder, check=False
    )
    errors = folder / "errors.log"
    said = errors.read_text() if errors.exists() else done.stderr
    assert done.returncode == 0, f"sipp ended with {done.returncode}: {said or done.stdout[-2000:]}"
    with stats.open(newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))[-1]


def assert_one_success(row: dict[str, str]) -> None:
    assert (row["SuccessfulCall(C)"], row["FailedCall(C)"]) == ("1", "0")
    assert row["Retransmissions(C)"] == "0"


@contextmanager
def tls_client(program: str, target: str, folder: Path, trusted: Path) -> Iterator[str]:
    """stunnel before `target`, holding its certificate against `trusted` and its address; its own host:port."""
    config = folder / "stunnel.conf"
    config.write_text(
        "foreground = yes\n"
        "debug = info\n"
        "pid =\n"
        "[ucm]\n"
        "client = yes\n"
        "accept = 127.0.0.1:0\n"
        f"connect = {target}\n"
        f"CAfile = {trusted}\n"
        "verifyChain = yes\n"
        "checkIP = 127.0.0.1\n"
    )
    process = subprocess.Popen([program, str(config)], stderr=subprocess.PIPE, text=True, cwd=folder)
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            found = re.search(r"Service \[ucm\].* bound to (127\.0\.0\.1:\d+)", line)
            if found:
                yield found[1]
                break
        else:
            raise AssertionError(f"stunnel did not start: {''.join(said)}")
    finally:
        process.terminate()
        process.communicate(timeout=patience())


@pytest.mark.parametrize("transport", ["t1", "u1"], ids=["over TCP", "over UDP"])
def test_a_non_secure_phone_registers_refreshes_and_unregisters(
    lab: RunningLab, sipp: str, tmp_path: Path, transport: str
) -> None:
    since = lab.mark()
    row = run_sipp(
        sipp,
        "legacy_register.xml",
        lab.hostport("sip"),
        tmp_path,
        transport=transport,
        dn="1012",
        device="CSFCAROL",
    )
    assert_one_success(row)
    accepted = lab.events("registrar:accepted", since, device="CSFCAROL")
    assert [event["what"] for event in accepted] == ["registered", "refreshed", "unregistered"]
    assert [event["expires"] for event in accepted] == [120, 120, 0]
    bindings = lab.events("binding:changed", since, device="CSFCAROL")
    assert [event["what"] for event in bindings] == ["added", "refreshed", "removed"]
    assert lab.registered("CSFCAROL") is None
    opened = lab.events("flow:opened", since)
    assert [event["listener"] for event in opened] == ["sip-tcp" if transport == "t1" else "sip-udp"]
    assert lab.events("sip:malformed", since) == []


def test_an_oauth_phone_registers_on_5090_through_stunnel(
    lab: RunningLab, sipp: str, stunnel: str, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.csv"
    token = lab.token("alice")
    tokens.write_text(f"SEQUENTIAL\n{token}\n")
    since = lab.mark()
    with tls_client(stunnel, lab.hostport("oauth"), tmp_path, lab.ca_file) as target:
        row = run_sipp(
            sipp, "oauth_register.xml", target, tmp_path, inject=tokens, dn="1010", device="CSFALICE"
        )
    assert_one_success(row)
    challenge = lab.wait_for("registrar:challenged", since)
    assert (challenge["device"], challenge["status"], challenge["reason"]) == ("CSFALICE", 407, "token_absent")
    accepted = lab.events("registrar:accepted", since, device="CSFALICE")
    assert [event["what"] for event in accepted] == ["registered", "refreshed", "unregistered"]
    assert all(event["token"].startswith("sha256:") for event in accepted)
    up = lab.wait_for("tls:established", since)
    assert (up["role"], up["version"], up["peer_names"]) == ("server", "TLSv1.2", [])
    assert token not in lab.ask("GET", f"/events?since={since}&limit=100000").body.decode()


def test_a_remote_phone_registers_through_the_expressway_and_stunnel(
    lab: RunningLab, sipp: str, stunnel: str, tmp_path: Path
) -> None:
    """UCM's 407 is relayed end to end, and the token opens 5091 from outside."""
    tokens = tmp_path / "tokens.csv"
    token = lab.token("alice")
    tokens.write_text(f"SEQUENTIAL\n{token}\n")
    since, edge = lab.mark(), lab.hostport("edge", "expc")
    with tls_client(stunnel, edge, tmp_path, lab.pki / "expressway-ca.pem") as target:
        row = run_sipp(
            sipp,
            "edge_register.xml",
            target,
            tmp_path,
            inject=tokens,
            node="127.0.0.1",
            edge=edge,
            dn="1010",
            device="CSFALICE",
        )
    assert_one_success(row)
    challenge = lab.wait_for("registrar:challenged", since)
    assert (challenge["device"], challenge["status"], challenge["reason"]) == ("CSFALICE", 407, "token_absent")
    judged = lab.wait_for("trust:judged", since)
    assert (judged["trusted"], judged["matched"]) == (True, "expc.lab.example")
    accepted = lab.events("registrar:accepted", since, device="CSFALICE")
    assert [event["what"] for event in accepted] == ["registered", "unregistered"]
    forwarded = [event["direction"] for event in lab.events("expressway:forwarded", since)]
    assert forwarded == ["inward", "outward"] * 3
    assert token not in lab.ask("GET", f"/events?since={since}&limit=100000").body.decode()


def test_stunnel_that_does_not_trust_the_issuer_refuses_tomcat_with_unknown_ca(
    lab: RunningLab, stunnel: str, sipp: str, tmp_path: Path
) -> None:
    since = lab.mark()
    tokens = tmp_path / "tokens.csv"
    tokens.write_text("SEQUENTIAL\nnever-sent\n")
    with (
        tls_client(stunnel, lab.hostport("oauth"), tmp_path, lab.pki / "expressway-ca.pem") as target,
        pytest.raises(AssertionError, match="sipp ended with"),
    ):
        run_sipp(sipp, "oauth_register.xml", target, tmp_path, inject=tokens, dn="1010", device="CSFALICE")
    failed = lab.wait_for("tls:failed", since)
    assert (failed["role"], failed["by"], failed["alert"]) == ("server", "peer", 48)
    assert lab.events("sip:received", since) == []


def test_an_oauth_device_on_5060_gets_403_port_mismatch(lab: RunningLab, sipp: str, tmp_path: Path) -> None:
    since = lab.mark()
    row = run_sipp(sipp, "refused.xml", lab.hostport("sip"), tmp_path, dn="1010", device="CSFALICE")
    assert_one_success(row)
    rejected = lab.wait_for("registrar:rejected", since)
    assert (rejected["device"], rejected["status"], rejected["cause"]) == ("CSFALICE", 403, 28)
    assert lab.registered("CSFALICE") is None
