"""`ucmsim up`: a lab that runs until it is told to stop, with its endpoints, certificates and control API."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from certs.files import write_private, write_stores
from simulator.aio.open_files import ShortageNotice, allow_many, logger
from simulator.evidence.capture import Capture
from simulator.lab.config.lab import LabConfig
from simulator.lab.control import ControlServer
from simulator.lab.run.live import Lab, open_lab
from simulator.lab.run.open_file_needs import check_open_files
from simulator.lab.run.syslog import Syslog
from simulator.lab.site.environment.pki import TOMCAT_CA

KEPT_RECORDS = 20_000
"""Number of the latest events that the control API can show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a client from outside must know of a running lab."""

    endpoints: dict[str, dict[str, list[str | int]]]
    """Actor -> role (sip, sips, oauth, mra, config; edge) -> [host, port]."""
    ca_file: str
    """PEM file of the Tomcat certificate's issuer."""
    pki: str
    """Folder of the lab's certificates, LSCs and their private keys."""
    control: str
    """URL of the control API."""

    def to_json(self) -> dict[str, object]:
        return {"endpoints": self.endpoints, "ca_file": self.ca_file, "pki": self.pki, "control": self.control}


async def serve(
    config: LabConfig,
    *,
    host: str,
    control_port: int,
    events: bool,
    until_eof: bool = False,
    pcap: Path | None = None,
    keylog: Path | None = None,
    state: Path | None = None,
    syslog: str | None = None,
    announce: Callable[[Ready, Lab], None],
) -> None:
    """Run a lab until SIGINT, SIGTERM or SIGHUP, with `until_eof` also until stdin ends.

    `pcap`: a capture, written at the end; `keylog`: TLS secrets, written as they arise. `state`: the
    cluster database, kept between runs. `syslog`: where the nodes' alarms go, see `Syslog`.

    Raises OSError (ports, files) and ValueError (what UCM would refuse).
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    allow_many()
    if (warning := check_open_files(config)) is not None:
        logger.warning("ucmsim: %s", warning)
    loop.set_exception_handler(ShortageNotice())
    with suppress(NotImplementedError):  # Windows has no signal handlers in the loop, and no SIGHUP
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        # The terminal was closed: private keys must not stay behind. With nohup it is ignored, and stays so.
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
            loop.add_signal_handler(signal.SIGHUP, stopped.set)
    if until_eof:
        _at_end_of_stdin(lambda: loop.call_soon_threadsafe(stopped.set))
    keep = KEPT_RECORDS if events else 0
    log = str(keylog) if keylog is not None else None
    with (
        tempfile.TemporaryDirectory(prefix="ucmsim-", ignore_cleanup_errors=True) as folder,
        Capture(keylog=log) if pcap is not None else nullcontext() as capture,
        closing(Syslog(syslog)) if syslog is not None else nullcontext() as alarms,
    ):
        async with open_lab(
            config,
            virtual_ports=False,
            host=host,
            keep=keep,
            keylog=log,
            capture=capture,
            state=state,
            syslog=alarms,
        ) as lab:
            control = ControlServer(lab, lambda: endpoints_of(lab))
            address = await control.start(host, control_port)
            try:
                announce(_ready(lab, Path(folder), f"http://{address}"), lab)
                await stopped.wait()
            finally:
                await control.stop()
        if capture is not None and pcap is not None:
            capture.write(pcap)


def _at_end_of_stdin(then: Callable[[], object]) -> None:
    """Call `then` when stdin ends: its other end is held by the process that started this one."""

    def watch() -> None:
        while os.read(descriptor, 4096):
            pass
        with suppress(RuntimeError):  # the loop is closed already
            then()

    descriptor = sys.stdin.fileno()
    threading.Thread(target=watch, name="stdin", daemon=True).start()


def _ready(lab: Lab, folder: Path, control: str) -> Ready:
    ca_file = write_pki(lab, folder)
    return Ready(endpoints=endpoints_of(lab), ca_file=str(ca_file), pki=str(folder), control=control)


def endpoints_of(lab: Lab) -> dict[str, dict[str, list[str | int]]]:
    """Return where every listener of the lab is bound now: actor -> role -> [host, port]."""
    site = lab.site
    out: dict[str, dict[str, list[str | int]]] = {}
    for node in site.cluster.nodes:
        ports = site.addresses.ports_of(node.name)
        address = site.addresses.of(node.name)
        out[node.name] = {
            role: [address, getattr(ports, role)] for role in ("sip", "sips", "oauth", "mra", "config")
        }
        for role in ("https", "ssh", "config-tls", "files-tls"):
            if port := site.addresses.port_bound(node.name, role):
                out[node.name][role.replace("-", "_")] = [address, port]
    for name in site.name_servers.actors:
        if port := site.addresses.port_bound(name, "dns-udp"):
            out[name] = {"dns": [site.addresses.of(name), port]}
    for item in site.config.expressways:
        edge, front = lab.edge_of(item.name), item.front.name
        roles = ("https", "traversal", "tunnel") if item.edge else ("https",)
        out[front] = {
            "edge": [edge.host, edge.port],
            **{role: [edge.host, site.addresses.port_bound(front, role)] for role in roles},
        }
    return out


def write_pki(lab: Lab, folder: Path) -> Path:
    """Write the certificates and keys that a client from outside may need.

    Returns the PEM file of the Tomcat certificate's issuer.

    Private keys are 0600, the folder is the lab's own (0700).
    """
    site = lab.site
    for name, authority in site.pki.authorities.items():
        (folder / f"{name.replace('/', '_')}.pem").write_bytes(authority.certificate)
    for node in site.cluster.nodes:
        write_stores(folder / node.name, node.stores)
    for owner, credential in site.credentials.items():
        (folder / f"{owner}.pem").write_bytes(credential.chain)
        write_private(folder / f"{owner}.key", credential.private_key)
    return folder / f"{TOMCAT_CA}.pem"
