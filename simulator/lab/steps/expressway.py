"""The `expressway` verb: an administrator's step at an Expressway, and what its pages must show afterwards."""

from __future__ import annotations

import re

from simulator.lab.steps.driver import ScenarioDriver
from simulator.lab.steps.expressway_admin import ExpresswayAdmin, ExpresswayStep


async def take_at_expressway(stage: ScenarioDriver, step: ExpresswayStep) -> list[str]:
    """One sentence for each thing unexpected."""
    site, problems = stage.site, list[str]()
    desk = ExpresswayAdmin(site, step.name)
    if step.certificate is not None:
        site.renew_expressway(desk.name, step.certificate)
    if step.trust:
        site.add_trust(desk.name, step.trust)
    if step.authorize_by_token is not None:
        desk.actor.set_authorize_by_token(step.authorize_by_token)
        stage.run(desk.actor)
    if step.cut is not None:
        stage.run(site.cut_traversal(desk.name, step.cut))
    if step.down is not None:
        await (stage.close_expressway if step.down else stage.open_expressway)(desk.name)
    if step.hang is not None:
        site.hang_expressway(desk.name, step.hang)
    if step.discover is not None or step.refresh:
        problems += _judged(await desk.ask_servers(stage, step.discover), step.fails)
    if step.restart and desk.name in site.edges:
        await stage.close_expressway(desk.name)
        await stage.open_expressway(desk.name)
    elif step.restart:
        desk.actor.restart()
        stage.run(desk.actor)
    await stage.until_idle()
    states = {str(row["zone"]): str(row["state"]) for row in desk.zones()}
    for zone, wanted in step.zones.items():
        if states.get(zone) != wanted:
            problems.append(
                f"expected zone {zone!r} {wanted or 'absent'}, it is {states.get(zone) or 'absent'}"
            )
    problems += _listed(desk, step.trusted_cas)
    if step.logs is not None and not re.search(step.logs, "\n".join(desk.event_log())):
        problems.append(f"expected the event log of {desk.name} to match /{step.logs}/")
    return problems


def _listed(desk: ExpresswayAdmin, wanted: dict[str, bool | None]) -> list[str]:
    """Of several with one subject it counts whether one of them is hidden."""
    words = {True: "usable", False: "hidden by a twin", None: "absent"}
    rows = [(str(row["subject"]), bool(row["usable"])) for row in desk.trusted_cas()]
    problems = []
    for subject, state in wanted.items():
        usable = [usable for name, usable in rows if name == subject]
        found = all(usable) if usable else None
        if found is not state:
            problems.append(f"expected trusted CA {subject!r} {words[state]}, it is {words[found]}")
    return problems


def _judged(failure: str | None, wanted: str | None) -> list[str]:
    if wanted is None:
        return [] if failure is None else [f"expected the discovery to succeed: {failure}"]
    if failure is None or not re.search(wanted, failure):
        return [f"expected the discovery to fail with /{wanted}/, not: {failure or 'it succeeded'}"]
    return []
