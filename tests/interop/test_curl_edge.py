"""Expressway-E's 8443 against curl: edge configuration, cookies, what is relayed, and who is turned away."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from tests.e2e.running_lab import RunningLab
from tests.patience import patience

pytestmark = pytest.mark.interop

NAME = "expc.lab.example"


def segment(text: str) -> str:
    return b64encode(text.encode()).decode().rstrip("=")


CONFIG = f"/{segment('lab.example')}/get_edge_config?service_name=_cisco-uds&service_name=_cuplogin"


def run(curl: str, lab: RunningLab, path: str, *args: object, ca: Path | None = None) -> tuple[int, int, str]:
    """Exit code, status and body."""
    host, port = lab.endpoint("https", "expc")
    trusted = ca or lab.pki / "expressway-ca.pem"
    command = [curl, "-q", "-sS", "--noproxy", "*", "--path-as-is", "--max-time", "10", "-w", "\n%{http_code}"]
    command += ["--cacert", str(trusted), "--resolve", f"{NAME}:{port}:{host}"]
    done = subprocess.run(
        [*command, *map(str, args), f"https://{NAME}:{port}{path}"],
        capture_output=True,
        text=True,
        timeout=patience(),
        check=False,
    )
    body, _, status = done.stdout.rpartition("\n")
    return done.returncode, int(status), body


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_edge_configuration_for_a_password_and_then_for_its_cookie(
    lab: RunningLab, curl: str, tmp_path: Path, version: str
) -> None:
    tls = (f"--tlsv{version}", "--tls-max", version)
    since, jar = lab.mark(), tmp_path / "cookies"
    assert run(curl, lab, CONFIG, *tls)[:2] == (0, 401)
    assert run(curl, lab, CONFIG, *tls, "-u", "alice:wrong")[:2] == (0, 401)
    code, status, body = run(curl, lab, CONFIG, *tls, "-u", "alice:ucmsim", "-c", jar)
    assert (code, status) == (0, 200)
    host, port = lab.endpoint("edge", "expc")
    assert f"<tlsPort>{port}</tlsPort>" in body
    assert f"&lt;sip:{host}:{port};transport=tls;zone-id=3;directed;lr&gt;" in body
    assert run(curl, lab, CONFIG, *tls, "-b", jar) == (0, 200, body)
    assert {
        event["version"] for event in lab.events("tls:established", since, role="server", actor="expc")
    } == {f"TLSv{version}"}


def test_a_token_reaches_uds_through_the_edge_and_no_further(lab: RunningLab, curl: str) -> None:
    bearer = ("-H", f"Authorization: Bearer {lab.token('alice')}")
    host, port = lab.endpoint("https")
    inside = segment(f"lab.example/https/{host}/{port}")
    code, status, body = run(curl, lab, f"/{inside}/cucm-uds/user/alice/devices", *bearer)
    assert (code, status) == (0, 200)
    assert "CSFALICE" in body
    assert run(curl, lab, f"/{inside}/cucm-uds/user/alice/devices")[1] == 401
    for path in ("/axl/", "/cucm-uds/../axl/", "/cucm-uds/%2e%2e/axl/", "/ccmadmin/"):
        assert run(curl, lab, f"/{inside}{path}", *bearer)[1] == 403, path
    assert (
        run(curl, lab, f"/{segment('lab.example/https/evil.example/443')}/cucm-uds/version", *bearer)[1] == 403
    )


@pytest.mark.parametrize(
    ("path", "args", "status"),
    [
        pytest.param("/@@@@/get_edge_config", (), 400, id="a domain that is no base64"),
        pytest.param(f"/{segment('evil.example')}/get_edge_config", (), 403, id="somebody else's domain"),
        pytest.param(CONFIG, ("-H", "X-Long: " + "y" * 20_000), 431, id="a header of 20 kB"),
        pytest.param(CONFIG, ("-X", "PUT", "-d", "x"), 405, id="a method that is not served"),
        pytest.param(CONFIG, ("-H", "Authorization: Bearer not.a.token"), 401, id="a token that is none"),
        pytest.param(CONFIG, ("-H", "Authorization: Basic !!!"), 401, id="a password that is no base64"),
        pytest.param(CONFIG, ("-b", "X-Auth=guess"), 401, id="a cookie that was never given"),
    ],
)
def test_who_is_turned_away(lab: RunningLab, curl: str, path: str, args: tuple[str, ...], status: int) -> None:
    since = lab.mark()
    assert run(curl, lab, path, *args)[:2] == (0, status)
    assert [event for event in lab.events("expressway:http", since) if event["inside"]] == []
    assert run(curl, lab, f"/{segment('lab.example')}/get_edge_sso?email=a")[:2] == (0, 200)


def test_curl_that_does_not_trust_the_edge_s_authority_says_unknown_ca(lab: RunningLab, curl: str) -> None:
    since = lab.mark()
    code, _, _ = run(curl, lab, CONFIG, ca=lab.ca_file)
    assert code == 60
    failed = lab.wait_for("tls:failed", since, actor="expc")
    assert (failed["role"], failed["by"], failed["alert"]) == ("server", "peer", 48)
