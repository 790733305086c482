"""A lab, built and not yet run. `build_site` is the wiring of one lab: each part is given those made before it.

Nothing here knows sockets. `World` and `Lab` run its actors on a network and tell it which addresses their
listeners got.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from registrar.core.cluster.cluster import Cluster
from simulator.core.actor.flow import Actor
from simulator.core.events import LabBuilt
from simulator.core.events.log import EventLog, Journal
from simulator.core.ids import FlowIds
from simulator.core.instant import Clock
from simulator.core.tls.settings import Credential
from simulator.lab.config.lab import LabConfig
from simulator.lab.site.administration import LabAdministration
from simulator.lab.site.clients.phone_tokens import Mint
from simulator.lab.site.clients.phones import Phones
from simulator.lab.site.clients.raw_client import RawClients
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.name_servers import NameServers, name_server_names
from simulator.lab.site.environment.pki import Pki
from simulator.lab.site.expressways import Expressways
from simulator.lab.site.faults import Faults
from simulator.lab.site.ucm.cluster_start import start_cluster
from simulator.lab.site.ucm.services import UcmServices


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts of a lab."""

    config: LabConfig
    clock: Clock
    log: EventLog
    lab: Journal
    """What happens to the lab itself: steps, administration, faults."""
    flows: FlowIds
    pki: Pki
    cluster: Cluster
    addresses: Addresses
    ucm: UcmServices
    mint: Mint
    expressways: Expressways
    name_servers: NameServers
    phones: Phones
    raw_clients: RawClients
    administration: LabAdministration
    faults: Faults

    @property
    def credentials(self) -> dict[str, Credential]:
        """The certificates and keys of phones (LSCs) and Expressways, by their owner's name."""
        return {**self.phones.lscs, **self.expressways.credentials}

    def credential_of(self, owner: str) -> Credential:
        """Return the certificate and key of a phone or an Expressway. LookupError if it has none."""
        try:
            return self.credentials[owner]
        except KeyError:
            raise LookupError(f"{owner} has no certificate: its profile needs none") from None


def build_site(
    context: LabContext,
    *,
    run: Callable[[Actor], None],
    ordered: Callable[[], None] = lambda: None,
    state: Path | None = None,
    any_port: frozenset[str] = frozenset(),
) -> Site:
    """Build the lab of `context.config`.

    `run` is the network's: it carries out what an administrator's call made an actor want. `ordered` is called
    when an administrator has ordered a service to start or stop. `state`: a file that keeps the cluster
    database between labs. `any_port`: nodes whose ports are only numbers of this run, whatever that file says.
    Raises what `start_cluster` does.
    """
    lab = context.journal("lab")
    lab.add(_built(context))
    # The label decides what is drawn from the seed, so it stays what it has always been.
    entropy = context.secret or context.entropy.child("office")
    start = start_cluster(context, entropy=entropy, state=state, any_port=any_port)
    cluster, database = start.cluster, start.database
    addresses = Addresses(context, cluster)
    ucm = UcmServices(context, start, addresses, entropy=entropy, run=run, ordered=ordered)
    mint = Mint(cluster, context.entropy.child("mint"), partial(ucm.clocks.at, cluster.nodes[0].name))
    expressways = Expressways(context, cluster=cluster, addresses=addresses)
    name_servers = NameServers(context, addresses)
    phones = Phones(
        context,
        cluster=cluster,
        addresses=addresses,
        name_servers=name_servers,
        lscs=start.lscs,
        passwords=ucm.sign_in.passwords,
        mint=mint,
    )
    return Site(
        config=context.config,
        clock=context.clock,
        log=context.log,
        lab=lab,
        flows=context.flows,
        pki=context.pki,
        cluster=cluster,
        addresses=addresses,
        ucm=ucm,
        mint=mint,
        expressways=expressways,
        name_servers=name_servers,
        phones=phones,
        raw_clients=RawClients(context),
        administration=LabAdministration(context, cluster=cluster, database=database, expressways=expressways),
        faults=Faults(context, ucm=ucm, expressways=expressways),
    )


def _built(context: LabContext) -> LabBuilt:
    """The event that names the lab's actors, the first of every log."""
    config = context.config
    pairs = ((item.edge.name, item.name) if item.edge else (item.name,) for item in config.expressways)
    return LabBuilt(
        phones=tuple(phone.device for phone in config.phones),
        nodes=tuple(node.name for node in config.nodes),
        expressways=tuple(name for pair in pairs for name in pair),
        name_servers=name_server_names(context),
    )
