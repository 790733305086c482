"""Faults that steps and the control API inject into a running lab. Each is reported as an event."""

from __future__ import annotations

from simulator.core.events import FaultInjected
from simulator.expressway.core.actors.expressway_e import ExpresswayE
from simulator.lab.config.faults import ServedFile
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.expressways import Expressways
from simulator.lab.site.ucm.altered_files import changed
from simulator.lab.site.ucm.failure_plans import FailurePlans
from simulator.lab.site.ucm.services import UcmServices


class Faults:
    """Makes nodes and Expressways fail, and lets them work again."""

    def __init__(self, context: LabContext, *, ucm: UcmServices, expressways: Expressways) -> None:
        self._config, self._clock, self._journal = context.config, context.clock, context.journal("lab")
        self._ucm, self._expressways = ucm, expressways

    @property
    def plans(self) -> FailurePlans:
        """What the next calls of a node's HTTP services get in place of an answer."""
        return self._ucm.failure_plans

    def hang(self, node: str, on: bool = True) -> None:
        """Let Cisco CallManager take connections and answer nothing, or work again."""
        self._ucm.call_managers[node].hang(on)
        self._note(f"CallManager of {node}", "hangs" if on else "works again")

    def hang_expressway(self, name: str, on: bool = True) -> None:
        """Let an Expressway take connections and answer nothing, or work again."""
        self._expressways.get(name).hang(on)
        self._note(f"Expressway {name}", "hangs" if on else "works again")

    def cut_traversal(self, name: str, on: bool) -> ExpresswayE:
        """Let nothing pass between this Expressway and the other of its pair, or let it pass again; return the
        Expressway-E, which has something to do then. LookupError if there is no such link.
        """
        pairs = self._config.expressways
        config = next((one for one in pairs if name in (one.name, one.front.name)), None)
        if config is None or config.edge is None:
            raise LookupError(f"{name} has no Expressway-E of its own")
        edge = self._expressways.expressway_e[config.edge.name]
        edge.cut(on, self._clock.now())
        self._note(f"link between {edge.name} and {config.name}", "cut" if on else "works again")
        return edge

    def set_overload(self, on: bool) -> None:
        """Let every node refuse registrations with 503 and Retry-After, and AXL writes; or take them again."""
        self._note("overload", "on" if on else "off")
        for call_manager in self._ucm.call_managers.values():
            call_manager.throttle(on)
        for axl in self._ucm.throttles.values():
            (axl.engage if on else axl.release)()

    def set_clock(self, node: str, ahead: float) -> None:
        """Set the node's clock so many seconds ahead of the true time, or behind it."""
        self._ucm.clocks.set(node, ahead)
        self._ucm.call_managers[node].set_clock(ahead)
        detail = f"{abs(ahead):g} s {'behind' if ahead < 0 else 'ahead'}" if ahead else "right"
        self._note(f"clock of {node}", detail)

    def hold_keys(self, node: str, on: bool = True) -> None:
        """Keep new token keys from this node's database, or let them reach it again."""
        keys = self._ucm.sign_in.keys
        (keys.hold if on else keys.release)(node)
        self._note(f"replication of token keys to {node}", "held" if on else "goes on")

    def serve_file(self, change: ServedFile) -> None:
        """Serve the phone's configuration file changed. ValueError if it cannot be so changed."""
        phone = self._config.phone(change.phone)
        device = phone.as_device or phone.device
        if phone.known:
            changed(self._ucm.render_file(device), change)
        self._ucm.altered_files.put(device, change)
        described = change.model_dump(exclude_defaults=True, exclude={"phone", "body"})
        self._note(
            f"configuration file of {device}",
            ", ".join(f"{name} {value}" for name, value in described.items()),
        )

    def _note(self, fault: str, detail: str) -> None:
        self._journal.add(FaultInjected(fault=fault, detail=detail))
