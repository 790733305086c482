"""`openssl s_client` at every TLS port: who refuses whom, with which alert, as both ends tell it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.running_lab import RunningLab
from tests.patience import patience

pytestmark = pytest.mark.interop

REGISTER = """\
REGISTER sip:ucm-pub SIP/2.0
Via: SIP/2.0/TLS 127.0.0.1:50000;branch=z9hG4bK0000{cseq}
From: <sip:{dn}@ucm-pub>;tag=0c1013aa0003
To: <sip:{dn}@ucm-pub>
Call-ID: s-client-{dn}@127.0.0.1
Max-Forwards: 70
CSeq: {cseq} REGISTER
User-Agent: s_client
Contact: <sip:{dn}@127.0.0.1:50000;transport=tls>;+u.sip!devicename.ccm.cisco.com="{device}"
{more}Expires: {expires}
Content-Length: 0

"""
OPTIONS = """\
OPTIONS sip:ucm-pub SIP/2.0
Via: SIP/2.0/TLS 127.0.0.1:50001;branch=z9hG4bKoptions
From: <sip:expc@127.0.0.1>;tag=1
To: <sip:ucm-pub>
Call-ID: options-from-s-client@127.0.0.1
Max-Forwards: 70
CSeq: 1 OPTIONS
Contact: <sip:127.0.0.1:50001;transport=tls>
Content-Length: 0

"""


def register(cseq: int, *, dn: str, device: str, expires: int = 3600, more: str = "") -> str:
    return REGISTER.format(cseq=cseq, dn=dn, device=device, expires=expires, more=more)


def wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def handshake(openssl: str, target: str, *args: object) -> subprocess.CompletedProcess[str]:
    """Connect, say nothing, and leave as soon as standard input ends."""
    return subprocess.run(
        [openssl, "s_client", "-connect", target, *map(str, args)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience(),
        check=False,
    )


def converse(openssl: str, target: str, script: bytes, folder: Path, answers: int, *args: object) -> list[str]:
    """Pipe a file of bytes through s_client, and read as many SIP answers (without bodies) as asked for."""
    file = folder / "script"
    file.write_bytes(script)
    with file.open("rb") as stdin:
        process = subprocess.Popen(
            [openssl, "s_client", "-connect", target, "-quiet", "-ign_eof", *map(str, args)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    try:
        assert process.stdout is not None
        heads: list[str] = []
        while len(heads) < answers:
            lines = []
            while (line := process.stdout.readline()) != b"\r\n":
                assert line, f"s_client ended: {process.communicate(timeout=patience())}"
                lines.append(line.decode())
            heads.append("".join(lines))
            length = re.search(r"Content-Length: (\d+)", heads[-1])
            process.stdout.read(int(length[1]) if length else 0)
        return heads
    finally:
        process.kill()
        process.communicate()


def alerts(done: subprocess.CompletedProcess[str]) -> list[int]:
    """The alerts that openssl says it received."""
    return [int(number) for number in re.findall(r"SSL alert number (\d+)", done.stderr)]


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory, openssl: str) -> tuple[Path, Path]:
    """A certificate of an authority that UCM has never heard of, made by openssl itself."""
    folder = tmp_path_factory.mktemp("stranger")
    certificate, key = folder / "stranger.pem", folder / "stranger.key"
    command = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=expc.lab.example",
    ]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


# --- 5090: the server's certificate ---------------------------------------------------------------------------


def test_5090_verifies_with_the_tomcat_issuer_on_tls_1_2(lab: RunningLab, openssl: str) -> None:
    since = lab.mark()
    verify = ("-CAfile", lab.ca_file, "-verify_return_error", "-verify_ip", "127.0.0.1")
    done = handshake(openssl, lab.hostport("oauth"), "-brief", *verify)
    assert done.returncode == 0, done.stderr
    assert "Verification: OK" in done.stderr
    assert "Protocol version: TLSv1.2" in done.stderr
    up = lab.wait_for("tls:established", since)
    assert (up["role"], up["version"]) == ("server", "TLSv1.2")
    closed = lab.wait_for("flow:closed", since)
    assert (closed["by"], closed["clean"]) == ("peer", True)


def test_5090_refuses_a_client_that_insists_on_tls_1_3(lab: RunningLab, openssl: str) -> None:
    since = lab.mark()
    done = handshake(openssl, lab.hostport("oauth"), "-tls1_3")
    assert (done.returncode, alerts(done)) == (1, [70])
    failed = lab.wait_for("tls:failed", since)
    assert (failed["by"], failed["alert"], failed["alert_name"]) == ("us", 70, "protocol_version")


def test_a_client_that_does_not_trust_tomcat_says_unknown_ca(lab: RunningLab, openssl: str) -> None:
    since = lab.mark()
    trusted = lab.pki / "expressway-ca.pem"
    done = handshake(openssl, lab.hostport("oauth"), "-CAfile", trusted, "-verify_return_error")
    assert done.returncode == 1
    failed = lab.wait_for("tls:failed", since)
    assert (failed["role"], failed["by"], failed["alert"]) == ("server", "peer", 48)
    assert failed["reason"] == "TLSV1_ALERT_UNKNOWN_CA"


# --- 5091: the client's certificate (each wrong one: test_openssl_5091) ---------------------------------------


def test_5091_with_the_expressways_certificate_answers_options(
    lab: RunningLab, openssl: str, tmp_path: Path
) -> None:
    since = lab.mark()
    heads = converse(
        openssl,
        lab.hostport("mra"),
        wire(OPTIONS),
        tmp_path,
        1,
        *("-cert", lab.pki / "expc.pem", "-key", lab.pki / "expc.key"),
        *("-CAfile", lab.ca_file, "-verify_return_error"),
    )
    assert heads[0].startswith("SIP/2.0 200 OK\r\n")
    assert "CSeq: 1 OPTIONS\r\n" in heads[0]
    judged = lab.wait_for("trust:judged", since)
    assert (judged["trusted"], judged["matched"]) == (True, "expc.lab.example")


def test_5091_closes_on_a_certificate_whose_names_are_not_in_the_table(lab: RunningLab, openssl: str) -> None:
    """Tomcat-trust holds the Tomcat issuer, so a node's own certificate passes TLS, but is no Expressway-C."""
    since = lab.mark()
    folder = lab.pki / "ucm-pub"
    args = ("-cert", folder / "tomcat.pem", "-key", folder / "tomcat.key", "-quiet", "-ign_eof")
    done = handshake(openssl, lab.hostport("mra"), *args)
    assert alerts(done) == []
    judged = lab.wait_for("trust:judged", since)
    assert (judged["trusted"], judged["matched"]) == (False, None)
    closed = lab.wait_for("flow:closed", since)
    assert closed["by"] == "us"


# --- 5061: the LSC --------------------------------------------------------------------------------------------


def test_5061_with_an_lsc_registers_its_device(lab: RunningLab, openssl: str, tmp_path: Path) -> None:
    since = lab.mark()
    script = register(101, dn="1013", device="CSFDAVE") + register(102, dn="1013", device="CSFDAVE", expires=0)
    heads = converse(
        openssl,
        lab.hostport("sips"),
        wire(script),
        tmp_path,
        2,
        *("-cert", lab.pki / "CSFDAVE.pem", "-key", lab.pki / "CSFDAVE.key"),
        *("-CAfile", lab.pki / "ucm-pub" / "CallManager.pem", "-verify_return_error"),
    )
    assert [head.split("\r\n")[0] for head in heads] == ["SIP/2.0 200 OK"] * 2
    up = lab.wait_for("tls:established", since)
    assert up["peer_names"][0] == "CSFDAVE"
    accepted = lab.events("registrar:accepted", since, device="CSFDAVE")
    assert [event["what"] for event in accepted] == ["registered", "unregistered"]


def test_5061_without_an_lsc_is_alert_40(lab: RunningLab, openssl: str) -> None:
    done = handshake(openssl, lab.hostport("sips"))
    assert (done.returncode, alerts(done)) == (1, [40])


# --- a whole registration as a byte stream --------------------------------------------------------------------


def test_a_stream_of_bytes_registers_on_5090(lab: RunningLab, openssl: str, tmp_path: Path) -> None:
    """Three requests in one piece: the registrar frames them, and answers 407, 200 and 200."""
    since = lab.mark()
    token = f'Proxy-Authorization: Bearer token="{lab.token("bob")}"\n'
    phone = {"dn": "1011", "device": "CSFBOB"}
    script = (
        register(1, **phone) + register(2, **phone, more=token) + register(3, **phone, more=token, expires=0)
    )
    trust = ("-CAfile", lab.ca_file, "-verify_return_error")
    heads = converse(openssl, lab.hostport("oauth"), wire(script), tmp_path, 3, *trust)
    assert [head.split("\r\n")[0] for head in heads] == [
        "SIP/2.0 407 Proxy Authentication Required",
        "SIP/2.0 200 OK",
        "SIP/2.0 200 OK",
    ]
    assert 'Proxy-Authenticate: Bearer realm="ccmsipline"\r\n' in heads[0]
    assert lab.wait_for("registrar:challenged", since)["device"] == "CSFBOB"
    accepted = lab.events("registrar:accepted", since, device="CSFBOB")
    assert [event["what"] for event in accepted] == ["registered", "unregistered"]


# --- TLS 1.3 --------------------------------------------------------------------------------------------------


def test_tls_1_3_verifies_and_registers(lab_tls13: RunningLab, openssl: str, tmp_path: Path) -> None:
    lab = lab_tls13
    since = lab.mark()
    token = f'Proxy-Authorization: Bearer token="{lab.token("alice")}"\n'
    phone = {"dn": "1010", "device": "CSFALICE"}
    script = (
        register(1, **phone) + register(2, **phone, more=token) + register(3, **phone, more=token, expires=0)
    )
    trust = ("-CAfile", lab.ca_file, "-verify_return_error", "-tls1_3")
    heads = converse(openssl, lab.hostport("oauth"), wire(script), tmp_path, 3, *trust)
    assert [head.split(" ")[1] for head in heads] == ["407", "200", "200"]
    assert lab.wait_for("tls:established", since)["version"] == "TLSv1.3"


def test_tls_1_3_unknown_ca_reaches_a_client_whose_handshake_has_succeeded(
    lab_tls13: RunningLab, openssl: str, stranger: tuple[Path, Path], tmp_path: Path
) -> None:
    """The client has sent its REGISTER with its Finished: the alert must get through all the same."""
    lab = lab_tls13
    since = lab.mark()
    certificate, key = stranger
    file = tmp_path / "script"
    file.write_bytes(wire(register(1, dn="1010", device="CSFALICE")))
    with file.open("rb") as stdin:
        command = [openssl, "s_client", "-connect", lab.hostport("mra"), "-ign_eof", "-quiet"]
        done = subprocess.run(
            [*command, "-cert", certificate, "-key", key],
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=patience(),
            check=False,
        )
    assert alerts(done) == [48], done.stderr
    assert "alert unknown ca" in done.stderr
    failed = lab.wait_for("tls:failed", since)
    assert (failed["by"], failed["alert"], failed["alert_name"]) == ("us", 48, "unknown_ca")


def test_tls_1_3_client_that_does_not_trust_tomcat_says_unknown_ca(lab_tls13: RunningLab, openssl: str) -> None:
    since = lab_tls13.mark()
    trusted = lab_tls13.pki / "expressway-ca.pem"
    done = handshake(openssl, lab_tls13.hostport("oauth"), "-CAfile", trusted, "-verify_return_error")
    assert done.returncode == 1
    failed = lab_tls13.wait_for("tls:failed", since)
    assert (failed["role"], failed["by"], failed["alert"]) == ("server", "peer", 48)


def test_tls_1_3_refuses_tls_1_2(lab_tls13: RunningLab, openssl: str) -> None:
    done = handshake(openssl, lab_tls13.hostport("oauth"), "-tls1_2")
    assert (done.returncode, alerts(done)) == (1, [70])
