"""A registration from start to stop as one conversation: every effect of the phone, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.core.entropy import SeededEntropy
from simulator.core.events import PhoneFailedOver, PhoneRegistered, PhoneUnregistered
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.core.sip import UCM, Request, Response, parse_message, reply_to, serialize
from simulator.testing import Playbook
from softphone.core.actors.softphone import Softphone
from softphone.core.settings.profile import AccessToken, FixedToken, PhoneProfile

URL = "http://tftp.lab.example:6970/CSFADA.cnf.xml"
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"


def answered(status: int, *, seconds: int = 0) -> Callable[[bytes], bytes]:
    """What a node answers to the request that the phone sent last."""

    def answer(sent: bytes) -> bytes:
        request = parse_message(sent)
        assert isinstance(request, Request)
        extra = [UCM.challenge()] if status == 407 else [("Expires", str(seconds))]
        reply: Response = reply_to(request, status, to_tag="1", extra=extra)
        return serialize(reply)

    return answer


@pytest.fixture
def play(cnf: Callable[..., bytes]) -> Playbook:
    """A phone that has just read its configuration file."""
    flows, clock = FlowIds(), ManualClock(Instant(1_585_566_199.0))
    log = EventLog(clock)
    phone = Softphone(
        PhoneProfile(device="CSFADA", config_urls=(URL,), mac="882323451234"),
        tokens=FixedToken(AccessToken("token-1", Instant(1_585_650_000.0))),
        entropy=SeededEntropy(1),
        journal=log.journal(ActorId("CSFADA")),
        flows=flows,
    )
    play = Playbook(phone, flows=flows, clock=clock, log=log)
    return play.does(phone.start).fetches(URL).fetched(cnf())


def test_a_phone_registers_refreshes_and_leaves(play: Playbook) -> None:
    granted = answered(200, seconds=100)
    play.opens(f"{SUB1}:5090", transport="tls").connected()
    play.sends(r"^REGISTER sip:ucm-sub1[\s\S]*^Expires: 3600").receives(answered(407))
    play.sends(r"^Proxy-Authorization: Bearer token=").receives(granted)
    play.reports(PhoneRegistered, node=SUB1, port=5090, expires=100, refreshed=False).quiet()
    play.advances(94.9).quiet().advances(0.2).sends(r"^Proxy-Authorization: Bearer").receives(granted)
    play.reports(PhoneRegistered, refreshed=True).quiet()
    phone = play.actor
    assert isinstance(phone, Softphone)
    play.does(phone.stop).sends(r"^REGISTER[\s\S]*^Expires: 0").receives(answered(200))
    play.closes().reports(PhoneUnregistered, node=SUB1).advances(7200).quiet()


def test_a_node_that_is_down_gives_way_to_the_next(play: Playbook) -> None:
    play.opens(f"{SUB1}:5090").refused("connection refused")
    play.reports(PhoneFailedOver, old=SUB1, new=SUB2, why="connection refused")
    play.opens(f"{SUB2}:15090").connected().sends("^REGISTER sip:ucm-sub2").quiet()


def test_a_refusal_is_waited_out_and_leads_to_no_other_node(play: Playbook) -> None:
    play.opens(f"{SUB1}:5090").connected().sends("^REGISTER").receives(answered(403)).closes().quiet()
    play.advances(29).quiet().advances(31).fetches(URL).quiet()
