"""The nodes still to be tried before the phone waits, in order, and why those before them failed."""

from __future__ import annotations

from softphone.core.device_file.ports import PortDecision, PortPlan, override
from softphone.core.registration.context import PhoneContext
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import Deployment, PortOverride


class NodeList:
    def __init__(self, outfit: PhoneContext) -> None:
        self._conduct = outfit.conduct
        self._failover = outfit.profile.failover
        self._over_edge = outfit.profile.deployment == Deployment.MRA
        self.port_override = outfit.profile.port_override
        self.plan: PortPlan | None = None
        """The last plan that could be used."""
        self.left: list[PortDecision] = []
        self._whys: list[str] = []

    def begin(self, plan: PortPlan) -> None:
        """All nodes of the plan by priority; only the first without failover."""
        self.plan = plan
        self._set(list(plan.decisions if self._failover else plan.decisions[:1]))

    def begin_after(self, lost: PortDecision, *, edge_gone: bool = False) -> None:
        """After a registration that had lasted: the other nodes first, the lost one last (sip-wire 4).

        Over MRA by the same edge first. If that is gone: the same node first, by the other edges.
        """
        assert self.plan is not None
        if not self._failover or not self._over_edge:
            self._set([*self._others(lost), lost])
            return

        def rank(one: PortDecision) -> tuple[bool, bool]:
            same_node, same_edge = one.node == lost.node, one.next_hop == lost.next_hop
            if edge_gone:
                return same_edge, not same_node
            return same_node, not same_edge

        self._set(sorted(self.plan.decisions, key=rank))

    def skip_edge(self, failed: PortDecision) -> None:
        """What else would go the same way fares no better."""
        self.left = [one for one in self.left if one.next_hop != failed.next_hop]

    def begin_behind(self, better: PortDecision) -> None:
        """The nodes to fall back on while the phone comes back to a better one."""
        self._set(self._others(better))

    def begin_with(self, only: PortDecision) -> None:
        self._set([only])

    def next(self) -> PortDecision | None:
        return self.left.pop(0) if self.left else None

    def note(self, failed: PortDecision, why: str) -> None:
        self._whys.append(f"{failed.next_hop}: {why}")

    @property
    def story(self) -> str:
        """Each failure of this round, in order."""
        return "; ".join(self._whys)

    def _set(self, decisions: list[PortDecision]) -> None:
        self.left = (
            decisions if Behaviour.WRONG_PORT not in self._conduct else list(map(self._wrong, decisions))
        )
        self._whys = []

    def _others(self, but: PortDecision) -> list[PortDecision]:
        assert self.plan is not None
        return [one for one in self.plan.decisions if one.node != but.node] if self._failover else []

    def _wrong(self, decision: PortDecision) -> PortDecision:
        return override(decision, self.port_override or PortOverride(element="sipMRAOAuthPort"))
