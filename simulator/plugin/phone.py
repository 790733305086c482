"""A Jabber of the lab, as a test sees it."""

from __future__ import annotations

from .control import Record
from .lab import UcmsimLab


class Phone:
    """A Jabber of the lab, as a test sees it. `start` and `stop` return when the traffic has come to rest."""

    def __init__(self, lab: UcmsimLab, device: str, shape: dict[str, object], *, start: bool) -> None:
        self._lab = lab
        self._shape = {key: value for key, value in shape.items() if value is not None}
        self.device = device
        __tracebackhide__ = True
        if start:
            self.start()

    def start(self) -> str:
        """Fetch cnf.xml, choose the port, register. Returns the state that the phone has reached."""
        __tracebackhide__ = True
        return str(self._lab.control.post(f"/phones/{self.device}/start", self._shape)["state"])

    def stop(self) -> str:
        """Unregister and close."""
        return str(self._lab.control.post(f"/phones/{self.device}/stop")["state"])

    @property
    def state(self) -> str:
        """Return the phone's state: idle, registering, registered, backing_off ..."""
        last = self._last("phone:state_changed")
        return str(last["new"]) if last else "idle"

    @property
    def refusal(self) -> Record | None:
        """Return the last final answer that was a refusal: node, port, status, phrase, warning, retry_after."""
        return self._last("phone:refused")

    @property
    def failure(self) -> Record | None:
        """Return why the phone gave up last: code (E_...) and detail."""
        return self._last("phone:failed")

    def _last(self, kind: str) -> Record | None:
        return next(
            (r for r in reversed(self._lab.control.records(kind=kind)) if r["actor"] == self.device), None
        )
