"""The verb `expressway`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field, model_validator

from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.model import Name, Regex
from simulator.lab.steps.expressway_admin import Discover, ExpresswayAdmin
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.service_actions import start_expressway, stop_expressway
from simulator.lab.steps.step import MappingStep, Reference


class Expressway(MappingStep):
    """Do what an administrator does on an Expressway, then check what its pages show.

    If several keys are given, they are carried out in the order of this table.
    """

    verb: ClassVar[str] = "expressway"

    checks: ClassVar[bool] = True

    name: Name | None = Field(
        None, description="default: the first Expressway; a separate Expressway-E has its own name"
    )
    certificate: CertificateConfig | None = Field(None, description="a new server certificate")
    trust: list[str] = Field(
        [],
        description='added to the trusted CAs: authorities, or the current "tomcat:NODE" or "callmanager:NODE"',
    )
    authorize_by_token: bool | None = Field(None, description="Authorize by OAuth token with refresh")
    discover: Discover | None = None
    refresh: bool = False
    restart: bool = Field(False, description="restart, which opens all connections again")
    cut: bool | None = Field(
        None,
        description="true: nothing passes between Expressway-E and Expressway-C; false: the link works again",
    )
    down: bool | None = Field(None, description="true: switch it off; false: switch it on again")
    hang: bool | None = Field(
        None, description="true: it accepts connections but does not answer; false: it answers again"
    )
    fails: Regex | None = Field(
        None, description="discover or refresh must fail with a message that matches this regular expression"
    )
    zones: dict[str, str | None] = Field(
        {}, description="zone name: the state that it must show; null: there must be no such zone"
    )
    trusted_cas: dict[str, bool | None] = Field(
        {},
        description="trusted CA by subject, e.g. CN=tomcat-ca: true, it is used; false, a twin hides it; "
        "null, it is not in the list",
    )
    logs: Regex | None = Field(None, description="regular expression that the event log must match")

    @model_validator(mode="after")
    def _does_something(self) -> Expressway:
        if not self.model_fields_set - {"name"}:
            raise ValueError("the step does nothing on the Expressway")
        return self

    def references(self) -> Iterable[Reference]:
        return [] if self.name is None else [Reference("Expressway", self.name)]

    async def do(self, run: ScenarioRun) -> list[str]:
        site, driver, problems = run.site, run.driver, list[str]()
        admin = ExpresswayAdmin(site, self.name)
        if self.certificate is not None:
            site.expressways.renew(admin.name, self.certificate)
        if self.trust:
            site.administration.add_trust(admin.name, self.trust)
        if self.authorize_by_token is not None:
            admin.actor.set_authorize_by_token(self.authorize_by_token)
            driver.run(admin.actor)
        if self.cut is not None:
            driver.run(site.faults.cut_traversal(admin.name, self.cut))
        if self.down is not None:
            await (stop_expressway if self.down else start_expressway)(driver, admin.name)
        if self.hang is not None:
            site.faults.hang_expressway(admin.name, self.hang)
        if self.discover is not None or self.refresh:
            problems += _judged(await admin.ask_servers(driver, self.discover), self.fails)
        if self.restart and admin.name in site.expressways.expressway_e:
            await stop_expressway(driver, admin.name)
            await start_expressway(driver, admin.name)
        elif self.restart:
            admin.actor.restart()
            driver.run(admin.actor)
        await driver.until_idle()
        states = {str(row["zone"]): str(row["state"]) for row in admin.zones()}
        for zone, wanted in self.zones.items():
            if states.get(zone) != wanted:
                problems.append(
                    f"expected zone {zone!r} {wanted or 'absent'}, it is {states.get(zone) or 'absent'}"
                )
        problems += _listed(admin, self.trusted_cas)
        if self.logs is not None and not re.search(self.logs, "\n".join(admin.event_log())):
            problems.append(f"expected the event log of {admin.name} to match /{self.logs}/")
        return problems


def _listed(admin: ExpresswayAdmin, wanted: dict[str, bool | None]) -> list[str]:
    """Of several with one subject it counts whether one of them is hidden."""
    words = {True: "usable", False: "hidden by a twin", None: "absent"}
    rows = [(str(row["subject"]), bool(row["usable"])) for row in admin.trusted_cas()]
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
