"""`openssl s_client` at 5091 with each wrong certificate, on TLS 1.2 and 1.3: the refusal as both ends tell."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.running_lab import RunningLab, running_lab
from tests.interop.test_openssl import OPTIONS, alerts, converse, wire
from tests.patience import patience

pytestmark = pytest.mark.interop

LAB = """\
name: doors
tls: "{tls}"
nodes:
  - {{name: ucm-pub, host: 127.0.0.1}}
expressways:
  - {{name: good}}
  - {{name: stranger, certificate: {{issuer: other-ca}}}}
  - {{name: self-signed, certificate: {{issuer: self}}}}
  - {{name: twin, certificate: {{issuer: self, common_name: expressway-ca}}}}
  - {{name: forged, certificate: {{forged: true}}}}
  - {{name: leaf-only, certificate: {{issuer: expressway-ca/issuing, chain: leaf_only}}}}
  - {{name: expired, certificate: {{valid: expired}}}}
  - {{name: early, certificate: {{valid: not_yet}}}}
  - {{name: server-only, certificate: {{usages: server}}}}
  - {{name: weak, certificate: {{key: rsa1024}}}}
  - {{name: unlisted, table: []}}
  - {{name: elliptic, certificate: {{key: ec256}}}}
phones:
  - {{device: CSFALICE, user: alice, dn: "1010", profile: oauth}}
"""


class Doors(NamedTuple):
    lab: RunningLab
    tls13: bool


@pytest.fixture(scope="module", params=["1.2", "1.3"], ids=["TLS 1.2", "TLS 1.3"])
def doors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """A lab whose Expressways have every kind of certificate; only their credentials are used here."""
    folder = tmp_path_factory.mktemp("doors")
    file = folder / "lab.yaml"
    file.write_text(LAB.format(tls=request.param))
    with running_lab(folder / "stderr", file, "--port-base", "0") as running:
        yield Doors(running, request.param == "1.3")


def knock(openssl: str, lab: RunningLab, folder: Path, *args: object) -> subprocess.CompletedProcess[str]:
    """Shake hands and send OPTIONS at once, as a client of TLS 1.3 may before it hears of a refusal."""
    file = folder / "script"
    file.write_bytes(wire(OPTIONS))
    with file.open("rb") as stdin:
        # Level 0: s_client itself must not object to a short key.
        command = [openssl, "s_client", "-connect", lab.hostport("mra"), "-quiet", "-ign_eof"]
        return subprocess.run(
            [*command, "-cipher", "DEFAULT@SECLEVEL=0", *map(str, args)],
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=patience(),
            check=False,
        )


def credential(lab: RunningLab, name: str) -> tuple[object, ...]:
    certificate = lab.pki / f"{name}.pem"
    # s_client sends only the leaf of -cert; what follows it in the file is the chain.
    return ("-cert", certificate, "-key", lab.pki / f"{name}.key", "-cert_chain", certificate)


@dataclass(frozen=True, kw_only=True)
class Case:
    who: str | None
    """None: no certificate; TLS 1.3 has an alert of its own for that, 116."""
    alert: int
    name: str
    reason: str = "CERTIFICATE_VERIFY_FAILED"
    verify: int | None = None
    """OpenSSL's verify code; None: nothing was verified."""


CASES = [
    pytest.param(
        Case(
            who=None,
            alert=40,
            name="handshake_failure",
            reason="PEER_DID_NOT_RETURN_A_CERTIFICATE",
        ),
        id="no certificate at all",
    ),
    pytest.param(
        Case(who="stranger", alert=48, name="unknown_ca", verify=20),
        id="signed by an authority that is not in tomcat-trust",
    ),
    pytest.param(Case(who="self-signed", alert=48, name="unknown_ca", verify=18), id="self-signed"),
    pytest.param(
        Case(who="twin", alert=48, name="unknown_ca", verify=18),
        id="self-signed with the CN of a trusted authority",
    ),
    pytest.param(
        Case(who="forged", alert=48, name="unknown_ca", verify=20),
        id="signed by an impostor with the trusted authority's name",
    ),
    pytest.param(
        Case(who="leaf-only", alert=48, name="unknown_ca", verify=20), id="its intermediate is not sent along"
    ),
    pytest.param(Case(who="expired", alert=45, name="certificate_expired", verify=10), id="expired"),
    pytest.param(Case(who="early", alert=42, name="bad_certificate", verify=9), id="not valid yet"),
    pytest.param(
        Case(who="server-only", alert=43, name="unsupported_certificate", verify=26),
        id="extended key usage for servers only",
    ),
    pytest.param(Case(who="weak", alert=42, name="bad_certificate", verify=66), id="a key of 1024 bits"),
]


@pytest.mark.parametrize("case", CASES)
def test_5091_refuses_a_client_whose_certificate_is(
    doors: Doors, openssl: str, tmp_path: Path, case: Case
) -> None:
    lab = doors.lab
    since = lab.mark()
    done = knock(openssl, lab, tmp_path, *(credential(lab, case.who) if case.who else ()))
    alert, name = case.alert, case.name
    if doors.tls13 and case.who is None:
        alert, name = 116, "certificate_required"
    assert alerts(done) == [alert], done.stderr
    failed = lab.wait_for("tls:failed", since)
    assert (failed["role"], failed["by"], failed["alert"], failed["alert_name"]) == (
        "server",
        "us",
        alert,
        name,
    )
    assert (failed["reason"], failed["verify_code"]) == (case.reason, case.verify)
    assert lab.events("trust:judged", since) == []
    assert lab.events("sip:received", since) == []


def test_5091_closes_without_an_alert_on_a_good_certificate_whose_names_are_in_no_row(
    doors: Doors, openssl: str, tmp_path: Path
) -> None:
    lab = doors.lab
    since = lab.mark()
    done = knock(openssl, lab, tmp_path, *credential(lab, "unlisted"))
    assert (alerts(done), done.stdout) == ([], "")
    judged = lab.wait_for("trust:judged", since)
    assert (judged["trusted"], judged["offered"]) == (False, ["unlisted.lab.example", "127.0.0.1"])
    assert lab.wait_for("flow:closed", since)["by"] == "us"
    assert lab.events("sip:received", since) == []


@pytest.mark.parametrize("who", ["good", "elliptic"], ids=["with an RSA key", "with an elliptic key"])
def test_5091_serves_a_good_certificate(doors: Doors, openssl: str, tmp_path: Path, who: str) -> None:
    lab = doors.lab
    since = lab.mark()
    trust = ("-CAfile", lab.ca_file, "-verify_return_error")
    heads = converse(openssl, lab.hostport("mra"), wire(OPTIONS), tmp_path, 1, *credential(lab, who), *trust)
    assert heads[0].startswith("SIP/2.0 200 OK\r\n")
    assert lab.wait_for("trust:judged", since)["matched"] == f"{who}.lab.example"
    assert lab.wait_for("tls:established", since)["version"] == ("TLSv1.3" if doors.tls13 else "TLSv1.2")
