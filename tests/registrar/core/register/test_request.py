"""Reading REGISTERs: what is remembered must never differ from what is read, and bodies may be anything."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from registrar.core.register import request as reading
from registrar.core.register.remotecc import NO_OPTIONS, read_options, response_body
from registrar.core.register.request import RegisterReader, alarm_of, options_of
from simulator.core.sip import RemoteProtocolError, parse_message

XML = "application/x-cisco-remotecc-request+xml"
OFFER = (
    b"<x-cisco-remotecc-request><optionsind><ix/><combine><remotecc/></combine></optionsind>"
    b"</x-cisco-remotecc-request>"
)


def outcome(reader: RegisterReader, data: bytes) -> object:
    try:
        return reader.read(parse_message(data))
    except RemoteProtocolError as error:
        return type(error), error.detail


@pytest.mark.parametrize(
    "change",
    [
        (b"CSeq: ", b"CSeq: x"),
        (b" REGISTER\r\nUser", b" INVITE\r\nUser"),
        (b"Via: SIP/2.0/TLS ", b"Via: SIP/2.0 "),
        (b"Via: ", b"X-Via: "),
        (b"CSeq: ", b"X-CSeq: "),
        (b"Expires: 3600", b"Expires: 3600\r\nExpires: 60"),
        (b"Max-Forwards: 70", b"Max-Forwards: 700"),
        (b"To: <sip:1010@", b"To: <sip:1011@"),
        (b"Expires: 3600", b"Expires: 90"),
        (b"Call-ID: ", b"Call-ID: x"),
        (b"REGISTER sip:ucm", b"REGISTER tel:ucm"),
        (b";video", b";video;expires=7"),
        (b"From: <", b"From: <<"),
        (b"User-Agent: x", b"User-Agent: x"),
    ],
)
def test_a_remembered_reading_is_never_given_for_another_request(phone, change):
    known, fresh = RegisterReader(), RegisterReader()
    outcome(known, phone.register())
    changed = phone.register().replace(*change)
    assert outcome(known, changed) == outcome(fresh, changed)
    assert outcome(known, changed) == outcome(fresh, changed)


def test_the_readers_memory_is_bounded(phone, monkeypatch):
    monkeypatch.setattr(reading, "_REMEMBERED", 4)
    reader = RegisterReader()
    for number in range(10):
        phone.call_id = f"call-{number}"
        reader.read(parse_message(phone.register()))
    assert len(reader._known) <= 4


def test_a_request_with_repeated_fields_is_read_each_time(phone):
    reader = RegisterReader()
    phone.extra = "Via: SIP/2.0/TLS 192.0.2.99\r\n"
    for _ in range(2):
        assert reader.read(parse_message(phone.register()))[0].dn == "1010"
    assert reader._known == {}


@pytest.mark.parametrize(
    ("reason", "alarm"),
    [
        ('SIP;cause=200;text="cisco-alarm:111 Name=X Last=Application-Requested-Destroy"', 111),
        ('Q.850;cause=16, SIP;cause=200;text="cisco-alarm:25 Name=X"', 25),
        ('SIP;cause=200;text="cisco-alarm:x"', None),
        ('SIP;cause=200;text="alarm 111"', None),
    ],
)
def test_alarms(phone, reason, alarm):
    phone.alarm, phone.extra = None, f"Reason: {reason}\r\n"
    assert alarm_of(parse_message(phone.register())) == alarm


def test_jabbers_body_asks_for_bulk_registration_and_offers_its_options(phone):
    found = options_of(parse_message(phone.register()))
    assert found.bulk
    assert {"ix", "bfcp", "coaching", "combine", "remotecc"} <= found.options


@pytest.mark.parametrize(
    ("content_type", "body", "offered"),
    [
        pytest.param(XML, OFFER, {"ix", "combine", "remotecc"}, id="a single part"),
        pytest.param(f"{XML};charset=utf-8", OFFER, {"ix", "combine", "remotecc"}, id="with a parameter"),
        pytest.param("text/plain", OFFER, None, id="another type"),
        pytest.param(None, OFFER, None, id="no type"),
        pytest.param(XML, b"", None, id="no body"),
        pytest.param(XML, OFFER[:-3], None, id="broken XML"),
        pytest.param(XML, b"<!DOCTYPE x>" + OFFER, None, id="a document type"),
        pytest.param(XML, b'<?xml version="1.0" encoding="klingon"?><a/>', None, id="an encoding nobody knows"),
        pytest.param(
            XML, b'<?xml version="1.0" encoding="shift_jis"?><a/>', None, id="an encoding of two bytes"
        ),
        pytest.param(XML, b"<a>" * 40 + b"</a>" * 40, None, id="too deep"),
        pytest.param(
            'multipart/mixed; boundary="b"',
            b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\ncontent-type: "
            + XML.encode()
            + b"\r\n\r\n"
            + OFFER
            + b"\r\n--b--\r\nepilogue",
            {"ix", "combine", "remotecc"},
            id="multipart with other parts",
        ),
        pytest.param("multipart/mixed; boundary=b", b"--b\r\nno header", None, id="multipart that is none"),
        pytest.param("multipart/mixed", OFFER, None, id="multipart without a boundary"),
    ],
)
def test_bodies(content_type, body, offered):
    found = read_options(content_type, body)
    assert found.options == (None if offered is None else frozenset(offered))


@given(st.binary(max_size=200), st.sampled_from([XML, "multipart/mixed;boundary=b"]))
def test_any_body_is_read_without_an_exception(body, content_type):
    assert read_options(content_type, body) is not None


def test_no_options_no_body():
    assert response_body(NO_OPTIONS.options) == ""
