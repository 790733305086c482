"""The port decision: every row and every port text of device-config section 5."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import md5

import pytest

from simulator.core.actor.flow import Address
from simulator.core.tls.settings import Credential
from softphone.core.device_file.ports import (
    PortPlan,
    certificate_md5,
    decide_ports,
    override,
    parse_port,
)
from softphone.core.device_file.problems import ConfigError, ConfigProblem, ConfigWarning
from softphone.core.device_file.view import ConfigView, read_config
from softphone.core.settings.profile import Deployment, EdgeServer, PortOverride

Cnf = Callable[..., bytes]
EDGE = EdgeServer(address=Address("expe.example.com", 5061))
LSC_DER = b"any bytes will do: the decision compares, it does not verify"
LSC = Credential(
    b"-----BEGIN CERTIFICATE-----\n" + b64encode(LSC_DER) + b"\n-----END CERTIFICATE-----\n", b"unused"
)
LSC_HASH = md5(LSC_DER, usedforsecurity=False).hexdigest()
ON_PREM, MRA = Deployment.ON_PREM, Deployment.MRA


def view(
    cnf: Cnf, oauth: str | None, security: str | None, transport: str | None, *more: tuple[str, str]
) -> ConfigView:
    edits = list(more)
    for element, old, new in (
        ("sipOAuthMode", "1", oauth),
        ("deviceSecurityMode", "3", security),
        ("transportLayerProtocol", "3", transport),
    ):
        edits.append((f"<{element}>{old}</{element}>", "" if new is None else f"<{element}>{new}</{element}>"))
    return read_config(cnf(*edits))


def decide(config: ConfigView, deployment: Deployment) -> PortPlan:
    return decide_ports(config, deployment, edges=(EDGE,) if deployment is MRA else (), credential=LSC)


@dataclass(frozen=True)
class Row:
    number: int
    oauth: str | None
    deployment: Deployment
    security: str | None
    transport: str | None
    element: str
    port: int
    over: str
    bearer: bool = False
    certificate: bool = False
    warning: str | None = None
    inside: str | None = None

    def __str__(self) -> str:
        return (
            f"row {self.number} sipOAuthMode {self.oauth} {self.deployment} security {self.security} "
            f"transport {self.transport} gives {self.element} over {self.over}"
        )


INCONSISTENT = "W_OAUTH_INCONSISTENT"
ROWS = [
    Row(1, "1", ON_PREM, "3", "3", "sipOAuthPort", 5090, "tls", bearer=True),
    Row(1, "1", ON_PREM, "3", None, "sipOAuthPort", 5090, "tls", bearer=True),
    Row(2, "1", MRA, "3", "3", "sipMRAOAuthPort", 5091, "tls", bearer=True),
    Row(3, "1", ON_PREM, "1", "3", "sipOAuthPort", 5090, "tls", bearer=True, warning=INCONSISTENT),
    Row(3, "1", ON_PREM, None, "3", "sipOAuthPort", 5090, "tls", bearer=True, warning=INCONSISTENT),
    Row(3, "1", ON_PREM, "2", "2", "sipOAuthPort", 5090, "tls", bearer=True, warning=INCONSISTENT),
    Row(3, "1", MRA, "1", "4", "sipMRAOAuthPort", 5091, "tls", bearer=True, warning=INCONSISTENT),
    Row(4, "1", ON_PREM, "3", "1", "sipOAuthPort", 5090, "tls", bearer=True, warning=INCONSISTENT),
    Row(4, "1", ON_PREM, "3", "2", "sipOAuthPort", 5090, "tls", bearer=True, warning=INCONSISTENT),
    Row(4, "1", MRA, "3", "4", "sipMRAOAuthPort", 5091, "tls", bearer=True, warning=INCONSISTENT),
    Row(6, "0", ON_PREM, "1", "1", "sipPort", 5060, "tcp"),
    Row(6, None, ON_PREM, None, "1", "sipPort", 5060, "tcp"),
    Row(7, "0", ON_PREM, "1", "2", "sipPort", 5060, "udp"),
    Row(8, "0", ON_PREM, "1", "3", "sipPort", 5060, "tcp", warning="W_TLS_DOWNGRADE"),
    Row(9, "0", ON_PREM, "1", "4", "sipPort", 5060, "tcp"),
    Row(9, None, ON_PREM, "1", None, "sipPort", 5060, "tcp"),
    Row(10, "0", ON_PREM, "2", "3", "securedSipPort", 5061, "tls", certificate=True, warning="W_NULL_CIPHER"),
    Row(10, "0", ON_PREM, "2", None, "securedSipPort", 5061, "tls", certificate=True, warning="W_NULL_CIPHER"),
    Row(11, "0", ON_PREM, "3", "3", "securedSipPort", 5061, "tls", certificate=True),
    Row(11, None, ON_PREM, "3", None, "securedSipPort", 5061, "tls", certificate=True),
    Row(13, "0", MRA, "1", "1", "sipPort", 5060, "tls", inside="tcp"),
    Row(13, "0", MRA, "1", "3", "sipPort", 5060, "tls", inside="tcp"),
    Row(13, "0", MRA, "1", "4", "sipPort", 5060, "tls", inside="tcp"),
    Row(13, None, MRA, None, None, "sipPort", 5060, "tls", inside="tcp"),
    Row(14, "0", MRA, "2", "3", "securedSipPort", 5061, "tls"),
    Row(14, "0", MRA, "3", "3", "securedSipPort", 5061, "tls"),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_of_the_table(cnf: Cnf, row: Row) -> None:
    config = view(cnf, row.oauth, row.security, row.transport, ("<certHash>", f"<certHash>{LSC_HASH.upper()}"))
    plan = decide(config, row.deployment)
    first, second = plan.decisions
    assert (first.row, first.element, first.port, first.transport) == (
        row.number,
        row.element,
        row.port,
        row.over,
    )
    assert (first.bearer, first.client_certificate) == (row.bearer, row.certificate)
    assert first.target_transport == (row.inside or row.over)
    assert (second.host, second.port) == ("ucm-sub2.lab.example", 10_000 + row.port)
    if row.deployment is MRA:
        assert first.next_hop == second.next_hop == EDGE.address
    else:
        assert first.next_hop == Address("ucm-sub1.lab.example", row.port)
        assert second.next_hop == Address("ucm-sub2.lab.example", 10_000 + row.port)
    assert [str(finding.code) for finding in plan.findings] == ([row.warning] if row.warning else [])


ERRORS: dict[
    str, tuple[ConfigProblem, str | None, Deployment, str | None, str | None, tuple[tuple[str, str], ...]]
] = {
    "row 5 OAuth with encrypted configuration": (
        ConfigProblem.OAUTH_ENCR_CONFLICT, "1", ON_PREM, "3", "3", (("encrConfig>false", "encrConfig>true"),),
    ),
    "row 5 also over MRA": (
        ConfigProblem.OAUTH_ENCR_CONFLICT, "1", MRA, "1", "1", (("encrConfig>false", "encrConfig>true"),),
    ),
    "row 11 no certHash": (ConfigProblem.NO_LSC, "0", ON_PREM, "3", "3", ()),
    "row 10 no certHash": (ConfigProblem.NO_LSC, "0", ON_PREM, "2", "3", ()),
    "row 11 the hash of another LSC": (
        ConfigProblem.NO_LSC, "0", ON_PREM, "3", "3", (("<certHash>", "<certHash>" + "0" * 32),),
    ),
    "row 12 encrypted over TCP": (ConfigProblem.INSECURE_MISMATCH, "0", ON_PREM, "3", "1", ()),
    "row 12 encrypted over UDP": (ConfigProblem.INSECURE_MISMATCH, None, ON_PREM, "3", "2", ()),
    "row 12 (53) encrypted over TCP+UDP": (ConfigProblem.INSECURE_MISMATCH, "0", ON_PREM, "3", "4", ()),
    "row 12 authenticated over TCP": (ConfigProblem.INSECURE_MISMATCH, "0", ON_PREM, "2", "1", ()),
    "row 12 also over MRA": (ConfigProblem.INSECURE_MISMATCH, "0", MRA, "3", "1", ()),
    "row 13 UDP cannot pass Expressway": (ConfigProblem.MRA_UDP, "0", MRA, "1", "2", ()),
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "oauth", "deployment", "security", "transport", "more"), ERRORS.values(), ids=ERRORS.keys()
)
def test_a_contradiction_is_refused(
    cnf: Cnf,
    code: ConfigProblem,
    oauth: str | None,
    deployment: Deployment,
    security: str | None,
    transport: str | None,
    more: tuple[tuple[str, str], ...],
) -> None:
    with pytest.raises(ConfigError) as caught:
        decide(view(cnf, oauth, security, transport, *more), deployment)
    assert caught.value.code is code


def test_row_11_without_any_LSC(cnf: Cnf) -> None:
    config = view(cnf, "0", "3", "3", ("<certHash>", f"<certHash>{LSC_HASH}"))
    with pytest.raises(ConfigError, match="E_NO_LSC: the phone has no LSC"):
        decide_ports(config, ON_PREM)


@pytest.mark.parametrize("oauth", ["0", "1"])
def test_row_15_MRA_without_an_edge(cnf: Cnf, oauth: str) -> None:
    with pytest.raises(ConfigError, match="E_NO_EDGE"):
        decide_ports(view(cnf, oauth, "3", "3"), MRA)


def test_row_16_an_invalid_sipOAuthMode(cnf: Cnf) -> None:
    with pytest.raises(ConfigError, match="E_BAD_ENUM"):
        view(cnf, "7", "3", "3")


def test_row_17_an_invalid_deviceSecurityMode(cnf: Cnf) -> None:
    with pytest.raises(ConfigError, match="E_BAD_ENUM"):
        view(cnf, "1", "7", "3")


TEXTS: dict[str, tuple[str, int | None]] = {
    "5090": ("5090", 5090),
    "with spaces": (" 5090 ", 5090),
    "padded with a newline": ("5090\n", 5090),
    "with a leading zero": ("05090", 5090),
    "empty": ("", None),
    "white space only": (" \n", None),
    "0": ("0", None),
    "00000": ("00000", None),
    "with a plus": ("+5090", None),
    "with letters after it": ("5090abc", None),
    "with a fraction": ("5090.0", None),
    "letters": ("abc", None),
    "hexadecimal": ("0x13E2", None),
    "-1": ("-1", None),
    "65536": ("65536", None),
    "70626": ("70626", None),
    "of twenty digits": ("99999999999999999999", None),
    "in Arabic digits": ("٥٠٩٠", None),
    "with an underscore": ("5_090", None),
    "1023": ("1023", 1023),
    "1024": ("1024", 1024),
    "49151": ("49151", 49151),
    "49152": ("49152", 49152),
    "65535": ("65535", 65535),
}


@pytest.mark.parametrize(("text", "port"), TEXTS.values(), ids=[f"a port {name}" for name in TEXTS])
@pytest.mark.parametrize(
    ("oauth", "deployment", "element", "second"),
    [
        ("1", ON_PREM, "sipOAuthPort", 15090),
        ("1", MRA, "sipMRAOAuthPort", 15091),
        ("0", ON_PREM, "sipPort", 15060),
    ],
    ids=["36 on the OAuth port", "37 on the MRA port", "38 on the plain port"],
)
def test_a_port_text(
    cnf: Cnf, text: str, port: int | None, oauth: str, deployment: Deployment, element: str, second: int
) -> None:
    """A bad port costs its node, and is never replaced by another element's."""
    old = {"sipOAuthPort": "5090", "sipMRAOAuthPort": "5091", "sipPort": "5060"}[element]
    security = "3" if oauth == "1" else "1"
    config = view(
        cnf, oauth, security, "3", (f"<{element}>{old}</{element}>", f"<{element}>{text}</{element}>")
    )
    plan = decide(config, deployment)
    codes = [finding.code for finding in plan.findings if finding.code != "W_TLS_DOWNGRADE"]
    if port is None:
        assert [(d.host, d.port) for d in plan.decisions] == [("ucm-sub2.lab.example", second)]
        assert codes == [ConfigProblem.BAD_PORT]
    else:
        assert [d.port for d in plan.decisions] == [port, second]
        expected = [] if 1024 <= port <= 49151 else [ConfigWarning.PORT_OUTSIDE_UCM_RANGE]
        assert [finding.code for finding in plan.decisions[0].findings] == expected
        assert codes == []


def test_35_a_missing_port_is_the_default_on_its_own_node_only(cnf: Cnf) -> None:
    config = view(cnf, "1", "3", "3", ("<sipOAuthPort>5090</sipOAuthPort>\n", ""))
    plan = decide(config, ON_PREM)
    assert [d.port for d in plan.decisions] == [5090, 15090]
    assert [f.code for f in plan.decisions[0].findings] == [ConfigWarning.PORT_DEFAULTED]
    assert plan.decisions[1].findings == ()


def test_34_the_AXL_spelling_leaves_the_default(cnf: Cnf) -> None:
    config = view(cnf, "1", "3", "3", ("sipMRAOAuthPort>", "sipOAuthMRAPort>"))
    assert [d.port for d in decide(config, MRA).decisions] == [5091, 5091]


def test_36_no_usable_port_on_any_node_fails_the_whole_configuration(cnf: Cnf) -> None:
    config = view(cnf, "1", "3", "3", (">5090<", ">0<"), (">15090<", ">x<"))
    with pytest.raises(ConfigError, match=r"E_BAD_PORT.*no node has a usable sipOAuthPort") as caught:
        decide(config, ON_PREM)
    assert caught.value.path.endswith("callManager/ports/sipOAuthPort")


def test_40_both_OAuth_ports_may_be_the_same(cnf: Cnf) -> None:
    config = view(cnf, "1", "3", "3", (">5091<", ">5090<"))
    assert decide(config, ON_PREM).decisions[0].port == decide(config, MRA).decisions[0].port == 5090


@pytest.mark.parametrize("text", ["", " 5090 ", "65535"])
def test_a_port_text_alone(text: str) -> None:
    assert parse_port(text) == {"": None, " 5090 ": 5090, "65535": 65535}[text]


@pytest.mark.parametrize(
    "chain", [b"", b"-----BEGIN CERTIFICATE-----\n*!\n-----END CERTIFICATE-----", b"no pem"]
)
def test_something_that_is_no_certificate_has_no_hash(chain: bytes) -> None:
    assert certificate_md5(Credential(chain, b"")) == ""


OVERRIDES: dict[str, tuple[Deployment, PortOverride, tuple[str, int, str, bool, bool]]] = {
    "another number": (ON_PREM, PortOverride(port=5099), ("sipOAuthPort", 5099, "tls", True, False)),
    "the MRA port, dialled directly": (
        ON_PREM, PortOverride(element="sipMRAOAuthPort"), ("sipMRAOAuthPort", 5091, "tls", True, False),
    ),
    "the secure port": (
        ON_PREM, PortOverride(element="securedSipPort"), ("securedSipPort", 5061, "tls", False, True),
    ),
    "the plain port": (ON_PREM, PortOverride(element="sipPort"), ("sipPort", 5060, "tcp", False, False)),
    "the same element": (
        ON_PREM, PortOverride(element="sipOAuthPort"), ("sipOAuthPort", 5090, "tls", True, False),
    ),
    "an element and a number": (
        ON_PREM, PortOverride(element="sipPort", port=5070), ("sipPort", 5070, "tcp", False, False),
    ),
    "over MRA only the target changes": (
        MRA, PortOverride(element="sipPort"), ("sipPort", 5060, "tls", False, False),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("deployment", "wanted", "expected"), OVERRIDES.values(), ids=OVERRIDES.keys())
def test_a_deliberate_mistake(
    cnf: Cnf, deployment: Deployment, wanted: PortOverride, expected: tuple[str, int, str, bool, bool]
) -> None:
    right = decide(view(cnf, "1", "3", "3"), deployment).decisions[0]
    wrong = override(right, wanted)
    assert (wrong.element, wrong.port, wrong.transport, wrong.bearer, wrong.client_certificate) == expected
    assert wrong.next_hop == (EDGE.address if deployment is MRA else Address(right.host, wrong.port))
