"""The nodes still to be tried in this round, in order, and why the ones already tried failed."""

from __future__ import annotations

from softphone.core.device_file.ports import PortDecision, PortPlan, override
from softphone.core.registration.context import PhoneContext
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import Deployment, PortOverride


class NodeList:
    """One round of attempts. Each `begin...` method starts a round, `next` takes its nodes one by one."""

    def __init__(self, context: PhoneContext) -> None:
        self._conduct = context.conduct
        self._failover = context.profile.failover
        self._over_edge = context.profile.deployment == Deployment.MRA
        self.port_override = context.profile.port_override
        self.plan: PortPlan | None = None
        """The last plan that could be used."""
        self.left: list[PortDecision] = []
        self._failures: list[str] = []

    def begin(self, plan: PortPlan) -> None:
        """Begin with all nodes of `plan` by priority; without failover with the first one only."""
        self.plan = plan
        self._set(list(plan.decisions if self._failover else plan.decisions[:1]))

    def begin_after(self, lost: PortDecision, *, edge_gone: bool = False) -> None:
        """Begin after a registration that had lasted: the other nodes first, `lost` last (sip-wire 4).

        Over MRA by the same edge first. With `edge_gone` the same node first, by the other edges.
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
        """Strike out every node that would be reached by the edge of `failed`."""
        self.left = [one for one in self.left if one.next_hop != failed.next_hop]

    def begin_behind(self, better: PortDecision) -> None:
        """Begin with the nodes to fail over to while the phone goes back to `better`."""
        self._set(self._others(better))

    def begin_with(self, only: PortDecision) -> None:
        """Begin a round of one node."""
        self._set([only])

    def next(self) -> PortDecision | None:
        """Take the next node; None at the end of the round."""
        return self.left.pop(0) if self.left else None

    def note(self, failed: PortDecision, why: str) -> None:
        """Record why `failed` was passed over."""
        self._failures.append(f"{failed.next_hop}: {why}")

    @property
    def story(self) -> str:
        """The failures of this round, in order, in one line."""
        return "; ".join(self._failures)

    def _set(self, decisions: list[PortDecision]) -> None:
        self.left = (
            decisions if Behaviour.WRONG_PORT not in self._conduct else list(map(self._wrong, decisions))
        )
        self._failures = []

    def _others(self, but: PortDecision) -> list[PortDecision]:
        assert self.plan is not None
        return [one for one in self.plan.decisions if one.node != but.node] if self._failover else []

    def _wrong(self, decision: PortDecision) -> PortDecision:
        return override(decision, self.port_override or PortOverride(element="sipMRAOAuthPort"))
