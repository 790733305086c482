"""paramiko walks the platform CLI of a running `ucmsim up`: every command there is, typed as on a real node."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from registrar.core.platform_cli.command_table import TABLE
from tests.e2e.running_lab import RunningLab, running_lab
from tests.patience import patience

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore")]

paramiko = pytest.importorskip("paramiko", reason="paramiko is not installed")

PROMPT = r"(?:^|\n)admin:$"
YES = r"\(yes\|no\)\? $"
PASTE = r"Paste the Certificate and Hit Enter\n$"
PAGE = r"Press <enter> for 1 line, <space> for one page, or <q> to quit\x1b\[0m$"


class Shell:
    """What the administrator types, and the screen until it shows what was expected. CR is removed."""

    def __init__(self, lab: RunningLab, *, password: str = "ucmsim", rows: int = 1000) -> None:
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        host, port = lab.endpoint("ssh")
        keys = {"look_for_keys": False, "allow_agent": False}
        self.client.connect(host, port, "admin", password, timeout=patience(), **keys)
        self.channel = self.client.invoke_shell(term="vt100", width=200, height=rows)
        self.channel.settimeout(patience())
        self.walked: list[str] = []
        self.banner = self.until(PROMPT)

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def until(self, pattern: str) -> str:
        seen = ""
        while not re.search(pattern, seen):
            received = self.channel.recv(65536).decode()
            assert received, f"the shell ended behind {seen!r}"
            seen += received.replace("\r", "")
        return seen

    def keys(self, text: str, until: str) -> str:
        self.channel.sendall(text.encode())
        return self.until(until)

    def run(self, command: str, *answers: tuple[str, str]) -> str:
        """What the command showed. `answers`: what to wait for, and the line to type then."""
        self.walked.append(command)
        patterns = [*(pattern for pattern, _ in answers), PROMPT]
        screen = self.keys(f"{command}\n", patterns[0])
        for (_, answer), pattern in zip(answers, patterns[1:], strict=True):
            screen += self.keys(f"{answer}\n", pattern)
        assert screen.startswith(f"{command}\n"), screen[:200]
        return screen.removeprefix(f"{command}\n").removesuffix("admin:")

    def rest(self) -> str:
        """Until the server closes."""
        seen = b""
        while received := self.channel.recv(65536):
            seen += received
        return seen.decode().replace("\r", "")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RunningLab]:
    with running_lab(tmp_path / "stderr", "--port-base", "0") as running:
        yield running


class Company:
    """A certificate authority that signs what it is asked to."""

    def __init__(self) -> None:
        self.key: EllipticCurvePrivateKey = generate_private_key(SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Company CA")])
        self.certificate = self._sign(
            self.name, self.key.public_key(), [(x509.BasicConstraints(ca=True, path_length=None), True)]
        )

    def answer(self, request: str) -> str:
        csr = x509.load_pem_x509_csr(request.encode())
        assert csr.is_signature_valid
        extensions = [(each.value, each.critical) for each in csr.extensions]
        return self._sign(csr.subject, csr.public_key(), extensions)

    def _sign(self, subject: x509.Name, key: Any, extensions: list[tuple[Any, bool]]) -> str:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self.name, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
        for value, critical in extensions:
            builder = builder.add_extension(value, critical=critical)
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM).decode().strip()


def issuer_on(lab: RunningLab, role: str) -> str:
    pem = ssl.get_server_certificate(lab.endpoint(role), timeout=patience())
    return x509.load_pem_x509_certificate(pem.encode()).issuer.rfc4514_string()


def look_around(cli: Shell, lab: RunningLab) -> None:
    assert "Automatic pagination is turned off" in cli.run("set cli pagination off")
    assert "Automatic Pagination : Off." in cli.run("show cli pagination")
    assert re.match(r"Active Master Version: 12\.5\.1\.\d+-\d+\n", cli.run("show version active"))
    cluster = cli.run("show network cluster")
    assert "Publisher callmanager DBPub authenticated\n" in cluster
    assert "Server Table (processnode) Entries\n" in cluster
    assert "GroupName: CM Services\n" in cli.run("show tech ccm_service")
    host, oauth = lab.endpoint("oauth")
    mra = lab.endpoint("mra")[1]
    everything = cli.run("show open ports all")
    assert everything.startswith("Executing.. please wait.\n")
    assert re.search(rf"ccm +\d+ +ccmbase .* TCP {re.escape(host)}:{oauth} \(LISTEN\)", everything)
    listening = cli.run(f"show open ports regexp {oauth}|{mra}").splitlines()[1:]
    assert sorted(line.split()[-2] for line in listening) == sorted([f"{host}:{oauth}", f"{host}:{mra}"])
    assert cli.run("show open ports regexp (") != ""
    assert "0% packet loss" in cli.run("utils network ping 127.0.0.1 2")
    assert "expc.lab.example has address 127.0.0.1\n" in cli.run("utils network host expc.lab.example")
    assert "Account Lockout is enabled\n" in cli.run("show accountlocking")


def ask_for_help(cli: Shell) -> None:
    assert "utils*" in cli.run("help")
    assert "restart help:\n" in cli.run("help utils service restart")
    assert re.search(r"Syntax:\nutils sipOAuth-mode enable", cli.run("utils sipOAuth-mode enable ?"))
    assert cli.run("utils sipOAuth-mode ?").split() == ["disable", "enable"]
    assert {"cert*", "key*", "version*"} <= set(cli.run("show ?").split())
    assert cli.keys("utils sip\t", "mode ") == "utils sipOAuth-mode ", "Tab writes only what is missing"
    assert cli.keys("en\t", "enable ") == "enable "
    assert "Control-C pressed\n" in cli.keys("\x03", PROMPT)
    both = cli.keys("show cert \t", r"admin:show cert $")
    assert re.search(r"list +own +trust", both)
    cli.keys("\x15\x03", PROMPT)
    for unknown in ("reboot", "show wrong thing", "utils sipoauth-mode enable"):
        assert cli.run(unknown) == "No valid command entered\nExecuted command unsuccessfully\n"
    cli.keys("set commandcount enable\n", r"\nadmin\(\d+\):$")
    cli.run("set commandcount disable")


def ask_the_database(cli: Shell) -> None:
    mode = "run sql select paramvalue FROM processconfig WHERE paramname = 'ClusterSIPOAuthMode'"
    assert cli.run(mode).split() == ["paramvalue", "==========", "1"]
    assert len(cli.run("run sql select first 2 name from device order by name").splitlines()) == 4
    moment = cli.run(
        "run sql select first 1 dbinfo('utc_to_datetime', 1585566211) as validity from typessomode"
    )
    assert moment.splitlines()[2].strip() == "2020-03-30 11:03:31"
    assert cli.run(
        "run sql insert into expresswaycconfiguration (pkid, hostnameorip) values (newid(), 'e9')"
    ) == ("Rows: 1\n")
    assert cli.run(
        "run sql update expresswaycconfiguration set description = 'x' where hostnameorip = 'e9'"
    ) == ("Rows: 1\n")
    assert "x" in cli.run("run sql select description from expresswaycconfiguration where hostnameorip = 'e9'")
    assert cli.run("run sql delete from expresswaycconfiguration where hostnameorip = 'e9'") == "Rows: 1\n"
    assert "The specified table (nosuch) is not in the database.\n" in cli.run("run sql select * from nosuch")
    done = "Please restart the Cisco CallManager service on all nodes in the cluster where it is running.\n"
    assert cli.run("utils sipOAuth-mode disable") == f"SIP OAuth mode disabled.\n{done}"
    assert cli.run(mode).split()[-1] == "0"
    assert cli.run("utils sipOAuth-mode enable") == f"SIP OAuth mode enabled.\n{done}"


def run_services(cli: Shell) -> None:
    listed = cli.run("utils service list")
    assert listed.startswith("Requesting service status, please wait...\nSystem SSH [STARTED]\n")
    assert "Cisco CallManager[STARTED]\n" in listed
    assert cli.run("utils service stop Cisco Tftp").endswith("Cisco Tftp[STOPPED]  Commanded Out of Service\n")
    assert "Cisco Tftp[STOPPED]" in cli.run("utils service list")
    assert cli.run("utils service start Cisco Tftp").endswith("Cisco Tftp[STARTED]\n")
    restarted = cli.run("utils service restart Cisco CallManager")
    assert restarted.startswith("Do not press Ctrl+C while the service is restarting. ")
    assert [line for line in restarted.splitlines() if "[" in line][-1] == "Cisco CallManager[STARTED]"
    assert "Executed command unsuccessfully\n" in cli.run("utils service restart Cisco Nothing")


def care_for_certificates(cli: Shell, lab: RunningLab) -> None:
    company = Company()
    assert re.search(r"^tomcat/tomcat.pem: ", cli.run("show cert list own"), re.MULTILINE)
    assert "tomcat-trust/expressway-ca.pem: " in cli.run("show cert list trust")
    assert cli.run("show cert own tomcat").startswith(
        "SignatureAlgorithm: SHA256withRSA (1.2.840.113549.1.1.11)\n"
    )
    assert "Subject Name: CN=expressway-ca" in cli.run("show cert trust tomcat-trust/expressway-ca.pem")
    assert "Successfully deleted" in cli.run("set cert delete tomcat expressway-ca.pem")
    assert "expressway-ca" not in cli.run("show cert list trust")

    assert cli.run("set csr gen tomcat") == "Successfully Generated CSR for tomcat.\n"
    assert cli.run("show csr list own") == "tomcat/tomcat.csr\n"
    signed = company.answer(cli.run("show csr own tomcat/tomcat.csr"))
    imported = "Successfully imported certificate for tomcat.\n"
    assert imported not in cli.run("set cert import own tomcat", (PASTE, signed)), "its issuer is unknown"
    assert imported in cli.run("set cert import trust tomcat", (PASTE, company.certificate))
    assert imported in cli.run("set cert import own tomcat", (PASTE, signed))
    assert "tomcat/tomcat.pem: Certificate Signed by Company CA\n" in cli.run("show cert list own")
    assert (issuer_on(lab, "https"), issuer_on(lab, "oauth")) == ("CN=tomcat-ca", "CN=tomcat-ca")
    cli.run("utils service restart Cisco Tomcat")
    assert (issuer_on(lab, "https"), issuer_on(lab, "oauth")) == ("CN=Company CA", "CN=tomcat-ca")
    cli.run("utils service restart Cisco CallManager")
    assert issuer_on(lab, "oauth") == "CN=Company CA"

    assert "unsuccessfully" in cli.run("set cert regen tomcat", (YES, "no"))
    regenerated = cli.run("set cert regen tomcat", (YES, "yes"))
    assert "Successfully Regenerated Certificate for tomcat.\n" in regenerated
    assert "tomcat/tomcat.pem: Self-signed certificate generated by system\n" in cli.run("show cert list own")


def change_keys(cli: Shell) -> None:
    before = [cli.run(f"show key authz {key}").strip() for key in ("signing", "encryption")]
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in before)
    assert before[0] != before[1]
    for key in ("signing", "encryption"):
        assert "unsuccessfully" in cli.run(f"set key regen authz {key}", (YES, "n"))
        assert "Successfully" in cli.run(f"set key regen authz {key}", (YES, "yes"))
    after = [cli.run(f"show key authz {key}").strip() for key in ("signing", "encryption")]
    assert not {*before} & {*after}


def change_the_password(cli: Shell) -> None:
    old, new, again = r"old password: $", r"new password: $", r"confirm: $"
    told = cli.run("set password user admin", (old, "ucmsim"), (new, "Another-1"), (again, "Another-1"))
    assert "Password updated successfully.\n" in told
    assert "Another-1" not in told


async def test_paramiko_walks_every_command_there_is(lab: RunningLab) -> None:
    def work() -> list[str]:
        with Shell(lab) as cli:
            assert "   Welcome to the Platform Command Line Interface\n" in cli.banner
            look_around(cli, lab)
            ask_for_help(cli)
            ask_the_database(cli)
            run_services(cli)
            care_for_certificates(cli, lab)
            change_keys(cli)
            change_the_password(cli)
            assert "30 minutes" in cli.run("show cli session timeout")
            assert "60 minutes" in cli.run("set cli session timeout 60")
            walked = cli.walked
            for leave in ("quit", "exit"):
                with Shell(lab, password="Another-1") as other:
                    other.channel.sendall(f"{leave}\n".encode())
                    assert other.rest() == f"{leave}\n"
                walked = [*walked, leave]
            return walked

    walked = await asyncio.to_thread(work)
    found = {command.name for command, _ in filter(None, map(TABLE.find, walked))}
    assert {command.name for command in TABLE} - found == set()


async def test_long_answers_come_in_pages(lab: RunningLab) -> None:
    def work() -> None:
        with Shell(lab, rows=6) as cli:
            assert "turned on" in cli.run("set cli pagination on")
            first = cli.keys("utils service list\n", PAGE)
            assert len(first.splitlines()) == 1 + 5 + 1, "what was typed, five lines and the question"
            one = cli.keys("\n", PAGE)
            assert one.count("\n") == 1
            page = cli.keys(" ", PAGE)
            assert page.count("\n") == 5
            assert cli.keys("q", "admin:$") == "\x1b[Kadmin:", "the question goes, and the rest is left out"
            assert cli.run("show cli pagination") == "Automatic Pagination : On.\n"

    await asyncio.to_thread(work)


async def test_a_silent_session_ends_after_half_an_hour(lab: RunningLab) -> None:
    def work() -> str:
        with Shell(lab) as cli:
            lab.ask("POST", "/clock/advance", {"seconds": 29 * 60})
            assert "Active Master Version" in cli.run("show version active")
            lab.ask("POST", "/clock/advance", {"seconds": 29 * 60})
            assert "Active Master Version" in cli.run("show version active")
            lab.ask("POST", "/clock/advance", {"seconds": 31 * 60})
            return cli.rest()

    assert "timed out" in await asyncio.to_thread(work)
