"""Every command as a user runs it: exit codes, words, and not one token where none belongs."""

from __future__ import annotations

import json
import re
import signal
import socket
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest

from registrar.core.tokens import MUTATIONS
from simulator import __version__
from tests.e2e.running_lab import RunningLab, running_lab, ucmsim
from tests.patience import patience

ROOT = Path(__file__).parents[2]
TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{20,}")
"""Anything that may be a JOSE header, and so the beginning of a token."""

FAILING = """\
id: expects-another-port
title: Expects what does not happen
group: registration
outcome: registers
tls: ["1.2"]
lab:
  phones:
    - {device: CSFALICE, user: alice, dn: "1010", profile: oauth}
steps:
  - start: CSFALICE
  - expect:
      - {event: phone:registered, at: CSFALICE, with: {port: 5061}}
"""


def run(*args: object, code: int = 0, stdin: str = "", fresh: bool = False) -> tuple[str, str]:
    """Output and errors of a command that must end with `code`, and must print no token and no traceback."""
    done = ucmsim(*args, stdin=stdin, fresh=fresh)
    assert done.returncode == code, (done.stdout[-3000:], done.stderr[-3000:])
    assert "Traceback" not in done.stderr + done.stdout
    assert not TOKEN.search(done.stdout + done.stderr)
    return done.stdout, done.stderr


def complaint(*args: object, code: int) -> str:
    """The one line on stderr of a command that ends with `code`, without the program's name."""
    out, err = run(*args, code=code)
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("ucmsim: ")
    return err.removeprefix("ucmsim: ").strip()


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("failing") / "scenario.yaml"
    file.write_text(FAILING)
    return file


# --- help, version, doctor ------------------------------------------------------------------------------------


def test_the_version() -> None:
    assert run("--version", fresh=True) == (f"ucmsim {__version__}\n", "")


COMMANDS = ("demo", "list", "check", "run", "up", "phone", "doctor")
TOKEN_COMMANDS = ("token", "token mint", "token mutate", "token inspect", "token mutations")


@pytest.mark.parametrize("command", ["", *COMMANDS, *TOKEN_COMMANDS])
def test_help_names_the_command_and_exits_0(command: str) -> None:
    out, err = run(*command.split(), "--help")
    assert f"Usage: {' '.join(('ucmsim', *command.split()))} " in out
    assert err == ""
    assert max(map(len, out.splitlines())) <= 100


def test_an_unknown_command_or_option_is_2() -> None:
    assert "No such command" in run("registre", code=2)[1]
    assert "No such option" in run("list", "--jsn", code=2)[1]


def test_doctor_names_versions_and_ports() -> None:
    done = ucmsim("doctor", "--json", fresh=True)
    findings = json.loads(done.stdout)
    assert done.returncode == (0 if all(finding["ok"] for finding in findings) else 3)
    names = [finding["what"] for finding in findings]
    assert {"Python", "OpenSSL", "installation", "port 5090 (oauth)", "port 5063 (expc edge)"} <= set(names)
    done = ucmsim("doctor")
    assert [line.split()[0] in ("ok", "NO") for line in done.stdout.splitlines()] == [True] * len(names)


def test_up_exports_the_names_that_the_documentation_uses() -> None:
    done = ucmsim("up", "--port-base", "0", "--until-eof", stdin="")
    exported = dict(re.findall(r"^  export ([A-Z_]+)=(\S+)$", done.stdout, re.MULTILINE))
    pages = [*(ROOT / "docs").glob("howto-*.md"), *(ROOT / "docs").glob("tutorial-*.md"), ROOT / "README.md"]
    used = {
        name for page in pages for name in re.findall(r"\$([A-Z_]{2,})\b", page.read_text(encoding="utf-8"))
    }
    assert used <= set(exported)
    for name, scheme in (("CONTROL", "http"), ("CONFIG", "http"), ("FILES", "https")):
        assert re.fullmatch(rf"{scheme}://127\.0\.0\.1:\d+", exported[name])
    assert exported["CA"].endswith("/tomcat-ca.pem")
    assert exported["DNS"] != exported["DNS_OUTSIDE"]


# --- scenarios ------------------------------------------------------------------------------------------------


def test_the_demo_is_as_expected_and_json() -> None:
    out, err = run("demo", "--json", fresh=True)
    reports = json.loads(out)
    assert err == ""
    assert len(reports) >= 7
    assert all(report["passed"] for report in reports)


def test_the_demo_shows_ladders_and_a_table() -> None:
    out, _ = run("demo")
    assert "Not affiliated with Cisco" in out
    assert "TLS alert 48 unknown_ca" in out
    assert "SIP OAuth Registration port Mismatch" in out
    assert out.count("PASS") >= 7
    assert "Results" in out


def test_list_has_one_line_for_each_scenario_in_a_pipe() -> None:
    scenarios = json.loads(run("list", "--json", fresh=True)[0])
    out, _ = run("list")
    assert len(scenarios) >= 14
    for scenario in scenarios:
        assert re.search(rf"^  {scenario['id']} +{re.escape(scenario['title'])}$", out, re.MULTILINE)
    assert "never-refresh" in run("list", "--behaviours")[0]
    assert json.loads(run("list", "--schema")[0])["properties"]["steps"]


def test_check_reads_the_built_in_scenarios() -> None:
    assert re.fullmatch(r"\d+ files read, 0 problems\n", run("check", fresh=True)[0])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (FAILING.replace("start: CSFALICE", "start: CSFBOB"), ":10: "),
        (FAILING.replace("phone:registered", "phone:regstered"), ":12: "),
        (FAILING.replace("group: reg", "grp: reg"), ":3: grp: unknown key"),
        (FAILING.replace("id: expects", "id: [expects"), ":"),
        ("- " * 200 + "\n", ":1: "),
        ("a: &a [x]\nb: *a\n", ":"),
        ("", ":1: the file is empty"),
    ],
    ids=["unknown phone", "unknown event", "unknown key", "no YAML", "too deep", "an alias", "empty"],
)
def test_check_says_file_and_line(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(text)
    out, err = run("check", file, code=2)
    assert out == "1 file read, 1 problem\n"
    assert f"{file}{problem}" in err
    found = json.loads(run("check", file, "--json", code=2)[0])
    assert found["problems"] == [err.strip()]


def test_run_writes_json_and_junit(tmp_path: Path, failing: Path) -> None:
    results, junit = tmp_path / "results.json", tmp_path / "junit.xml"
    out, _ = run(
        *("run", "legacy-5060", failing, "--tls", "1.2", "--driver", "world"),
        *("--json", results, "--junit", junit),
        code=1,
    )
    assert "PASS legacy-5060" in out
    assert "FAIL expects-another-port" in out
    assert "nearest: " in out
    assert "port is 5090, not 5061" in out
    assert "REGISTER + token" in out, "the ladder's tail belongs to a failure"
    assert out.endswith("2 runs, 1 not as expected\n")
    text = results.read_text()
    assert [report["passed"] for report in json.loads(text)] == [True, False]
    assert not TOKEN.search(text)
    suite = ElementTree.fromstring(junit.read_text()).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert not TOKEN.search(junit.read_text())


def test_run_on_real_sockets(failing: Path) -> None:
    assert run("run", "registers-on-5090", "--tls", "1.3", fresh=True)[0].endswith("1 run, 0 not as expected\n")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "name scenarios, or give --all"),
        (("no-such-thing",), "no-such-thing: no scenario with this id"),
        (("unknown-ca-from-cucm",), "did you mean unknown-ca-from-ucm"),
        (("legacy-5060", "--tls", "1.1"), "--tls must be one of 1.2, 1.3"),
        (("/nowhere/scenario.yaml",), "no such file"),
    ],
    ids=["nothing", "an unknown id", "a misremembered id", "an unknown version", "a file that is not there"],
)
def test_run_refuses_what_it_cannot_run(args: tuple[str, ...], says: str) -> None:
    assert says in complaint("run", *args, code=2)


def test_run_that_cannot_write_its_results_is_3(tmp_path: Path) -> None:
    _, err = run("run", "legacy-5060", "--tls", "1.2", "--json", tmp_path / "no" / "folder.json", code=3)
    assert "cannot write" in err


def test_explain_of_a_scenario_says_that_it_wants_a_run() -> None:
    said = complaint("explain", "registers-on-5090", code=2)
    assert said.startswith("registers-on-5090: No such file or directory; ")
    assert "`ucmsim run registers-on-5090 --json FILE`" in said


# --- up -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end_with", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up_ends_with_0_on_each_signal(tmp_path: Path, end_with: signal.Signals) -> None:
    with running_lab(
        tmp_path / "stderr", "--port-base", "0", end_with=end_with, fresh=end_with == signal.SIGINT
    ) as lab:
        folder = lab.pki
        assert folder.is_dir()
        held = socket.create_connection(lab.endpoint("sip"))
    held.close()
    assert not folder.exists(), "the private keys must not stay behind"


def test_up_says_what_it_is_in_one_line_of_json(lab: RunningLab) -> None:
    assert set(lab.ready) >= {"endpoints", "ca_file", "control", "pki"}
    assert set(lab.ready["endpoints"]["ucm-pub"]) >= {"sip", "sips", "oauth", "mra", "config"}
    assert lab.ca_file.read_text().startswith("-----BEGIN CERTIFICATE-----")
    for key in lab.pki.rglob("*.key"):
        assert key.stat().st_mode & 0o777 == 0o600, key


@pytest.mark.parametrize("role", ["sip", "oauth", "config", "https", "ssh"])
def test_up_on_a_port_that_is_taken_is_3_and_one_line(tmp_path: Path, lab: RunningLab, role: str) -> None:
    taken = lab.endpoint(role)[1]
    ports = {"sip", "sips", "oauth", "mra", "config", "https", "ssh", "config_tls", "files_tls"}
    chosen = json.dumps(dict.fromkeys(ports, 0) | {role: taken})
    file = tmp_path / "lab.yaml"
    file.write_text(f"nodes: [{{name: ucm-pub, host: 127.0.0.1, ports: {chosen}}}]\n")
    said = complaint("up", file, "--json", code=3)
    assert said == f"cannot listen on 127.0.0.1:{taken}: Address already in use (try --port-base 0)"


def test_up_on_a_control_port_that_is_taken_says_so_too(lab: RunningLab) -> None:
    taken = int(lab.control.rpartition(":")[2])
    said = complaint("up", "--port-base", 0, "--control-port", taken, "--json", code=3)
    assert said == f"cannot listen on 127.0.0.1:{taken}: Address already in use"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: x\nnodez: []\n", ":2: nodez: unknown key"),
        (
            "nodes:\n  - {name: ucm-pub, ports: {oauth: 80}}\n",
            ":2: nodes[0].ports: oauth port 80 is outside 1024-49151",
        ),
        ("nodes:\n  - name: a\n  - name: a\n", "the name a is used twice"),
        ("name: [x\n", "not YAML"),
        ("tls: '1.1'\n", ":1: tls: "),
    ],
    ids=["an unknown key", "a port UCM refuses", "a name twice", "no YAML", "a TLS version"],
)
def test_up_with_a_bad_file_is_2_and_says_where(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(text)
    said = complaint("up", file, "--json", code=2)
    assert said.startswith(str(file))
    assert says in said


@pytest.mark.parametrize("host", ["host.invalid", "192.0.2.1", "2001:db8::1"])
def test_up_on_an_address_that_is_not_of_this_machine_is_3_and_says_which(host: str) -> None:
    said = run("up", "--host", host, "--port-base", 0, code=3)[1].splitlines()
    assert said[0].startswith(f"warning: binding to {host}: ")
    assert said[1].startswith(f"ucmsim: cannot listen on {host}: ")
    assert "--port-base" not in said[1]


def test_up_on_every_address_says_what_phones_elsewhere_need(tmp_path: Path) -> None:
    warned = (
        "warning: binding to 0.0.0.0: anybody who can reach this machine can reach the lab "
        "and its control API\n"
    )
    named = ("--set", "nodes=[{name: ucm-pub, host: 192.0.2.7}]")
    with running_lab(tmp_path / "named", "--port-base", 0, "--host", "0.0.0.0", *named, says=warned) as lab:
        port = lab.endpoint("config")[1]
        with urlopen(f"http://127.0.0.1:{port}/CSFALICE.cnf.xml", timeout=patience()) as answer:
            assert b"<processNodeName>192.0.2.7</processNodeName>" in answer.read()
    warned += (
        "warning: cnf.xml names 0.0.0.0, which phones on other machines cannot reach: "
        "add --set 'nodes=[{name: ucm-pub, host: ADDRESS}]'\n"
    )
    with running_lab(tmp_path / "unnamed", "--port-base", 0, "--host", "0.0.0.0", says=warned):
        pass


def test_up_without_the_file_is_2() -> None:
    assert complaint("up", "/nowhere/lab.yaml", code=2) == "/nowhere/lab.yaml: No such file or directory"


# --- token ----------------------------------------------------------------------------------------------------


def test_mint_prints_the_token_alone(lab: RunningLab) -> None:
    done = ucmsim(
        "token", "mint", "--control", lab.control, "--user", "alice", "--device", "CSFALICE", fresh=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)


@pytest.mark.parametrize("more", [(), ("--mutate", "expired", "--mutate", "alg-none")], ids=["good", "wrong"])
def test_mint_warns_once_of_a_user_the_cluster_has_not(lab: RunningLab, more: tuple[str, ...]) -> None:
    done = ucmsim("token", "mint", "--control", lab.control, "--user", "zed", *more)
    warning = "warning: this cluster has no user 'zed' and refuses the token\n"
    assert (done.returncode, done.stderr) == (0, warning)
    assert len(done.stdout.splitlines()) == max(1, len(more) // 2)
    if not more:
        says, _ = run("token", "inspect", "--control", lab.control, "-", code=1, stdin=done.stdout)
        assert "would be refused now: subject_unknown" in says


def test_mutate_prints_a_token_for_each_name_in_order(lab: RunningLab) -> None:
    names = ("expired", "alg-none", "attacker-signature", "ctyp-missing")
    done = ucmsim("token", "mutate", *names, "--control", lab.control, "--user", "alice", fresh=True)
    assert (done.returncode, done.stderr) == (0, "")
    found = [
        lab.ask("POST", "/tokens/inspect", {"token": token}).json["problem"]
        for token in done.stdout.splitlines()
    ]
    assert found == [MUTATIONS[name].problem.value for name in names]


def test_mutate_without_a_name_or_with_an_unknown_one_is_2(lab: RunningLab) -> None:
    who = ("--control", lab.control, "--user", "alice")
    assert "Missing argument 'NAME...'" in run("token", "mutate", *who, code=2)[1]
    assert "expired" in complaint("token", "mutate", "expird", *who, code=2)
    assert complaint("token", "mint", "--mutate", "expird", *who, code=2)


def test_every_mutation_can_be_minted_and_inspect_says_what_is_wrong(lab: RunningLab) -> None:
    """Minted one after the other through the command, inspected through the API that `token inspect` asks."""
    names = [name for name, mutation in MUTATIONS.items() if not mutation.needs]
    arguments = [argument for name in names for argument in ("--mutate", name)]
    done = ucmsim("token", "mint", "--control", lab.control, "--user", "alice", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    # One token is empty, one has a line break of its own.
    assert len(done.stdout.split("\n")) >= len(names) + 1
    for name in names:
        token = lab.ask("POST", "/tokens", {"user": "alice", "mutate": name}).json["token"]
        found = lab.ask("POST", "/tokens/inspect", {"token": token}).json
        assert (found["accepted"], found["problem"]) == (False, MUTATIONS[name].problem.value), name
        assert found["detail"], name


def test_inspect_shows_the_claims_of_a_good_token(lab: RunningLab) -> None:
    token = lab.token("alice")
    out, _ = run("token", "inspect", "--control", lab.control, token, fresh=True)
    assert "would be accepted now" in out
    assert "alice" in out
    assert json.loads(run("token", "inspect", "--control", lab.control, "--json", "-", stdin=token)[0])[
        "accepted"
    ]


@pytest.mark.parametrize(
    ("mutation", "says"),
    [
        ("expired", "would be refused now: expired: "),
        ("attacker-signature", "signature not valid"),
        ("alg-none", "would be refused now: alg_not_allowed: "),
        ("encryption-key-regenerated", "would be refused now: kid_unknown_encryption: "),
    ],
)
def test_inspect_says_why_not_and_exits_1(lab: RunningLab, mutation: str, says: str) -> None:
    token = lab.token("alice", mutation)
    assert says in run("token", "inspect", "--control", lab.control, "-", code=1, stdin=token)[0]


def test_inspect_of_what_is_no_token_is_1(lab: RunningLab) -> None:
    for text in ("nonsense", "[bold]a.b.c[/]", "ä.ö.ü", ""):
        assert (
            "would be refused now"
            in run("token", "inspect", "--control", lab.control, "-", code=1, stdin=text)[0]
        )


def test_an_unknown_mutation_is_2_and_names_the_near_ones(lab: RunningLab) -> None:
    said = complaint("token", "mint", "--control", lab.control, "--user", "alice", "--mutate", "expird", code=2)
    assert "did you mean expired" in said


def test_mint_for_an_unknown_device_is_2(lab: RunningLab) -> None:
    said = complaint("token", "mint", "--control", lab.control, "--user", "alice", "--device", "CSFX", code=2)
    assert said == "no device 'CSFX' in this cluster"


def test_mint_without_a_lab_is_3_and_with_a_bad_url_2(closed_port: int) -> None:
    said = complaint("token", "mint", "--control", f"http://127.0.0.1:{closed_port}", "--user", "alice", code=3)
    assert said.startswith(f"no lab answers at http://127.0.0.1:{closed_port}")
    assert "--control requires a URL" in complaint(
        "token", "mint", "--control", "nowhere", "--user", "alice", code=2
    )


def test_mutations_are_listed() -> None:
    rows = json.loads(run("token", "mutations", "--json", fresh=True)[0])
    assert [row["name"] for row in rows] == list(MUTATIONS)
    assert len(run("token", "mutations")[0].splitlines()) == len(rows)


# --- phone ----------------------------------------------------------------------------------------------------


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def phone(
    lab: RunningLab, device: str, *args: object, code: int = 0, stdin: str = "", fresh: bool = False
) -> str:
    url = f"http://{lab.hostport('config')}/{device}.cnf.xml"
    return run("phone", "--config-url", url, *args, code=code, stdin=stdin, fresh=fresh)[0]


def test_a_phone_registers_with_a_token_from_stdin(lab: RunningLab) -> None:
    since = lab.mark()
    trust = ("--token-file", "-", "--ca-file", lab.ca_file)
    out = phone(lab, "CSFALICE", *trust, stdin=lab.token("alice"), fresh=True)
    assert out == f"registered at {lab.hostport('oauth')} for 120 s, then unregistered\n"
    accepted = lab.events("registrar:accepted", since, device="CSFALICE")
    assert [event["what"] for event in accepted] == ["registered", "unregistered"]


@pytest.mark.parametrize(
    ("device", "role", "args"),
    [
        ("CSFCAROL", "sip", ()),
        (
            "CSFDAVE",
            "sips",
            ("--cert-file", "CSFDAVE.pem", "--key-file", "CSFDAVE.key", "--ca-file", "ucm-pub/CallManager.pem"),
        ),
    ],
    ids=["on 5060", "on 5061 with an LSC"],
)
def test_a_phone_without_a_token_registers(
    lab: RunningLab, device: str, role: str, args: tuple[str, ...]
) -> None:
    files = [word if word.startswith("--") else lab.pki / word for word in args]
    outcome = json.loads(phone(lab, device, "--json", *files))
    assert (outcome["outcome"], outcome["port"]) == ("registered", lab.endpoint(role)[1])


def test_a_phone_outside_registers_through_the_expressway(lab: RunningLab, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(lab.token("bob"))
    outside = ("--deployment", "mra", "--edge", lab.hostport("edge", "expc"), "--token-file", token)
    out = phone(lab, "CSFBOB", *outside, "--ca-file", lab.pki / "expressway-ca.pem", "--ladder")
    assert "REGISTER + token" in out
    assert "registered at " in out
    token.write_text(lab.token("bob", "expired"))
    out = phone(lab, "CSFBOB", *outside, "--ca-file", lab.pki / "expressway-ca.pem", code=1)
    # It was the Expressway who refused; the phone can only say through whom it heard of it.
    way = f"{lab.hostport('mra')} through {lab.hostport('edge', 'expc')}"
    assert f"refused for {way}: 407 Proxy Authentication Required" in out


@pytest.mark.parametrize(
    ("mutation", "status"), [("expired", 407), ("attacker-signature", 407), (None, 407)], ids=str
)
def test_a_phone_whose_token_is_not_good_is_refused_with_a_remedy(
    lab: RunningLab, mutation: str | None, status: int
) -> None:
    token = lab.token("alice", mutation) if mutation else ""
    args = ("--token-file", "-") if token else ()
    out = phone(lab, "CSFALICE", *args, "--ca-file", lab.ca_file, code=1, stdin=token)
    assert f"refused by {lab.hostport('oauth')}: {status} Proxy Authentication Required" in out
    assert "Remedy: " in out


def test_a_phone_with_another_users_token_is_refused_with_a_remedy(lab: RunningLab) -> None:
    args = ("--token-file", "-", "--ca-file", lab.ca_file)
    out = phone(lab, "CSFALICE", *args, code=1, stdin=lab.token("bob"))
    assert "403 Forbidden" in out
    assert "Set the device's Owner User ID" in out
    outcome: dict[str, Any] = json.loads(
        phone(lab, "CSFALICE", *args, "--json", code=1, stdin=lab.token("bob"))
    )
    assert outcome["outcome"] == "refused"
    assert all(set(one) == {"cause", "remedy", "verify"} for one in outcome["advice"])


def test_a_phone_that_cannot_reach_anything_is_3(lab: RunningLab, closed_port: int) -> None:
    out, _ = run("phone", "--config-url", f"http://127.0.0.1:{closed_port}/CSFALICE.cnf.xml", code=3)
    assert "unreachable E_UNREACHABLE" in out
    assert "no node tried, E_HTTP_404" in phone(lab, "CSFNOBODY", code=3)
    out = phone(lab, "CSFALICE", code=3)
    assert "TLS alert 48 unknown_ca" in out
    assert "trust the certificate's issuer with --ca-file" in out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--config-url", "nowhere"), "--config-url requires an http or https URL"),
        (("--config-url", "ftp://127.0.0.1/X.cnf.xml"), "--config-url requires an http or https URL"),
        (("--config-url", "http://127.0.0.1:99999/X.cnf.xml"), "99999"),
        (("--config-url", "http://127.0.0.1:1"), "add --device"),
        (("--config-url", "http://127.0.0.1:1", "--device", "a b"), "a device name is"),
        (("--config-url", "http://127.0.0.1:1/X.cnf.xml", "--behaviour", "sleep"), "unknown 'sleep'"),
        (("--config-url", "http://127.0.0.1:1/X.cnf.xml", "--deployment", "mra"), "--edge HOST:PORT"),
        (
            ("--config-url", "http://127.0.0.1:1/X.cnf.xml", "--token-file", "/nowhere"),
            "/nowhere: No such file",
        ),
        (("--config-url", "http://127.0.0.1:1/X.cnf.xml", "--cert-file", "/nowhere"), "go together"),
        (("--config-url", "http://127.0.0.1:1/X.cnf.xml", "--ca-file", __file__), "certificate"),
    ],
    ids=lambda value: " ".join(value[2:]) or value[1] if isinstance(value, tuple) else "",
)
def test_a_phone_that_makes_no_sense_is_2(args: tuple[str, ...], says: str) -> None:
    assert says in complaint("phone", *args, code=2)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "the file is empty"), (b"one\r\ntwo", "a token is one line"), (b"\xff\xfe\x00", "not a text file")],
    ids=["empty", "two lines", "not text"],
)
def test_a_file_without_a_token_in_it_is_2(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "token.txt"
    file.write_bytes(content)
    url = "http://127.0.0.1:1/X.cnf.xml"
    said = complaint("phone", "--config-url", url, "--token-file", file, code=2)
    assert said.startswith(f"{file}: {says}")


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
def test_on_IPv6_a_phone_does_what_up_suggests(tmp_path: Path) -> None:
    with running_lab(tmp_path / "stderr", "--port-base", 0, "--host", "::1") as lab:
        host, port = lab.endpoint("config")
        args = ("--config-url", f"http://[{host}]:{port}", "--device", "CSFALICE", "--ca-file", lab.ca_file)
        out, _ = run("phone", *args, "--token-file", "-", stdin=lab.token("alice"))
        assert out == f"registered at [::1]:{lab.endpoint('oauth')[1]} for 120 s, then unregistered\n"
        edge = ("--deployment", "mra", "--edge", f"[{host}]:{lab.endpoint('edge', 'expc')[1]}")
        trust = ("--ca-file", lab.pki / "expressway-ca.pem")
        out, _ = run("phone", *args[:4], *edge, *trust, "--token-file", "-", stdin=lab.token("alice"))
        assert out == f"registered at [::1]:{lab.endpoint('mra')[1]} for 120 s, then unregistered\n"
