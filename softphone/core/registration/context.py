"""What the phone's parts share: who it is, its tokens, chance and journal, and how it opens a connection."""

from __future__ import annotations

from collections.abc import Callable
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
from softphone.core.registration.dialog import Registration
from softphone.core.settings.behaviours import Behaviour, Conduct
from softphone.core.settings.profile import Deployment, PhoneProfile, TokenSource
from softphone.core.settings.token_holder import TokenHolder
from softphone.core.sip.connection import Connection
from softphone.core.sip.identifiers import Identifiers
from softphone.core.sip.messages import Alarm, Caller

ClientTlsFor = Callable[[str], ClientTls]
"""Server name -> settings; an empty name: the URL's own host is the one to check."""


class PhoneContext:
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
        self.wallet = TokenHolder(tokens, self.conduct)
        self.entropy = entropy
        self.ids = Identifiers(entropy.child("identifiers"), profile.mac)
        self.journal = journal
        self.flows = flows
        self.dialect = dialect
        self.out: list[Effect] = []

    def open(self, decision: PortDecision) -> FlowId:
        flow = self.flows.take()
        self.out.append(
            OpenFlow(flow=flow, transport=decision.transport, remote=decision.next_hop, tls=self._tls(decision))
        )
        return flow

    def close(self, flow: FlowId) -> None:
        self.out.append(CloseFlow(flow))

    def connection(self, flow: FlowId, facts: FlowFacts, config: ConfigView) -> Connection:
        timers = Timers(t1=config.timers.t1, t2=config.timers.t2)
        return Connection(flow, facts, out=self.out, journal=self.journal, timers=timers)

    def registration(
        self, decision: PortDecision, facts: FlowFacts, config: ConfigView, alarm: Alarm | None
    ) -> Registration:
        profile, line = self.profile, config.lines[0]
        mra = profile.deployment == Deployment.MRA
        caller = Caller(
            node=decision.node.uri_host,
            number=line.uri_user,
            contact_user=line.contact,
            local=facts.local,
            transport=decision.transport,
            device=profile.device,
            model=profile.model,
            mac=self.ids.mac,
            user_agent=profile.user_agent,
            load=profile.load,
            mra=mra,
            route=decision.route,
        )
        return Registration(
            caller,
            expires=profile.requested_expires or config.timers.register_expires,
            alarm=alarm,
            bearer=decision.bearer,
            wallet=self.wallet,
            dialect=self.dialect,
            ids=self.ids,
            conduct=self.conduct,
        )

    def client_tls(self, server_name: str) -> ClientTls:
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


def client_tls(profile: PhoneProfile, server_name: str, *, verify: bool = True) -> ClientTls:
    """What the phone demands of any server it speaks TLS with."""
    return ClientTls(
        server_name=server_name,
        trust=profile.trust,
        verify=verify,
        check_hostname=verify,
        minimum=profile.tls_minimum,
        maximum=profile.tls_maximum,
        crls=profile.crls if verify else (),
    )
