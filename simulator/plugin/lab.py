"""What a test works with: the lab, to act on, to read and to assert about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .control import ControlClient, Record
from .findings import eventually, find_alert, find_registration, find_rejection, line_of
from .process import LabError, Process

_WITHIN = 1.0
"""Seconds an assertion waits for what it asserts: the other end of a connection runs on its own."""
_WIDTH = 100


class UcmsimLab:
    """A running lab. Every method is a blocking call of some milliseconds, whatever waits says `within`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._lost: list[str] = []
        """Faults of the time before a reset."""
        ready = process.ready
        self.ca_file = Path(ready["ca_file"])
        """PEM of the authority that signed the Tomcat certificates: what a client has to trust."""
        self.pki = Path(ready["pki"])
        """Folder with the lab's authorities, the nodes' certificates, the phones' LSCs and all the keys."""
        self.control = ControlClient(ready["control"], process)
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
        """Return host and port of a role (oauth, mra, sip, sips, config, edge) at a node, or at the first that
        has it.
        """
        for actor, roles in self.endpoints.items():
            if node in (None, actor) and role in roles:
                return roles[role]
        known = ", ".join(f"{actor}: {' '.join(roles)}" for actor, roles in self.endpoints.items())
        raise LookupError(f"no endpoint {role!r}{f' at {node}' if node else ''} ({known})")

    def config_url(self, device: str, node: str | None = None) -> str:
        """Return the URL of the device's cnf.xml."""
        host, port = self.endpoint("config", node)
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/{device}.cnf.xml"

    def lsc(self, device: str) -> tuple[Path, Path]:
        """Return PEM files of the certificate and private key of a phone (LSC) or an Expressway."""
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
        """Draw who sent what to whom after record `since`, as text."""
        return str(self.control.get("/ladder", since=since, width=_WIDTH))

    def explain(self) -> str:
        """Explain each attempt to connect or register as text: what was checked, in order, and what failed."""
        text = str(self.control.get("/explain", format="text", width=_WIDTH))
        return text or "nobody tried to connect"

    # --- asserting -------------------------------------------------------------------------------------------

    def assert_registered(self, device: str, node: str | None = None, *, within: float = _WITHIN) -> Record:
        """Wait until a registration of the device is in force, at this node if one is named; return it."""
        __tracebackhide__ = True
        return eventually(within, lambda: find_registration(self.control, device, node))

    def assert_not_registered(self, device: str, *, within: float = _WITHIN) -> None:
        """Wait until no registration of the device is in force."""
        __tracebackhide__ = True

        def look() -> Record | str:
            held = [row for row in self.control.registrations() if row["device"] == device]
            return f"expected {device} not to be registered; it is: {line_of(held[0])}" if held else {}

        eventually(within, look)

    def assert_rejected(self, reason: str, device: str | None = None, *, within: float = _WITHIN) -> Record:
        """Wait until the registrar refuses for this reason, or for this problem of the token; return the
        record.

        e.g. "oauth_mode_off", "device_unknown", "expired"; `control.get("/reasons")` lists the reasons.
        """
        __tracebackhide__ = True
        wanted = str(reason).replace("-", "_")
        return eventually(within, lambda: find_rejection(self.control, wanted, device))

    def assert_tls_alert(
        self, name: str | int | None, by: str | None = None, *, within: float = _WITHIN
    ) -> Record:
        """Wait until a handshake is refused with this alert (name, number, or None: without one); return the
        record.

        `by`: who refused: "client", "server", or the name of an actor of the lab ("ucm-pub", "CSFALICE").
        """
        __tracebackhide__ = True
        wanted = name.replace("-", "_") if isinstance(name, str) else name
        return eventually(within, lambda: find_alert(self.control, wanted, by))

    # --- what the report needs -------------------------------------------------------------------------------

    def _evidence(self) -> list[tuple[str, str]]:
        try:
            return [("ucmsim explain", self.explain()), ("ucmsim ladder", self.ladder())]
        except LabError as error:
            return [("ucmsim", str(error))]

    def _actor_faults(self) -> list[str]:
        failed = self.control.records(kind="actor:failed")
        faults = [f"{record['actor']} failed in {record['during']}: {record['error']}" for record in failed]
        for record in self.control.records(kind="lab:patience_ended"):
            under_way = "; ".join(record["under_way"])
            faults.append(f"the lab waited in vain for {record['waited_for']}; still under way: {under_way}")
        return faults

    def _faults(self) -> list[str]:
        try:
            faults = self._lost + self._actor_faults()
        except LabError as error:
            return [*self._lost, str(error)]
        self._lost = []
        return [*faults, self._process.last_words()] if faults else []
