"""Every command in README.md and docs/ runs, in a folder of its own for each page.

That is each line of an `sh` block, each `run:` of a CI job, and each `ucmsim` command in a sentence that has
arguments and no placeholder. No other block may hold a command.
YAML blocks whose first line is `# a/path.yaml` are written to that path first. `$CONTROL`, `$CONFIG`, `$CA`,
`$DNS_OUTSIDE` and `$EDGE_CA` are those of a running lab.
"""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.cli.lazy import COMMANDS
from tests.commands import command as ucmsim
from tests.commands import on_path
from tests.patience import patience

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

NOT_RUN = {
    r"make \w+": "sets up a virtual environment of its own; CI calls the same targets",
    r"cd docs/examples/": "tests/wheel runs the example project",
    r"python -m pytest": "tests/wheel runs the example project",
    r"wireshark ": "a window; the tshark lines read the same file",
    r"pip install ucmsim$": "tests/wheel installs the wheel",
}
"""Regular expression at the line's start -> why the test leaves it out."""
SHORTER = {
    "ucmsim run --all --jobs 2": "ucmsim run registers-on-5090 unknown-ca-from-ucm --jobs 2",
    "ucmsim run --all --driver world": "ucmsim run registers-on-5090 unknown-ca-from-ucm --driver world",
}
"""What takes long -> the same with less to do; tests/simulator/lab runs the whole catalogue."""
NEEDS = ("tshark", "curl")
"""Programs whose lines are left out where they are not installed."""
COMMAND = re.compile(r" *(\$ |ucmsim |tshark |wireshark |make |pip |python |pytest |cd )")


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def blocks(self, language: str) -> list[str]:
        found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", self.text, re.MULTILINE | re.DOTALL)
        return [textwrap.dedent(block) for _, block in found]

    def commands(self) -> list[str]:
        lines = [line for block in self.blocks("sh") for line in block.splitlines()]
        lines += [
            line
            for block in self.blocks("yaml")
            for line in re.findall(r"^ *- run: (.+)$", block, re.MULTILINE)
        ]
        return [line for line in lines if line.strip() and not line.startswith("#")] + self._in_sentences()

    def _in_sentences(self) -> list[str]:
        if "made by docs/generate.py" in self.text:
            return []
        sentences = re.sub(r"^ *```.*?^ *```$", "", self.text, flags=re.MULTILINE | re.DOTALL)
        found = [" ".join(words.split()) for words in re.findall(r"`(ucmsim \w+ [^`]+)`", sentences)]
        return [command for command in found if not re.search(r"\[|\||\b[A-Z]{2,}\b(?<!CONTROL)", command)]


def is_left_out(line: str) -> bool:
    missing = any(line.startswith(f"{program} ") and shutil.which(program) is None for program in NEEDS)
    return missing or any(re.match(pattern, line) for pattern in NOT_RUN)


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a reader: ucmsim on the path, and a lab that runs in another terminal."""
    environment = dict(os.environ)
    environment["PATH"] = on_path()
    lab = subprocess.Popen(
        ["ucmsim", "up", "--port-base", "0", "--json", "--until-eof"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=tmp_path_factory.mktemp("lab"),
    )
    assert lab.stdin is not None
    assert lab.stdout is not None
    try:
        ready = json.loads(lab.stdout.readline())
        host, port = ready["endpoints"]["ucm-pub"]["config"]
        environment["CONTROL"] = ready["control"]
        environment["CONFIG"] = f"http://{host}:{port}"
        environment["FILES"] = "https://{}:{}".format(*ready["endpoints"]["ucm-pub"]["config_tls"])
        environment["DNS"] = "{}:{}".format(*ready["endpoints"]["dns"]["dns"])
        environment["CA"] = ready["ca_file"]
        environment["DNS_OUTSIDE"] = "{}:{}".format(*ready["endpoints"]["dns-outside"]["dns"])
        environment["EDGE_CA"] = str(Path(ready["pki"]) / "expressway-ca.pem")
        yield environment
    finally:
        lab.stdin.close()
        code = lab.wait(patience())
        lab.stdout.close()
        assert code == 0


@pytest.mark.parametrize(
    "page", [page for path in PAGES if (page := Page(path)).commands()], ids=lambda page: page.path.name
)
def test_the_commands_of_the_page_run(page: Page, surroundings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "sbc-ca.pem").write_bytes(Path(surroundings["CA"]).read_bytes())
    for block in page.blocks("yaml"):
        named = re.match(r"# (\S+\.yaml)\n", block)
        if named is not None:
            (tmp_path / named[1]).parent.mkdir(exist_ok=True)
            (tmp_path / named[1]).write_text(block)
    for line in page.commands():
        if is_left_out(line):
            continue
        for long, short in SHORTER.items():
            line = line.replace(long, short)
        if re.match(r"ucmsim up\b", line):
            start_and_stop(line, surroundings, tmp_path)
            continue
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience(),
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def start_and_stop(line: str, environment: dict[str, str], folder: Path) -> None:
    """Until it says something, then Ctrl-C. Comments behind a command are the shell's business."""
    words = shlex.split(line, comments=True)
    if "--port-base" not in words:
        words += ["--port-base", "0"]  # the documented ports may be taken on this machine
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], patience())
        assert ready, line
        assert process.stdout.readline(), line
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=patience())
        assert process.returncode == 0, f"{line}\n{told.decode()}"
    finally:
        if process.poll() is None:
            process.kill()


@pytest.mark.parametrize("page", [Page(path) for path in PAGES], ids=lambda page: page.path.name)
def test_no_command_stands_in_a_block_that_is_not_run(page: Page) -> None:
    blocks = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", page.text, re.MULTILINE | re.DOTALL)
    assert {language for _, language, _ in blocks} <= {"sh", "yaml", "python", "mermaid", ""}
    assert not [
        line for _, kind, text in blocks if kind != "sh" for line in text.splitlines() if COMMAND.match(line)
    ]


@pytest.mark.parametrize("page", [Page(path) for path in PAGES], ids=lambda page: page.path.name)
def test_every_command_a_page_mentions_exists(page: Page) -> None:
    for mentioned in re.findall(r"`ucmsim ([a-z]+)", page.text):
        assert mentioned in COMMANDS


@pytest.mark.parametrize("page", [Page(path) for path in PAGES], ids=lambda page: page.path.name)
def test_every_link_of_a_page_leads_somewhere(page: Page) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.text):
        assert (page.path.parent / target).exists(), target


def test_the_ladder_in_the_readme_is_real() -> None:
    text = (ROOT / "README.md").read_text()
    command, shown = re.findall(r"\(`(ucmsim run [^`]+ --ladder[^`]*)`\):\n\n```\n(.*?)```", text, re.DOTALL)[0]
    words = [*ucmsim(), *shlex.split(command)[1:]]
    environment = {**os.environ, "COLUMNS": "80"}
    out = subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout
    real = iter(line.rstrip() for line in out.splitlines())
    for line in shown.splitlines():
        assert line.strip() == "..." or line.rstrip() in real, f"not in this order in the output: {line!r}"


@pytest.mark.parametrize("pattern", NOT_RUN)
def test_nothing_is_left_out_in_vain(pattern: str) -> None:
    assert any(re.match(pattern, line) for page in map(Page, PAGES) for line in page.commands())
