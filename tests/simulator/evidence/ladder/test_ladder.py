"""The ladder: two golden ones, and what holds for every scenario in every form."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulator.core import events as ev
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant, ManualClock
from simulator.core.tls.settings import TlsVersion
from simulator.evidence import ladder
from simulator.evidence.ladder.text import wrap
from simulator.lab.run.runner import run_live
from simulator.lab.steps.scenario import Scenario
from tests.simulator.catalogue_runs import RUNS, SCENARIO, world_report

GOLDEN = Path(__file__).parent / "golden"


def rows(name: str, tls: TlsVersion = "1.2") -> list[ladder.Row]:
    return ladder.rows_of(world_report(name, tls).records)


@pytest.mark.parametrize(
    ("name", "tls"),
    [("registers-on-5090", "1.2"), ("unknown-ca-from-expressway", "1.2"), ("unknown-ca-from-ucm", "1.3")],
)
def test_the_ladder_is_the_golden_one(name: str, tls: TlsVersion) -> None:
    drawn = "".join(f"{line.text}\n" for line in world_report(name, tls).ladder(width=80))
    assert drawn == (GOLDEN / f"{name}-{tls}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
def test_no_line_is_wider_than_asked_for(scenario: Scenario, tls: TlsVersion) -> None:
    found = ladder.rows_of(world_report(scenario, tls).records)
    for width in (40, 60, 80, 120):
        assert all(len(line.text) <= width for line in ladder.draw(found, width=width)), width


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
def test_svg_is_well_formed_and_holds_every_word_of_the_rows(scenario: Scenario, tls: TlsVersion) -> None:
    found = ladder.rows_of(world_report(scenario, tls).records)
    picture = ElementTree.fromstring(ladder.svg(found, title=scenario.title))
    words = set(" ".join(text for text in picture.itertext()).split())
    assert {word for row in found for word in row.text.split() if len(word) < 20} <= words
    assert not [node for node in picture.iter() if any("href" in name for name in node.attrib)]


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
def test_mermaid_lines_hold_nothing_that_ends_a_statement(scenario: Scenario, tls: TlsVersion) -> None:
    text = ladder.mermaid(ladder.rows_of(world_report(scenario, tls).records))
    lines = text.splitlines()
    assert lines[0] == "sequenceDiagram"
    for line in lines[2:]:
        label = line.partition(": ")[2]
        assert not set("<>&") & set(label)
        assert label.count(";") == label.count("#")


def test_actors_stand_from_the_phone_to_the_node() -> None:
    assert ladder.lanes_of(rows("registers-over-5091")) == ["CSFALICE", "expc", "ucm-pub"]


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_the_alert_is_an_arrow_from_who_sent_it_with_number_and_name(tls: TlsVersion) -> None:
    by_expressway = [row for row in rows("unknown-ca-from-expressway", tls) if row.text.startswith("TLS alert")]
    by_ucm = [row for row in rows("unknown-ca-from-ucm", tls) if row.text.startswith("TLS alert")]
    assert [(row.lane, row.to, row.text) for row in by_expressway] == [
        ("expc", "ucm-pub", "TLS alert 48 unknown_ca")
    ]
    assert [(row.lane, row.to, row.text) for row in by_ucm] == [("ucm-pub", "expc", "TLS alert 48 unknown_ca")]


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unknown-ca-from-expressway", "does not trust tomcat-ca, which signed ucm-pub.lab.example"),
        ("unknown-ca-from-ucm", "does not trust expressway-ca, which signed expc.lab.example"),
        ("expressway-self-signed", "does not trust expc.lab.example, which is self-signed"),
        ("tomcat-forged-issuer", "refuses ucm-pub.lab.example: "),
        ("port-mismatch-mode-off", "oauth_mode_off: ClusterSIPOAuthMode was 0 when CallManager started"),
    ],
)
def test_who_refuses_says_why(name: str, said: str, tls: TlsVersion) -> None:
    assert [row for row in rows(name, tls) if row.text.startswith(said) and row.tone == "bad"]


def test_the_end_of_a_long_ladder_keeps_the_names_over_the_lanes() -> None:
    report = world_report("unknown-ca-from-expressway", "1.2")
    end = [line.text for line in report.ladder_end()]
    assert len(end) < len(report.ladder())
    assert end[0].split() == ["CSFALICE", "expc", "ucm-pub"]
    assert "Expressway-C" in end[1]


@pytest.mark.parametrize("driver", ["lab", "world"])
async def test_signing_in_shows_what_is_asked_and_who_decides_before_it_is_answered(driver: str) -> None:
    name = "sign-in-wrong-password"
    report = world_report(name, "1.2") if driver == "world" else await run_live(SCENARIO[name], "1.2")
    drawn = [(row.lane, row.to, row.text) for row in ladder.rows_of(report.records)]
    asked = drawn.index(("CSFALICE", "ucm-pub", "/ssosp/oauth/authorize"))
    asked = drawn.index(("CSFALICE", "ucm-pub", "/ssosp/oauth/authorize"), asked + 1)
    assert drawn[asked + 1 : asked + 3] == [
        ("ucm-pub", None, "login_failed [assumed]"),
        ("ucm-pub", "CSFALICE", "200 OK, E_CREDENTIALS"),
    ]
    assert drawn[-1][0] == "CSFALICE"
    assert drawn[-1][2].endswith("the user name or the password is wrong")


@pytest.mark.parametrize(
    ("name", "lane", "said"),
    [
        ("signs-in", "CSFALICE", "alice is signed in, as CSFALICE"),
        ("signs-in", "ucm-pub", "grants alice: tokens"),
        ("token-endpoint-down", "CSFALICE", "has a new access token, 3600 s"),
        ("signs-in-from-outside", "expe", "relays /cucm-uds/clusterUser to ucm-pub.lab.example:8443: 200"),
    ],
)
def test_what_goes_on_over_https_is_noted_where_it_happens(name: str, lane: str, said: str) -> None:
    assert (lane, said) in [(row.lane, row.text) for row in rows(name)]


def test_in_tls_13_the_register_leaves_before_the_refusal_arrives() -> None:
    texts = [row.text for row in rows("unknown-ca-from-ucm", "1.3") if row.lane in ("expc", "ucm-pub")]
    assert texts.index("REGISTER") < texts.index("TLS alert 48 unknown_ca")


def test_the_whole_message_is_kept_for_a_click_and_its_token_is_not() -> None:
    registers = [row for row in rows("registers-on-5090") if row.text == "REGISTER + token"]
    assert registers[0].detail.startswith("REGISTER sip:")
    assert "sha256:" in registers[0].detail
    assert "eyJ" not in registers[0].detail


def test_a_foreign_client_has_a_lane_named_by_its_address() -> None:
    log = EventLog(ManualClock(Instant(0.0)))
    ucm, flow = ActorId("ucm-pub"), FlowId(1)
    opened = ev.FlowOpened(transport="tls", local="192.0.2.1:5090", remote="192.0.2.9:40000", listener="oauth")
    log.emit(ucm, opened, flow=flow)
    failed = ev.TlsFailed(
        role="server", by="peer", alert=48, alert_name="unknown_ca", reason="X", own_names=("ucm",)
    )
    log.emit(ucm, failed, flow=flow)
    found = ladder.rows_of(log.records())
    assert ladder.lanes_of(found) == ["192.0.2.9:40000", "ucm-pub"]
    assert [(row.lane, row.text) for row in found] == [
        ("192.0.2.9:40000", "TLS ClientHello to port 5090"),
        ("ucm-pub", "ServerHello, certificate ucm"),
        ("192.0.2.9:40000", "TLS alert 48 unknown_ca"),
    ]


def test_a_client_that_speaks_no_tls_sends_no_hello() -> None:
    log = EventLog(ManualClock(Instant(0.0)))
    ucm, flow = ActorId("ucm-pub"), FlowId(1)
    opened = ev.FlowOpened(transport="tls", local="192.0.2.1:5090", remote="192.0.2.9:40000", listener="oauth")
    log.emit(ucm, opened, flow=flow)
    failed = ev.TlsFailed(
        role="server", by="us", alert=70, alert_name="protocol_version", reason="WRONG_VERSION_NUMBER"
    )
    log.emit(ucm, failed, flow=flow)
    assert not [row for row in ladder.rows_of(log.records()) if "ClientHello" in row.text]


CAPTIONS = {"CSFALICE": "phone", "expc": "Expressway-C", "ucm-pub": "Unified CM node"}


@pytest.mark.parametrize("width", [40, 60, 80])
def test_every_name_and_caption_is_there_in_full(width: int) -> None:
    drawn = ladder.draw(rows("unknown-ca-from-ucm", "1.3"), width=width, captions=CAPTIONS)
    head = "".join(line.text for line in drawn if line.head)
    assert "…" not in head
    wanted = "".join([*CAPTIONS, *CAPTIONS.values()])
    assert sorted(head.replace(" ", "")) == sorted(wanted.replace(" ", ""))
    assert "Expressway" in head


BROKEN = {
    "a short one as it is": ("ucm-pub failed", ["ucm-pub", "failed"]),
    "a name behind a dot": ("ucm-pub.lab.example", ["ucm-pub.lab.", "example"]),
    "a path behind a slash": ("/cucm-uds/clusterUser", ["/cucm-uds/", "clusterUser"]),
    "an address before its colon": ("192.168.0.11:49152", ["192.168.0.11", ":49152"]),
    "what has no seam where it must": ("a" * 13, ["a" * 12, "a"]),
    "not so early that a line is nearly empty": ("a.bcdefghijklmnop", ["a.bcdefghijk", "lmnop"]),
}


@pytest.mark.parametrize(("text", "lines"), BROKEN.values(), ids=BROKEN)
def test_a_long_word_is_broken_where_it_has_a_seam(text: str, lines: list[str]) -> None:
    assert wrap(text, 12) == lines


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("token-of-another-user", "subject_device_mismatch: token of 'bob', device CSFALICE belongs to alice"),
        ("expired-token", "token refused: expired 1 s ago"),
    ],
)
def test_a_reason_is_not_said_twice(name: str, said: str) -> None:
    assert any(row.text.startswith(said) for row in rows(name))


def test_nothing_is_drawn_of_nothing() -> None:
    assert ladder.rows_of([]) == []
    assert ladder.draw([]) == []
    assert "<svg" in ladder.svg([])
    assert ladder.mermaid([]).startswith("sequenceDiagram")
