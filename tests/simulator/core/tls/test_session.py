"""Data and orderly ends of established sessions, in both versions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.contexts import client_context, server_context
from certs.identity import read
from simulator.core.tls.session import TlsData, TlsDown, TlsRefused, TlsSession
from simulator.core.tls.settings import ClientTls, ServerTls


@pytest.fixture
def up(pair: Any) -> Any:
    both = pair()
    both.run()
    assert both.client.established
    assert both.server.established
    both.client_events.clear()
    both.server_events.clear()
    return both


def received(events: list[Any]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, TlsData))


@pytest.mark.parametrize("step", [None, 1, 1000])
def test_data_arrives_whole_in_both_directions(up: Any, step: int | None) -> None:
    big = bytes(range(256)) * 300
    up.client.send(big)
    up.server.send(b"ok")
    up.run(step=step)
    assert received(up.server_events) == big
    assert received(up.client_events) == b"ok"


def test_what_is_sent_before_the_handshake_follows_it(pair: Any) -> None:
    both = pair()
    both.client.send(b"one ")
    both.client.send(b"two")
    both.run()
    assert received(both.server_events) == b"one two"


def test_the_short_way_returns_all_plaintext(up: Any) -> None:
    for piece in (b"a" * 40_000, b"", b"b"):
        up.client.send(piece)
    assert up.server.decrypt(up.client.data_to_send()) == b"a" * 40_000 + b"b"
    assert up.server.events() == []
    assert not up.server.ended


def test_the_short_way_takes_half_a_record_at_a_time(up: Any) -> None:
    up.client.send(b"REGISTER")
    sealed = up.client.data_to_send()
    assert up.server.decrypt(sealed[:7]) == b""
    assert up.server.decrypt(memoryview(sealed)[7:]) == b"REGISTER"


def test_a_close_is_heard_as_clean_after_the_last_data(up: Any) -> None:
    up.client.send(b"bye")
    up.client.close()
    up.run()
    assert up.server_events == [TlsData(b"bye"), TlsDown(clean=True)]
    assert up.server.ended
    assert not up.client.established


def test_the_short_way_hears_data_and_close_in_one_go(up: Any) -> None:
    up.client.send(b"bye")
    up.client.close()
    assert up.server.decrypt(up.client.data_to_send()) == b"bye"
    assert up.server.ended
    assert up.server.events() == [TlsDown(clean=True)]


def test_an_end_without_close_notify_is_not_clean(up: Any) -> None:
    up.server.receive_eof()
    (down,) = up.server.events()
    assert isinstance(down, TlsDown)
    assert not down.clean


def test_a_broken_record_ends_the_session_with_an_alert(up: Any) -> None:
    up.client.send(b"REGISTER")
    sealed = bytearray(up.client.data_to_send())
    sealed[-1] ^= 1
    up.server.receive_data(bytes(sealed))
    (down,) = up.server.events()
    assert isinstance(down, TlsDown)
    assert "BAD_RECORD_MAC" in down.detail
    # Nothing was ever heard from the server, so for the client this is a refusal.
    up.client.receive_data(up.server.data_to_send())
    (refused,) = up.client.events()
    assert isinstance(refused, TlsRefused)
    assert (refused.refusal.by, refused.refusal.alert) == ("peer", 20)


def test_an_alert_after_the_first_data_is_no_refusal_any_more(up: Any) -> None:
    up.server.send(b"SIP/2.0 200 OK")
    up.client.receive_data(up.server.data_to_send())
    up.client.send(b"REGISTER")
    sealed = bytearray(up.client.data_to_send())
    sealed[-1] ^= 1
    up.server.receive_data(bytes(sealed))
    up.client.receive_data(up.server.data_to_send())
    data, down = up.client.events()
    assert data == TlsData(b"SIP/2.0 200 OK")
    assert down == TlsDown(clean=False, detail="SSLV3_ALERT_BAD_RECORD_MAC")


def test_after_the_end_nothing_is_sent_or_heard(up: Any) -> None:
    up.server.close()
    up.server.data_to_send()
    up.client.send(b"too late")
    up.server.receive_data(up.client.data_to_send())
    up.server.receive_eof()
    up.server.send(b"too late")
    up.server.close()
    assert up.server.events() == []
    assert up.server.decrypt(b"x") == b""
    assert up.server.data_to_send() == b""


def test_plaintext_shows_in_no_repr(up: Any) -> None:
    assert "hunter2" not in repr(TlsData(b"hunter2"))


@given(data=st.lists(st.binary(max_size=200), max_size=8), as_server=st.booleans())
def test_no_bytes_make_a_session_raise(certificates: Any, data: list[bytes], as_server: bool) -> None:
    session = (
        TlsSession.server(
            server_context(ServerTls(credential=certificates.credential("good"), maximum="1.3")), identify=read
        )
        if as_server
        else TlsSession.client(client_context(ClientTls(server_name="ucm")), "ucm", identify=read)
    )
    for piece in data:
        session.receive_data(piece)
    session.receive_eof()
    assert session.ended
    assert sum(isinstance(event, TlsRefused) for event in session.events()) == 1


@given(cut=st.integers(0, 3000), flip=st.integers(0, 3000), bit=st.integers(0, 7))
def test_no_damage_to_a_flight_makes_a_session_raise(certificates: Any, cut: int, flip: int, bit: int) -> None:
    server = TlsSession.server(
        server_context(ServerTls(credential=certificates.credential("good"), maximum="1.3")), identify=read
    )
    client = TlsSession.client(client_context(ClientTls(server_name="ucm")), "ucm", identify=read)
    server.receive_data(client.data_to_send())
    flight = bytearray(server.data_to_send())
    flight[flip % len(flight)] ^= 1 << bit
    client.receive_data(bytes(flight[: cut % (len(flight) + 1)]))
    client.receive_eof()
    assert client.ended
