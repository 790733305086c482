"""The pytest plugin of ucmsim: a simulated UCM for your tests, in a process of its own, on free ports.

`ucmsim_lab` lends a running lab that looks as if it had just started; `@pytest.mark.ucmsim(...)` shapes it;
`ucmsim_token` mints tokens in it, `ucmsim_phone` runs its Jabbers. There is one lab for each shape and session,
hence for each xdist worker, reset in milliseconds between tests. What a failed test needs to be understood, the
checklist and the ladder, is added to its report; what goes wrong inside the lab fails the test.

Imports nothing else of ours, ever: the project under test may own a package called `softphone`. No event loop
either: every call is a plain blocking one of a few milliseconds, fit for sync and async tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

Record = dict[str, Any]
"""An event of the lab as JSON: seq, at, actor, flow, caused_by, kind, and the fields of its kind."""

_STARTUP = 30.0
"""Seconds after which a lab that is not ready is given up; usual is one."""
_WITHIN = 1.0
"""Seconds an assertion waits for what it asserts: the other end of a connection runs on its own."""
_PAUSE = 0.02
_TIMEOUT = 60.0
_MOST_LABS = 4
"""Labs one session keeps running; the one not used for longest makes room."""
_ALL = 100_000
_WIDTH = 100


class LabError(Exception):
    """The lab refused a request (`status` is HTTP's), did not start, or is gone (`status` None)."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


# --- the pytest side -----------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "ucmsim_python", "Python that runs ucmsim's labs (default: the one that runs pytest)", default=""
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "ucmsim(lab=None, **changes): shape of the test's lab; `lab` is a lab file or its content as a dict, "
        'everything else a key of it: tls="1.3", cluster={...}, phones=[...].',
    )


def pytest_report_header(config: pytest.Config) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("ucmsim")
    except PackageNotFoundError:
        number = "of unknown version"
    return f"ucmsim: {number}, labs run as {' '.join(_command(config))}"


_LAB = pytest.StashKey["UcmsimLab"]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]
    lab = item.stash.get(_LAB, None)
    if lab is not None and report.failed:
        report.sections += lab._evidence()
    return report  # type: ignore[return-value]


@pytest.fixture(scope="session")
def _ucmsim_labs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Labs]:
    labs = _Labs(_command(request.config), tmp_path_factory.mktemp("ucmsim"))
    yield labs
    labs.close()


@pytest.fixture
def ucmsim_lab(request: pytest.FixtureRequest, _ucmsim_labs: _Labs) -> Iterator[UcmsimLab]:
    """A running lab as after its start, shaped by the test's `ucmsim` marks. Errors in it fail the test."""
    trouble = ""
    try:
        lab = _ucmsim_labs.lend(_shape(request.node))
    except LabError as error:
        trouble = f"ucmsim: {error}"
    if trouble:
        pytest.fail(trouble, pytrace=False)
    request.node.stash[_LAB] = lab
    yield lab
    faults = lab._faults()
    if faults:
        pytest.fail("ucmsim: an error inside the lab\n" + "\n".join(faults), pytrace=False)


@pytest.fixture
def ucmsim_token(ucmsim_lab: UcmsimLab) -> Callable[..., str]:
    """`ucmsim_token(user, *, mutate=None, lifetime=3600, device=None)`: an access token of the lab's cluster.

    `mutate` makes it wrong in one way; `ucmsim token mutations` lists them.
    """

    def mint(user: str, *, mutate: str | None = None, lifetime: int = 3600, device: str | None = None) -> str:
        __tracebackhide__ = True
        asked = {"user": user, "mutate": mutate, "lifetime": lifetime, "device": device}
        return str(ucmsim_lab.control.post("/tokens", asked)["token"])

    return mint


@pytest.fixture
def ucmsim_phone(ucmsim_lab: UcmsimLab) -> Callable[..., Phone]:
    """`ucmsim_phone(device, *, behaviours=None, token=None, start=True)`: one of the lab's Jabbers.

    `behaviours` are scripted misbehaviours (`ucmsim list --behaviours`), `token` is the `token` part of a phone
    in a lab file, e.g. {"mutate": "expired"}.
    """

    def phone(
        device: str,
        *,
        behaviours: list[str] | None = None,
        token: Mapping[str, object] | None = None,
        start: bool = True,
    ) -> Phone:
        __tracebackhide__ = True
        return Phone(ucmsim_lab, device, {"behaviours": behaviours, "token": token}, start=start)

    return phone


def _command(config: pytest.Config) -> list[str]:
    # -I: neither the working directory nor PYTHONPATH, so that packages of the project are not taken for ours.
    return [config.getini("ucmsim_python") or sys.executable, "-I", "-m", "simulator"]


# --- what a test works with ----------------------------------------------------------------------------------


class UcmsimLab:
    """A running lab. Every method is a blocking call of some milliseconds, whatever waits says `within`."""

    def __init__(self, process: _Process) -> None:
        self._process = process
        self._lost: list[str] = []
        """Faults of the time before a reset."""
        ready = process.ready
        self.ca_file = Path(ready["ca_file"])
        """PEM of the authority that signed the Tomcat certificates: what a client has to trust."""
        self.pki = Path(ready["pki"])
        """Folder with the lab's authorities, the nodes' certificates, the phones' LSCs and all the keys."""
        self.control = Control(ready["control"], process)
        self._set_endpoints(ready["endpoints"])

    def __repr__(self) -> str:
        return f"<ucmsim lab, control {self.control.url}>"

    def _set_endpoints(self, told: Mapping[str, Mapping[str, list[Any]]]) -> None:
        self.endpoints: dict[str, dict[str, tuple[str, int]]] = {
            actor: {role: (str(host), int(port)) for role, (host, port) in roles.items()}
            for actor, roles in told.items()
        }
        """Actor -> role (sip, sips, oauth, mra, config; of an Expressway: edge) -> (host, port)."""

    def endpoint(self, role: str, node: str | None = None) -> tuple[str, int]:
        """Host and port of a role (oauth, mra, sip, sips, config, edge) at a node, or at the first with it."""
        for actor, roles in self.endpoints.items():
            if node in (None, actor) and role in roles:
                return roles[role]
        known = ", ".join(f"{actor}: {' '.join(roles)}" for actor, roles in self.endpoints.items())
        raise LookupError(f"no endpoint {role!r}{f' at {node}' if node else ''} ({known})")

    def config_url(self, device: str, node: str | None = None) -> str:
        """Where a client finds the device's cnf.xml."""
        host, port = self.endpoint("config", node)
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/{device}.cnf.xml"

    def lsc(self, device: str) -> tuple[Path, Path]:
        """PEM files of the certificate and the private key of a phone (LSC) or an Expressway."""
        certificate, key = self.pki / f"{device}.pem", self.pki / f"{device}.key"
        if not key.exists():
            raise LookupError(f"{device} has no certificate in this lab")
        return certificate, key

    # --- acting ----------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Start over: cluster, phones, clock and events as in the beginning; connections are reset."""
        self._lost += self._actor_faults()
        self._set_endpoints(self.control.post("/reset"))

    def advance(self, seconds: float) -> None:
        """Move the lab's clock ahead; what is due on the way happens, expiry of registrations included."""
        self.control.post("/clock/advance", {"seconds": seconds})

    def restart(self, node: str) -> None:
        """Restart Cisco CallManager on a node: it reads what the cluster holds now."""
        self._set_endpoints(self.control.post(f"/nodes/{node}/restart"))

    # --- reading ---------------------------------------------------------------------------------------------

    def ladder(self, *, since: int = 0) -> str:
        """Who sent what to whom after record `since`, as text."""
        return str(self.control.get("/ladder", since=since, width=_WIDTH))

    def explain(self) -> str:
        """What was checked for each attempt to connect or register, in order, and what failed, as text."""
        text = str(self.control.get("/explain", format="text", width=_WIDTH))
        return text or "nobody tried to connect"

    # --- asserting -------------------------------------------------------------------------------------------

    def assert_registered(self, device: str, node: str | None = None, *, within: float = _WITHIN) -> Record:
        """A registration of the device is in force, at this node if one is named; returns it."""
        __tracebackhide__ = True
        return _eventually(self, within, lambda: _find_registration(self.control, device, node))

    def assert_not_registered(self, device: str, *, within: float = _WITHIN) -> None:
        """No registration of the device is in force (any more)."""
        __tracebackhide__ = True

        def look() -> Record | str:
            held = [row for row in self.control.registrations() if row["device"] == device]
            return f"expected {device} not to be registered; it is: {_line(held[0])}" if held else {}

        _eventually(self, within, look)

    def assert_rejected(self, reason: str, device: str | None = None, *, within: float = _WITHIN) -> Record:
        """The registrar said no for this reason, or for this problem of the token; returns the record.

        e.g. "oauth_mode_off", "device_unknown", "expired"; `control.get("/reasons")` lists the reasons.
        """
        __tracebackhide__ = True
        wanted = str(reason).replace("-", "_")
        return _eventually(self, within, lambda: _find_rejection(self.control, wanted, device))

    def assert_tls_alert(
        self, name: str | int | None, by: str | None = None, *, within: float = _WITHIN
    ) -> Record:
        """A handshake was refused with this alert (name, number, or None: without one); returns the record.

        `by`: who refused: "client", "server", or the name of an actor of the lab ("ucm-pub", "CSFALICE").
        """
        __tracebackhide__ = True
        wanted = name.replace("-", "_") if isinstance(name, str) else name
        return _eventually(self, within, lambda: _find_alert(self.control, wanted, by))

    # --- what the report needs -------------------------------------------------------------------------------

    def _evidence(self) -> list[tuple[str, str]]:
        try:
            return [("ucmsim explain", self.explain()), ("ucmsim ladder", self.ladder())]
        except LabError as error:
            return [("ucmsim", str(error))]

    def _actor_faults(self) -> list[str]:
        failed = self.control.records(kind="actor:failed")
        return [f"{record['actor']} failed in {record['during']}: {record['error']}" for record in failed]

    def _faults(self) -> list[str]:
        try:
            faults = self._lost + self._actor_faults()
        except LabError as error:
            return [*self._lost, str(error)]
        self._lost = []
        return [*faults, self._process.last_words()] if faults else []


class Phone:
    """A Jabber of the lab. Starting and stopping it returns when the traffic has come to rest."""

    def __init__(self, lab: UcmsimLab, device: str, shape: dict[str, object], *, start: bool) -> None:
        self._lab = lab
        self._shape = {key: value for key, value in shape.items() if value is not None}
        self.device = device
        __tracebackhide__ = True
        if start:
            self.start()

    def start(self) -> str:
        """Fetch cnf.xml, choose the port, register. Returns the state it has come to."""
        __tracebackhide__ = True
        return str(self._lab.control.post(f"/phones/{self.device}/start", self._shape)["state"])

    def stop(self) -> str:
        """Unregister and close."""
        return str(self._lab.control.post(f"/phones/{self.device}/stop")["state"])

    @property
    def state(self) -> str:
        """idle, registering, registered, backing_off ..."""
        last = self._last("phone:state_changed")
        return str(last["new"]) if last else "idle"

    @property
    def refusal(self) -> Record | None:
        """The last final answer that was a refusal: node, port, status, phrase, warning, retry_after."""
        return self._last("phone:refused")

    @property
    def failure(self) -> Record | None:
        """Why it gave up last: code (E_...) and detail."""
        return self._last("phone:failed")

    def _last(self, kind: str) -> Record | None:
        return next(
            (r for r in reversed(self._lab.control.records(kind=kind)) if r["actor"] == self.device), None
        )


class Control:
    """The lab's control API: JSON over HTTP on the loopback address. Raises LabError."""

    def __init__(self, url: str, process: _Process) -> None:
        self.url = url
        self._process = process

    def get(self, path: str, **query: object) -> Any:
        """JSON as what it stands for, text as str."""
        __tracebackhide__ = True
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        """The JSON answer. `body` goes as JSON."""
        __tracebackhide__ = True
        return self._ask("POST", path, None if body is None else json.dumps(body).encode())

    def records(self, *, since: int = 0, kind: str | None = None) -> list[Record]:
        """What happened after record `since`, oldest first, all of it or one kind ("tls:failed")."""
        found: list[Record] = self.get("/events", since=since, limit=_ALL)
        return [record for record in found if kind in (None, record["kind"])]

    def registrations(self) -> list[Record]:
        """device, dn, node, contact, transport, source, user, expires_in."""
        rows: list[Record] = self.get("/registrations")
        return rows

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        __tracebackhide__ = True
        parts = urlsplit(self.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text, kind = answer.read().decode(), answer.headers.get_content_type()
        except (OSError, HTTPException) as error:
            raise LabError(self._process.epitaph() or f"{method} {path}: {error}") from None
        finally:
            connection.close()
        data = json.loads(text) if kind == "application/json" else text
        if answer.status >= 400:
            said = data.get("error", text) if isinstance(data, dict) else text
            raise LabError(f"{method} {path}: {answer.status}: {said}", answer.status)
        return data


# --- assertions ----------------------------------------------------------------------------------------------


def _eventually(lab: UcmsimLab, within: float, look: Callable[[], Record | str]) -> Record:
    """What `look` finds; an AssertionError with what it says instead, if that is so for too long."""
    __tracebackhide__ = True
    give_up = time.monotonic() + within
    while isinstance(found := look(), str):
        if time.monotonic() >= give_up:
            raise AssertionError(found)
        time.sleep(_PAUSE)
    return found


def _find_registration(control: Control, device: str, node: str | None) -> Record | str:
    rows = control.registrations()
    held = [row for row in rows if row["device"] == device]
    for row in held:
        if node in (None, row["node"]):
            return row
    text = f"expected {device} registered{f' at {node}' if node else ''}; "
    if held:
        return text + f"it is registered at {', '.join(sorted({row['node'] for row in held}))}"
    others = sorted({row["device"] for row in rows})
    text += f"registered: {', '.join(others)}" if others else "nobody is registered"
    troubles = [record for record in control.records() if _is_trouble(record, device)]
    if not troubles:
        return text + "\nnothing was refused either: did it get this far?"
    nearest = max(troubles, key=lambda record: (record["kind"] in _REFUSALS, record["seq"]))
    return text + f"\nnearest: {_line(nearest)}"


def _is_trouble(record: Record, device: str) -> bool:
    kind = record["kind"]
    if kind in _REFUSALS:
        return record["device"] in (device, None) and record["reason"] != "token_absent"
    return kind in ("tls:failed", "sip:malformed") or (kind == "phone:failed" and record["actor"] == device)


def _find_rejection(control: Control, reason: str, device: str | None) -> Record | str:
    records = control.records()
    refusals = [
        record
        for record in records
        if record["kind"] in _REFUSALS and (record["reason"] != "token_absent" or reason == "token_absent")
    ]
    for record in refusals:
        if device in (None, record["device"]) and _has_reason(record, reason):
            return record
    text = f"expected {device or 'somebody'} rejected: {reason}"
    near = sorted(refusals, key=lambda r: (r["device"] == device, _has_reason(r, reason), r["seq"]))
    if near:
        text += f"\nnearest: {_line(near[-1])}"
    else:
        accepted = [record for record in records if record["kind"] == "registrar:accepted"]
        failed = [record for record in records if record["kind"] in ("tls:failed", "sip:malformed")]
        text += "; nothing was rejected"
        text += f"\nseen instead: {_line((accepted or failed)[-1])}" if accepted or failed else ""
    return text + _spelling(control, reason)


def _has_reason(record: Record, reason: str) -> bool:
    """The registrar's reason itself, or the token's problem it stands for."""
    return reason in (record["reason"], record.get("token_problem"))


def _spelling(control: Control, reason: str) -> str:
    known = {row["name"] for row in control.get("/reasons")}
    known |= {row["problem"] for row in control.get("/tokens/mutations")}
    if reason in known:
        return ""
    near = get_close_matches(reason, sorted(known), n=3)
    return f"\nthere is no reason {reason!r}" + (f": did you mean {', '.join(near)}?" if near else "")


def _find_alert(control: Control, wanted: str | int | None, by: str | None) -> Record | str:
    records = control.records()
    refusals = [record for record in records if record["kind"] == "tls:failed"]

    def fits(record: Record) -> tuple[bool, bool]:
        name = record["alert"] if wanted is None or isinstance(wanted, int) else record["alert_name"]
        return name == wanted, by in (None, *_refusers(record))

    for record in refusals:
        if all(fits(record)):
            return record
    shown = "a refusal without an alert" if wanted is None else f"TLS alert {wanted}"
    text = f"expected {shown}{f' by {by}' if by else ''}; "
    if refusals:
        nearest = max(refusals, key=lambda record: (sum(fits(record)), record["seq"]))
        return text + f"nearest: {_line(nearest)}, refused by the {_refusers(nearest)[0]}"
    finished = [record for record in records if record["kind"] == "tls:established"]
    return text + (
        f"no handshake was refused; last finished: {_line(finished[-1])}"
        if finished
        else "there was no handshake"
    )


def _refusers(record: Record) -> tuple[str, ...]:
    """Who refused, by every name: the role, and the actor if the record is its own."""
    if record["by"] == "us":
        return record["role"], record["actor"]
    return ("client" if record["role"] == "server" else "server",)


_SHOWN = {
    "registration": ("device", "dn", "node", "transport", "source", "user", "expires_in"),
    "registrar:rejected": ("device", "reason", "status", "detail"),
    "registrar:challenged": ("device", "reason", "status", "detail"),
    "registrar:accepted": ("device", "what", "expires"),
    "phone:failed": ("code", "detail"),
    "sip:malformed": ("detail", "status"),
    "tls:established": ("role", "version", "cipher", "peer_names"),
    "tls:failed": ("role", "by", "alert", "alert_name", "reason", "detail"),
}
"""Kind of record -> the fields that tell one from another."""
_REFUSALS = ("registrar:rejected", "registrar:challenged")


def _line(record: Record) -> str:
    """A record or registration in one line: what tells it from others, without what is empty."""
    kind = record.get("kind", "registration")
    head = [f"#{record['seq']} {record['actor']} {kind}"] if "seq" in record else []
    shown = [(key, record.get(key)) for key in _SHOWN[kind]]
    return " ".join(head + [f"{key}={value}" for key, value in shown if value not in (None, "", [])])


# --- processes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Shape:
    """What tells one lab from another: a lab file (path, or content as JSON) and changes to it."""

    file: str | None = None
    content: str | None = None
    changes: tuple[str, ...] = ()


def _shape(node: pytest.Item) -> _Shape:
    """The marks of module, class and test, the nearer over the farther; files beside the test's."""
    asked: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers("ucmsim"))):
        if mark.args:
            raise LabError(f"the ucmsim mark takes keyword arguments only, not {mark.args!r}")
        asked |= mark.kwargs
    lab = asked.pop("lab", None)
    file = None
    try:
        changes = tuple(f"{key}={json.dumps(asked[key])}" for key in sorted(asked))
        if isinstance(lab, Mapping):
            return _Shape(content=json.dumps(lab, sort_keys=True), changes=changes)
        if lab is not None:
            file = str(node.path.parent / lab)  # an absolute path stays as it is
    except TypeError as error:
        raise LabError(f"the ucmsim mark holds what a lab file cannot: {error}") from None
    return _Shape(file=file, changes=changes)


class _Labs:
    """The session's labs, by shape."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._labs: OrderedDict[_Shape, tuple[_Process, UcmsimLab]] = OrderedDict()
        self._started = 0

    def lend(self, shape: _Shape) -> UcmsimLab:
        """The lab of this shape, as after its start. Raises LabError."""
        held = self._labs.pop(shape, None)
        if held is not None and held[0].epitaph() is None:
            held[1].reset()
            held[1]._lost = []
        else:
            if held is not None:
                held[0].stop()
            held = self._start(shape)
        self._labs[shape] = held
        while len(self._labs) > _MOST_LABS:
            self._labs.popitem(last=False)[1][0].stop()
        return held[1]

    def _start(self, shape: _Shape) -> tuple[_Process, UcmsimLab]:
        self._started += 1
        file = shape.file
        if shape.content is not None:
            path = self._folder / f"lab-{self._started}.yaml"
            path.write_text(shape.content, "utf-8")
            file = str(path)
        arguments = ["up", "--port-base", "0", "--json", "--until-eof"]
        arguments += [part for change in shape.changes for part in ("--set", change)]
        arguments += [file] if file is not None else []
        process = _Process([*self._command, *arguments], self._folder / f"lab-{self._started}.err")
        return process, UcmsimLab(process)

    def close(self) -> None:
        for process, _ in self._labs.values():
            process.stop()
        self._labs.clear()


class _Process:
    """`ucmsim up`, which ends with its stdin: nothing is left behind even if pytest is killed."""

    def __init__(self, command: list[str], errors: Path) -> None:
        self._errors = errors
        try:
            with errors.open("wb") as stderr:
                self._process = subprocess.Popen(  # noqa: S603 - no shell, our own command
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    start_new_session=os.name == "posix",  # Ctrl-C is pytest's alone
                )
        except OSError as error:
            raise LabError(f"cannot run {command[0]}: {error.strerror}") from None
        assert self._process.stdout is not None
        overdue = threading.Timer(_STARTUP, self._process.kill)
        overdue.start()
        line = self._process.stdout.readline()
        overdue.cancel()
        try:
            self.ready: dict[str, Any] = json.loads(line)
        except ValueError:
            self.stop()
            raise LabError(f"the lab did not start: {self.last_words() or 'no word'}") from None

    def epitaph(self) -> str | None:
        """What is to say of a lab that is gone; None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        return f"the lab ended by itself with {code}: {self.last_words() or 'no word'}"

    def last_words(self) -> str:
        """The end of what it wrote to stderr."""
        return self._errors.read_text("utf-8", "replace").strip()[-2000:].removeprefix("ucmsim: ")

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
