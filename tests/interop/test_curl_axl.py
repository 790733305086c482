"""AXL against curl as a script calls it with a large body: curl waits for 100 Continue, and gets it at once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.e2e.axl import ENVELOPE, PASSWORD
from tests.e2e.running_lab import RunningLab
from tests.patience import patience

pytestmark = pytest.mark.interop

LIST = "<searchCriteria><name>%</name></searchCriteria><returnedTags><name/></returnedTags>"


def post(curl: str, lab: RunningLab, body: Path, *, password: str) -> subprocess.CompletedProcess[str]:
    """curl gives up long before it would send the body without having been asked for it."""
    host, port = lab.endpoint("https")
    command = [curl, "-q", "-sS", "-k", "-v", "--noproxy", "*", "--max-time", "20", "--expect100-timeout", "60"]
    command += ["-u", f"admin:{password}", "-H", "Content-Type: text/xml", "-H", "Expect: 100-continue"]
    command += ["--data-binary", f"@{body}", f"https://{host}:{port}/axl/"]
    return subprocess.run(command, capture_output=True, text=True, timeout=patience(), check=True)


@pytest.fixture
def body(tmp_path: Path) -> Path:
    """A request of 900 kB, nearly all of it white space."""
    path = tmp_path / "request.xml"
    text = ENVELOPE.format(operation="listPhone", body=LIST)
    path.write_text(text.replace("<soapenv:Body>", "<soapenv:Body>" + " " * 900_000))
    return path


def test_a_large_body_is_sent_when_the_node_asks_for_it(curl: str, lab: RunningLab, body: Path) -> None:
    done = post(curl, lab, body, password=PASSWORD)
    assert "< HTTP/1.1 100 Continue" in done.stderr
    assert "CSFALICE" in done.stdout


def test_a_wrong_password_is_refused_before_the_body_is_sent(curl: str, lab: RunningLab, body: Path) -> None:
    done = post(curl, lab, body, password="wrong")
    assert "< HTTP/1.1 401" in done.stderr
    assert "100 Continue" not in done.stderr
