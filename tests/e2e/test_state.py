"""`ucmsim up --state FILE`: what administrators changed outlives the lab; with any ports too."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.axl import Axl
from tests.e2e.browser import ask, refresh, sign_in
from tests.e2e.phones import Phones
from tests.e2e.running_lab import RunningLab, running_lab, ucmsim
from tests.patience import patience


def cli(lab: RunningLab, command: str, *answers: str) -> str:
    more = [part for answer in answers for part in ("--answer", answer)]
    done = ucmsim("admin", command, "--control", lab.control, *more, fresh="enduser" in command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_what_was_changed_is_still_so_after_a_restart_of_the_lab(tmp_path: Path) -> None:
    state = tmp_path / "cluster.db"
    with running_lab(tmp_path / "1", "--port-base", "0", "--state", state) as lab:
        cli(lab, "utils sipOAuth-mode disable")
        cli(lab, "run sql insert into expresswaycconfiguration (pkid, hostnameorip) values (newid(), 'expc9')")
        cli(lab, "run sql update device set description = 'kept' where name = 'CSFALICE'")
        assert Axl(lab).call("addUser", "<user><userid>zoe</userid><lastName>Z</lastName></user>").status == 200
    with running_lab(tmp_path / "2", "--port-base", "0", "--state", state) as lab:
        assert "\n0" in cli(
            lab, "run sql select paramvalue from processconfig where paramname = 'ClusterSIPOAuthMode'"
        )
        assert "expc9" in cli(lab, "run sql select hostnameorip from expresswaycconfiguration")
        assert "kept" in cli(lab, "run sql select description from device where name = 'CSFALICE'")
        assert "zoe" in cli(lab, "run sql select userid from enduser")
        started = lab.events("service:started", 0, service="Cisco CallManager")
        assert "SIP OAuth mode off" in started[0]["detail"]
        cli(lab, "utils sipOAuth-mode enable")
    with running_lab(tmp_path / "3", "--port-base", "0", "--state", state) as lab:
        await Phones(lab).all_register()


def test_administrators_see_the_ports_that_are_really_open(tmp_path: Path) -> None:
    with running_lab(tmp_path / "1", "--port-base", "0") as lab:
        host, oauth = lab.endpoint("oauth")
        answer = Axl(lab).call("getCallManager", "<name>CM_ucm-pub</name>")
        assert f"<sipOAuthPort>{oauth}</sipOAuthPort>" in answer.text
        assert f"<sipPhonePort>{lab.endpoint('sip')[1]}</sipPhonePort>" in answer.text
        assert f"{host}:{oauth} (LISTEN)" in cli(lab, f"show open ports regexp {oauth}")
        started = lab.events("service:started", 0, service="Cisco CallManager")
        assert str(oauth) in started[0]["detail"]
        cli(lab, "utils service restart Cisco CallManager")
        assert lab.get("/endpoints")["ucm-pub"]["oauth"] == [host, oauth]


def shown(lab: RunningLab) -> list[tuple[int, ...]]:
    """The SIP ports, as the sockets, the database, AXL and a phone's configuration file tell them."""
    columns = "sipphoneport, sipphonesecureport, sipoauthport, sipoauthmraport"
    row = cli(lab, f"run sql select {columns} from callmanager").splitlines()[-1]
    answer = Axl(lab).call("getCallManager", "<name>CM_ucm-pub</name>").text
    with urllib.request.urlopen(
        f"http://{lab.hostport('config')}/CSFALICE.cnf.xml", timeout=patience()
    ) as reply:
        file = reply.read().decode()

    def texts(document: str, *names: str) -> tuple[int, ...]:
        return tuple(int(re.search(rf"<{name}>(\d+)<", document)[1]) for name in names)  # type: ignore[index]

    return [
        tuple(lab.endpoint(role)[1] for role in ("sip", "sips", "oauth", "mra")),
        tuple(map(int, row.split())),
        texts(answer, "sipPhonePort", "sipPhoneSecurePort", "sipOAuthPort", "sipOAuthMRAPort"),
        texts(file, "sipPort", "securedSipPort", "sipOAuthPort", "sipMRAOAuthPort"),
    ]


async def test_a_kept_database_follows_the_free_ports_of_each_start(tmp_path: Path) -> None:
    state = tmp_path / "cluster.db"
    with running_lab(tmp_path / "1", "--port-base", "0", "--state", state) as lab:
        before = shown(lab)
        assert len({*before}) == 1, before
        # Another lab beside it has other ports: none may be left over from the first.
        copied = tmp_path / "copy.db"
        copied.write_bytes(state.read_bytes())
        with running_lab(tmp_path / "2", "--port-base", "0", "--state", copied) as other:
            after = shown(other)
            assert len({*after}) == 1, after
            assert not {*after[0]} & {*before[0]}
            cli(other, "utils service restart Cisco CallManager")
            assert shown(other) == after
            await Phones(other).all_register()


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""], ids=["text", "empty"])
def test_a_file_that_is_no_cluster_database(tmp_path: Path, content: bytes) -> None:
    state = tmp_path / "cluster.db"
    state.write_bytes(content)
    if not content:
        with running_lab(tmp_path / "1", "--port-base", "0", "--state", state):
            return
    done = ucmsim("up", "--port-base", "0", "--state", state)
    assert done.returncode == 2
    assert str(state.name) in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


def test_refresh_tokens_outlive_a_restart_and_revoked_ones_stay_so(tmp_path: Path) -> None:
    state = tmp_path / "cluster.db"
    with running_lab(tmp_path / "1", "--port-base", "0", "--state", state) as lab:
        alice, bob = (sign_in(lab, user)["refresh_token"] for user in ("alice", "bob"))
        revoked = ask(lab, "GET", "/ssosp/token/revoke?user_id=bob", basic="admin:ucmsim")
        assert revoked.json["revoked_tokens"]["status"] == "success"
    keys = state.with_name("cluster.db.authz")
    assert keys.stat().st_mode & 0o777 == 0o600
    with running_lab(tmp_path / "2", "--port-base", "0", "--state", state) as lab:
        answer = refresh(lab, alice)
        assert answer.status == 200, answer.text
        token = answer.json["access_token"]
        assert lab.ask("POST", "/tokens/inspect", {"token": token}).json["accepted"]
        answer = refresh(lab, bob)
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
        cli(lab, "set key regen authz signing", "yes")
        cli(lab, "utils service restart Cisco Tomcat")
        old_key, carol = alice, sign_in(lab, "carol")["refresh_token"]
    with running_lab(tmp_path / "3", "--port-base", "0", "--state", state) as lab:
        assert refresh(lab, carol).status == 200, "of the key that was made last"
        for token in (old_key, bob):
            answer = refresh(lab, token)
            assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not the token keys"),
        ("[]", "not the token keys"),
        ('{"cluster_id": "x"}', "not the token keys"),
        ('{"cluster_id": "x", "signing": "y", "encryption": "z"}', "not the token keys"),
    ],
)
def test_a_file_that_is_no_token_keys(tmp_path: Path, text: str, said: str) -> None:
    state = tmp_path / "cluster.db"
    with running_lab(tmp_path / "1", "--port-base", "0", "--state", state):
        pass
    state.with_name("cluster.db.authz").write_text(text)
    done = ucmsim("up", "--port-base", "0", "--state", state)
    assert done.returncode != 0
    assert "cluster.db.authz" in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
