"""What a phone is given: a profile that is refused when it cannot work, tokens that do not show themselves."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.core.entropy import SeededEntropy
from simulator.core.instant import Instant
from softphone.core.settings.backoff import Backoff
from softphone.core.settings.profile import AccessToken, FixedToken, PhoneProfile

URLS = ("http://tftp:6970/CSFADA.cnf.xml",)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"config_urls": ()}, "no config_urls"),
        ({"mac": "8823"}, "12 lower-case hex digits"),
        ({"mac": "88232345123G"}, "12 lower-case hex digits"),
        ({"device": ""}, "device name"),
        ({"device": 'CSF"; x'}, "device name"),
        ({"device": "CSF\r\nX"}, "device name"),
        ({"device": "CSFÄDA"}, "device name"),
        ({"user_agent": "a\r\nb"}, "user_agent"),
        ({"load": 'x"y'}, "load"),
        ({"requested_expires": -1}, "requested_expires"),
    ],
)
def test_a_profile_that_cannot_work_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PhoneProfile(**{"device": "CSFADA", "config_urls": URLS, **fields})


@pytest.mark.parametrize("device", ["CSFADA", "SEP001122334455", "BOT_ADA-1"])
def test_a_device_name_as_UCM_allows_it(device: str) -> None:
    assert PhoneProfile(device=device, config_urls=URLS).device == device


def test_a_token_does_not_show_itself() -> None:
    source = FixedToken(AccessToken("a-secret-token", Instant(1.0)))
    assert "a-secret-token" not in repr(source)
    assert source.current(Instant(0.0)) is source.token
    assert source.renewed(Instant(0.0)) is None


def test_a_success_makes_the_waits_short_again() -> None:
    backoff = Backoff(SeededEntropy(1))
    for _ in range(40):
        assert 15.0 <= backoff.next_delay() <= 1800.0
    assert backoff.next_delay() >= 900.0
    backoff.reset()
    assert 30.0 <= backoff.next_delay() <= 60.0
