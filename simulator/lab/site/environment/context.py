"""What all parts of one lab share: its file, clock, event log, certificates, addresses and randomness."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.entropy import Entropy, SeededEntropy
from simulator.core.events.log import EventLog, Journal
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Clock, Instant
from simulator.lab.config.lab import LabConfig
from simulator.lab.site.environment.address_plan import Addressing, AddressPlan
from simulator.lab.site.environment.pki import Pki


@dataclass(frozen=True, slots=True, kw_only=True)
class LabContext:
    """What the parts of a lab are given, made before any of them."""

    config: LabConfig
    clock: Clock
    real_now: Instant
    """The machine's time, for the validity of certificates."""
    log: EventLog
    flows: FlowIds
    pki: Pki
    plan: AddressPlan
    entropy: Entropy
    """Drawn from the lab's seed."""
    secret: Entropy | None
    """Where session ids and codes come from; None: the seed, which any foreign client could guess."""
    virtual: bool
    """True: every actor listens on the documented ports, whatever is bound."""
    loopback: bool
    """True: all actors share one address."""

    @classmethod
    def create(
        cls,
        config: LabConfig,
        *,
        clock: Clock,
        real_now: Instant,
        addressing: Addressing,
        host: str = "127.0.0.1",
        keep: int | None = None,
        pki: Pki | None = None,
        virtual: bool = True,
        secret: Entropy | None = None,
    ) -> LabContext:
        """Make what a lab of this file starts with.

        `host`: everybody's address with addressing "loopback". `keep`: how many event records stay (None: all).
        `pki`: the certificates and keys of a lab that this one takes the place of.
        """
        return cls(
            config=config,
            clock=clock,
            real_now=real_now,
            log=EventLog(clock, keep=keep),
            flows=FlowIds(),
            pki=pki or Pki(now=real_now),
            plan=AddressPlan(addressing, host),
            entropy=SeededEntropy(config.seed),
            secret=secret,
            virtual=virtual,
            loopback=addressing == "loopback",
        )

    def journal(self, actor: str) -> Journal:
        """Return the journal in which this actor reports its events."""
        return self.log.journal(ActorId(actor))
