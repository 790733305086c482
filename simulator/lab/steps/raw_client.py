"""The verb `send`: a foreign client says something to a node, in its own words, and looks at the answer."""

from __future__ import annotations

from string import Template
from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulator.core.actor.flow import Address, Transport
from simulator.core.events.log import Record
from simulator.core.tls.settings import ClientTls
from simulator.lab.config.expectation import Expectation
from simulator.lab.config.model import FileModel, Name, Regex, Version
from simulator.lab.config.phones import TokenConfig
from simulator.lab.site.raw_client import PLACEHOLDERS
from simulator.lab.steps import matching
from simulator.lab.steps.driver import ScenarioDriver

ClientName = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9._\-]+$")]


class Send(FileModel):
    """What a foreign client sends; it keeps its connection for the next `send` to the same port.

    In `text`, `$node` is the node's host, `$local` the client's own address and port, `$token` a token.
    """

    client: ClientName = Field("stranger", description="name of the client, for `at` of expectations")
    node: Name | None = Field(None, description="default: the publisher")
    port: Literal["sip-udp", "sip-tcp", "sips", "oauth", "mra", "https"] = Field(
        "oauth", description="which listener; https: a handshake with Tomcat, its answer is not read"
    )
    text: str | None = Field(
        None, description="a SIP message; on the wire with CRLF, an end and Content-Length where it has none"
    )
    hex: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{2}\s*)+$")] | None = Field(None, description="bytes")
    part: bool = Field(False, description="`text` is sent as it is: the message may be unfinished")
    clear: bool = Field(False, description="no TLS, whatever the port expects")
    certificate_of: str | None = Field(None, description="present the certificate of this phone or Expressway")
    tls: Version | None = Field(None, description="speak this version only")
    token: TokenConfig = Field(TokenConfig(), description="what `$token` is; default: the first phone's user's")
    status: int | None = Field(None, ge=100, le=699, description="the status that must come back")
    answer: Regex | None = Field(None, description="regular expression that the answer must match")
    closed: bool = Field(False, description="the connection must end")
    then: Literal["keep", "close", "vanish"] = Field("keep", description="what becomes of the connection")

    @model_validator(mode="after")
    def _something(self) -> Send:
        if (self.text is None) == (self.hex is None):
            raise ValueError("give either `text` or `hex`")
        template = Template(self.text or "")
        unknown = {*template.get_identifiers()} - PLACEHOLDERS.keys()
        if unknown or not template.is_valid():
            known = ", ".join(f"${name}" for name in PLACEHOLDERS)
            raise ValueError(f"text: known are {known}; a dollar is written $$")
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


async def send(stage: ScenarioDriver, value: Send) -> list[str]:
    """Returns what was expected of the answer and did not come. LookupError for a certificate nobody has."""
    site = stage.site
    since = site.log.last_seq
    node = site.cluster.node(value.node or site.cluster.nodes[0].name)
    ports = site.ports_of(node.name)
    https = site.node_config(node.name).ports.https
    secure = {"sips": ports.sips, "oauth": ports.oauth, "mra": ports.mra, "https": https}
    number = secure.get(value.port, ports.sip)
    tls = None
    if value.port in secure and not value.clear:
        tls = ClientTls(
            server_name=node.host,
            verify=False,
            check_hostname=False,
            credential=None if value.certificate_of is None else site.credential_of(value.certificate_of),
            minimum=value.tls or "1.2",
            maximum=value.tls or "1.3",
        )
    transport: Transport = "tls" if tls is not None else "udp" if value.port == "sip-udp" else "tcp"
    fields = {"node": node.host, "token": site.token_text(value.token)}
    stranger = site.raw_clients.get(value.client)
    if stranger is None:
        stranger = site.add_raw_client(value.client)
        await stage.join(stranger)
    stranger.dial(transport, Address(node.host, number), tls, sip=value.port != "https")
    stranger.say(value.on_the_wire(), fields)
    stage.run(stranger)
    await stage.until_idle()

    expected = value.expected

    def enough(records: list[Record]) -> bool:
        return not matching.unmet(records, expected)

    if expected:
        await stage.until(enough, since=since)
    failures = matching.unmet(site.log.records(since=since), expected)
    if value.then == "close":
        stranger.hang_up()
        stage.run(stranger)
    elif value.then == "vanish":
        await stage.drop(stranger)
        del site.raw_clients[value.client]
    await stage.until_idle()
    return failures
