"""The verb `send`."""

from __future__ import annotations

from collections.abc import Iterable
from string import Template
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from simulator.core.actor.flow import Address, Transport
from simulator.core.events.log import Record
from simulator.core.tls.settings import ClientTls
from simulator.lab.config.expectation import Expectation
from simulator.lab.config.model import Name, Regex, Version
from simulator.lab.config.phones import TokenConfig
from simulator.lab.site.clients.raw_client import PLACEHOLDERS
from simulator.lab.steps import matching
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep, Reference
from simulator.lab.steps.web_request import ClientName, client_of


class Send(MappingStep):
    """Have a foreign client send something to a node, and check the answer.

    The client keeps its connection for the next `send` to the same port.

    In `text`, `$node` is the node's host, `$local` the client's own address and port, `$token` a token.
    """

    verb: ClassVar[str] = "send"
    checks: ClassVar[bool] = True

    client: ClientName = Field("stranger", description="name of the client, for `at` of expectations")
    node: Name | None = Field(None, description="default: the publisher")
    port: Literal["sip-udp", "sip-tcp", "sips", "oauth", "mra", "https"] = Field(
        "oauth", description="the listener; https: a handshake with Tomcat, whose answer is not read"
    )
    text: str | None = Field(
        None, description="a SIP message; CRLF, the final empty line and Content-Length are added if missing"
    )
    hex: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{2}\s*)+$")] | None = Field(None, description="bytes")
    part: bool = Field(False, description="send `text` as it is: the message may be incomplete")
    clear: bool = Field(False, description="use no TLS, whatever the port expects")
    certificate_of: str | None = Field(None, description="present the certificate of this phone or Expressway")
    tls: Version | None = Field(None, description="speak only this TLS version")
    token: TokenConfig = Field(
        TokenConfig(),
        description="the token that `$token` stands for; default: a token of the first phone's user",
    )
    status: int | None = Field(None, ge=100, le=699, description="the status that the answer must have")
    answer: Regex | None = Field(None, description="regular expression that the answer must match")
    closed: bool = Field(False, description="the node must close the connection")
    then: Literal["keep", "close", "vanish"] = Field(
        "keep", description="what the client does with the connection afterwards"
    )

    @model_validator(mode="after")
    def _something(self) -> Send:
        if (self.text is None) == (self.hex is None):
            raise ValueError("give either `text` or `hex`")
        template = Template(self.text or "")
        unknown = {*template.get_identifiers()} - PLACEHOLDERS.keys()
        if unknown or not template.is_valid():
            known = ", ".join(f"${name}" for name in PLACEHOLDERS)
            raise ValueError(f"text: known names are {known}; write $$ for a dollar sign")
        return self

    @property
    def expected(self) -> list[Expectation]:
        out = []
        if self.status is not None or self.answer is not None:
            wanted: dict[str, str | int | float | bool | None] = {}
            if self.status is not None:
                wanted["status"] = self.status
            if self.answer is not None:
                wanted["text"] = f"/{self.answer}/"
            out.append(Expectation.model_validate({"event": "sip:received", "at": self.client, "with": wanted}))
        if self.closed:
            out.append(Expectation(event="flow:closed", at=self.client))
        return out

    def on_the_wire(self) -> str | bytes:
        if self.hex is not None:
            return bytes.fromhex(self.hex)
        text = "\r\n".join((self.text or "").split("\n"))
        if self.part:
            return text
        head, blank, body = text.partition("\r\n\r\n")
        head = head.rstrip("\r\n")
        if "\r\ncontent-length:" not in head.lower() and self.port != "sip-udp":
            head += f"\r\nContent-Length: {len(body.encode()) if blank else 0}"
        return f"{head}\r\n\r\n{body}"

    def references(self) -> Iterable[Reference]:
        if self.node is not None:
            yield Reference("node", self.node)
        if self.certificate_of is not None:
            yield Reference("phone or Expressway", self.certificate_of)

    def clients(self) -> Iterable[str]:
        return [self.client]

    async def do(self, run: ScenarioRun) -> list[str]:
        site, driver = run.site, run.driver
        since = site.log.last_seq
        node = site.cluster.node(self.node or site.cluster.nodes[0].name)
        ports = site.addresses.ports_of(node.name)
        https = site.config.node(node.name).ports.https
        secure = {"sips": ports.sips, "oauth": ports.oauth, "mra": ports.mra, "https": https}
        number = secure.get(self.port, ports.sip)
        tls = None
        if self.port in secure and not self.clear:
            tls = ClientTls(
                server_name=node.host,
                verify=False,
                check_hostname=False,
                credential=None if self.certificate_of is None else site.credential_of(self.certificate_of),
                minimum=self.tls or "1.2",
                maximum=self.tls or "1.3",
            )
        transport: Transport = "tls" if tls is not None else "udp" if self.port == "sip-udp" else "tcp"
        fields = {"node": node.host, "token": site.phones.token_text(self.token)}
        client = await client_of(driver, self.client)
        client.connect(transport, Address(node.host, number), tls, sip=self.port != "https")
        client.send(self.on_the_wire(), fields)
        driver.run(client)
        await driver.until_idle()

        expected = self.expected

        def enough(records: list[Record]) -> bool:
            return not matching.unmet(records, expected)

        if expected:
            await driver.until(enough, since=since)
        failures = matching.unmet(site.log.records(since=since), expected)
        if self.then == "close":
            client.close()
            driver.run(client)
        elif self.then == "vanish":
            await driver.drop(client)
            site.raw_clients.forget(self.client)
        await driver.until_idle()
        return failures
