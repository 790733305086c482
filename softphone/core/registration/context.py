"""What the phone's parts share: profile, tokens, behaviours, identifiers, journal, and the list of effects."""

from __future__ import annotations

from dataclasses import replace

from simulator.core.actor.flow import CloseFlow, Effect, FlowFacts, OpenFlow
from simulator.core.entropy import Entropy
from simulator.core.events.log import Journal
from simulator.core.ids import FlowId, FlowIds
from simulator.core.sip import Timers
from simulator.core.sip.bearer import Dialect
from simulator.core.tls.settings import ClientTls
from softphone.core.device_file.ports import PortDecision
from softphone.core.device_file.view import ConfigView
from softphone.core.settings.behaviours import Behaviour, Conduct
from softphone.core.settings.profile import Deployment, PhoneProfile, TokenSource
from softphone.core.settings.tls import client_tls
from softphone.core.settings.token_holder import TokenHolder
from softphone.core.sip.connection import SipConnection
from softphone.core.sip.identifiers import Identifiers


class PhoneContext:
    """Made once for each phone. `out` collects effects until the actor is asked for them."""

    def __init__(
        self,
        profile: PhoneProfile,
        *,
        tokens: TokenSource,
        entropy: Entropy,
        journal: Journal,
        flows: FlowIds,
        dialect: Dialect,
    ) -> None:
        self.profile = profile
        self.conduct = Conduct(profile.behaviours)
        self.tokens = TokenHolder(tokens, self.conduct)
        self.entropy = entropy
        self.ids = Identifiers(entropy.child("identifiers"), profile.mac)
        self.journal = journal
        self.flows = flows
        self.dialect = dialect
        self.out: list[Effect] = []

    def open(self, decision: PortDecision) -> FlowId:
        """Ask for a connection to the node and port of `decision`, and return its flow."""
        flow = self.flows.take()
        self.out.append(
            OpenFlow(flow=flow, transport=decision.transport, remote=decision.next_hop, tls=self._tls(decision))
        )
        return flow

    def close(self, flow: FlowId) -> None:
        """Ask for an orderly close of `flow`."""
        self.out.append(CloseFlow(flow))

    def connection(self, flow: FlowId, facts: FlowFacts, config: ConfigView) -> SipConnection:
        """Return the SIP side of a flow that is open, with the timers of the configuration file."""
        timers = Timers(t1=config.timers.t1, t2=config.timers.t2)
        return SipConnection(flow, facts, out=self.out, journal=self.journal, timers=timers)

    def client_tls(self, server_name: str = "") -> ClientTls:
        """Return what the phone demands of a TLS server; empty `server_name`: the URL's host is checked."""
        verify = Behaviour.SKIP_SERVER_VERIFICATION not in self.conduct
        return client_tls(self.profile, server_name, verify=verify)

    def _tls(self, decision: PortDecision) -> ClientTls | None:
        if decision.transport != "tls":
            return None
        over_edge = self.profile.deployment == Deployment.MRA
        settings = self.client_tls(decision.next_hop.host if over_edge else decision.node.tls_name)
        due = decision.client_certificate and Behaviour.NO_CLIENT_CERTIFICATE not in self.conduct
        if due or Behaviour.PRESENT_CLIENT_CERTIFICATE in self.conduct:
            settings = replace(settings, credential=self.profile.credential)
        return settings
