"""The process under test: `python -m benchmarks.server`, one job as a JSON line on standard input.

Answers with one JSON line when it listens, and ends when its standard input does. With `profile` in the job it
prints on standard error where its time went.
"""

from __future__ import annotations

import asyncio
import cProfile
import gc
import json
import os
import pstats
import sys
from typing import Any
from uuid import UUID, uuid5

from benchmarks import baselines
from benchmarks.harness import pin
from benchmarks.material import EXPRESSWAY, load_keys, server_tls
from benchmarks.messages import NODE, PhoneId
from certs.contexts import server_context
from registrar.core.callmanager.service import CallManager
from registrar.core.cluster.bindings import BindingStore
from registrar.core.cluster.directory import (
    Device,
    Directory,
    Line,
    SecurityMode,
    SecurityProfile,
    TransportType,
    User,
)
from registrar.core.cluster.expressway_table import ExpresswayRow
from registrar.core.cluster.ports import NodePorts
from registrar.core.cluster.snapshot import NodeSnapshot
from simulator.aio.clock import RealClock
from simulator.aio.driver import Driver
from simulator.core.entropy import SeededEntropy
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowIds
from simulator.core.network.endpoint import endpoints_of

_PROFILE = "Benchmark OAuth"


async def _bare(job: dict[str, Any]) -> dict[str, Any]:
    context = server_context(server_tls(job, mutual=job.get("mutual", False)))
    bare = baselines.Bare(depth=job["depth"], reply=job["reply"].encode(), public_key=job["public_key"])
    return {"oauth": await baselines.listen(bare, context)}


async def _registrar(job: dict[str, Any]) -> dict[str, Any]:
    """The real thing: a CallManager on the asyncio driver, its log keeping no event (or the last `keep`)."""
    clock = RealClock()
    log = EventLog(clock, keep=job.get("keep", 0))
    manager = CallManager(
        _snapshot(job),
        _directory(job["phones"]),
        BindingStore(),
        journal=log.journal(ActorId("ucm-pub")),
        entropy=SeededEntropy(1),
    )
    driver = Driver(log, clock, FlowIds())
    endpoints = endpoints_of(manager)
    addresses = await driver.open(*endpoints)
    gc.freeze()  # as `ucmsim up` does
    return {
        endpoint.listen.name: (address.host, address.port)
        for endpoint, address in zip(endpoints, addresses, strict=True)
    }


def _snapshot(job: dict[str, Any]) -> NodeSnapshot:
    tls = server_tls(job, mutual=True)
    return NodeSnapshot(
        name="ucm-pub",
        host=NODE,
        ports=NodePorts(sip=0, sips=0, oauth=0, mra=0, config=0),
        sip_oauth_mode=True,
        tomcat=tls.credential,
        tomcat_trust=tls.trust,
        callmanager=tls.credential,
        phone_trust=tls.trust,
        keys=load_keys(job["cluster"], job["signing"], job["encryption"]).public,
    )


def _directory(amount: int) -> Directory:
    directory = Directory()
    directory.put_profile(
        SecurityProfile(name=_PROFILE, mode=SecurityMode.ENCRYPTED, transport=TransportType.TLS, oauth=True)
    )
    directory.put_expressway(ExpresswayRow(host=EXPRESSWAY, x509_name=EXPRESSWAY))
    devices = []
    for phone in map(PhoneId, range(amount)):
        directory.put_user(User(id=phone.user))
        key = uuid5(UUID(int=0), phone.device)
        devices.append(
            Device(
                name=phone.device,
                pkid=key,
                profile=_PROFILE,
                lines=(Line(dn=phone.line, contact=key),),
                owner=phone.user,
            )
        )
    directory.put_devices(devices)
    return directory


async def _serve(job: dict[str, Any]) -> None:
    ended = asyncio.Event()

    def stop_at_end() -> None:
        if not os.read(0, 4096):
            ended.set()

    asyncio.get_running_loop().add_reader(sys.stdin, stop_at_end)
    ready = await (_registrar(job) if job["kind"] == "registrar" else _bare(job))
    print(json.dumps(ready), flush=True)
    await ended.wait()


def main() -> None:
    job = json.loads(sys.stdin.readline())
    pin(job.get("core"))
    if not job.get("profile"):
        asyncio.run(_serve(job))
        return
    profile = cProfile.Profile()
    profile.runcall(asyncio.run, _serve(job))
    pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
