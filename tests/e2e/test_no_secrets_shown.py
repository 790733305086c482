"""What a running lab and the commands show holds no secret: events, journal, ladder, explanations, outcomes."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.axl import Axl
from tests.e2e.running_lab import running_lab, ucmsim
from tests.simulator.evidence.test_no_secrets import PASSWORD, SHAPES

LAB = f"""\
nodes:
  - {{name: ucm-pub, host: 127.0.0.1}}
administrators:
  - {{name: admin, password: {PASSWORD}}}
users:
  - {{id: alice, password: {PASSWORD}}}
phones:
  - {{device: CSFALICE, user: alice}}
cluster:
  authorization:
    clients:
      - {{secret: the-secret-of-the-product}}
"""
_PASSWORD_CHANGE = f"<userid>alice</userid><password>{PASSWORD}-2</password>"


def test_nothing_that_is_shown_holds_a_secret(tmp_path: Path) -> None:
    file, password, secret = tmp_path / "LAB.yaml", tmp_path / "password", tmp_path / "secret"
    file.write_text(LAB)
    password.write_text(PASSWORD)
    secret.write_text("the-secret-of-the-product")
    shown: dict[str, str] = {}
    with running_lab(tmp_path / "stderr", file, "--port-base", "0") as lab:
        shown["the line of `up`"] = json.dumps(lab.ready)
        who = ("--domain", "lab.example", "--user", "alice", "--password-file", password)
        where = ("--nameserver", lab.hostport("dns", "dns"), "--ca-file", lab.ca_file)
        client = ("--client-secret-file", secret)
        good, bad = lab.token("alice"), lab.token("alice", "signature-bit-flip")
        (tmp_path / "bad").write_text(bad)
        url = f"http://{lab.hostport('config')}/CSFALICE.cnf.xml"
        commands: dict[str, tuple[int, tuple[object, ...]]] = {
            "phone that signs in": (0, ("phone", *who, *where, *client, "--ladder")),
            "phone that signs in, as JSON": (0, ("phone", *who, *where, *client, "--json")),
            "phone without the client's secret": (1, ("phone", *who, *where)),
            "phone with a bad token": (
                1,
                ("phone", "--config-url", url, "--token-file", tmp_path / "bad", "--ca-file", lab.ca_file),
            ),
            "inspect of a good token": (0, ("token", "inspect", "--control", lab.control, good)),
            "inspect as JSON": (0, ("token", "inspect", "--control", lab.control, good, "--json")),
            "inspect of a bad token": (1, ("token", "inspect", "--control", lab.control, bad)),
            "explain": (0, ("explain", lab.control)),
            "run with its ladder": (0, ("run", "signs-in", "--driver", "world", "--ladder")),
        }
        for name, (code, command) in commands.items():
            done = ucmsim(*command)
            assert done.returncode == code, (name, done.stdout, done.stderr)
            shown[name] = done.stdout + done.stderr
        assert Axl(lab, password=PASSWORD).call("updateUser", _PASSWORD_CHANGE).status == 200
        for path in ("/events?limit=100000", "/journal", "/failures", "/ladder", "/explain", "/metrics", "/"):
            shown[path] = lab.ask("GET", path).body.decode()
        shown["/explain?format=text"] = lab.ask("GET", "/explain?format=text").body.decode()
    shown["stderr of `up`"] = (tmp_path / "stderr").read_text()
    assert "/ssosp/oauth/token" in shown["/journal"]
    assert "oauth:granted" in shown["/events?limit=100000"]
    for name, text in shown.items():
        found = SHAPES.search(text)
        assert found is None, f"{name}: {text[max(0, found.start() - 80) : found.end() + 20]}"
        for one in (good, bad, "the-secret-of-the-product"):
            assert one not in text, name
