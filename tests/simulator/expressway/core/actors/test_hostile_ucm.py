"""A UCM, or who poses as one, that answers a discovery with anything: a sentence for the administrator."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core.actor.flow import Fetched
from simulator.core.instant import Instant
from simulator.expressway.core.admin import axl
from simulator.expressway.core.admin.discovery import DiscoveryFailed, Identity, UcmServer, converse
from simulator.expressway.core.tokens.keys import KeysUnreadable, TokenFault, TokenReader, parse_keys

SERVER = UcmServer(publisher="ucm-pub", user="admin", password="secret")
KEYS = {
    "cluster_id": "c",
    "keys": [
        {"use": "sig", "kty": "RSA", "kid": "s", "n": "AQAB" * 86, "e": "AQAB"},
        {"use": "enc", "kty": "oct", "kid": "e", "k": "A" * 43},
    ],
}
NOISE = st.binary(max_size=300)
XML = st.text(alphabet="<>/&;?!=\"' aA:-[]xmlreturnDOCTYPE", max_size=200).map(str.encode)


def answer(first: Fetched) -> str:
    """What the administrator reads after this answer."""
    talk = converse(SERVER, Identity(hostname="expc", names=("expc",)))
    next(talk)
    with pytest.raises(DiscoveryFailed) as failed:
        talk.send(first)
    assert "secret" not in str(failed.value)
    return str(failed.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"", "no XML", id="nothing"),
        pytest.param(b"<html>", "no XML", id="half a page"),
        pytest.param(b"<html/>", "no getCCMVersionResponse", id="something else"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "document type", id="a document type"),
        pytest.param(b'<?xml version="1.0" encoding="klingon"?><x/>', "no XML", id="an unknown encoding"),
        pytest.param(
            b'<?xml version="1.0" encoding="shift_jis"?><x/>', "no XML", id="an encoding of two bytes"
        ),
        pytest.param(b'<?xml version="1.0" encoding="utf-7"?><x/>', "no XML", id="an encoding that is a trick"),
        pytest.param(b"<a>" * 500 + b"</a>" * 500, "too many elements", id="elements without an end"),
        pytest.param(b"<a>" + b"<b/>" * 200_000 + b"</a>", "too many elements", id="200,000 elements"),
        pytest.param(b"<a>" + b"x" * (20 << 20) + b"</a>", "more than", id="20 MB"),
    ],
)
def test_an_answer_that_is_no_axl_is_named(body: bytes, said: str) -> None:
    text = answer(Fetched(status=200, body=body))
    assert text.startswith("Failed: Unable to communicate with ucm-pub. ")
    assert said in text


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 500, 503, 599])
def test_an_http_error_is_told_as_the_page_does(status: int) -> None:
    text = answer(Fetched(status=status, body=b"\xff\xfe"))
    assert text == f"Failed: Unable to communicate with ucm-pub. AXL query HTTP error \"'HTTPError:{status}'\""


@given(st.one_of(NOISE, XML))
@settings(max_examples=300, deadline=None)
def test_whatever_the_bytes_only_one_error_comes_of_them(body: bytes) -> None:
    with contextlib.suppress(axl.AnswerUnreadable):
        axl.parse(body)
    assert isinstance(axl.fault(body), tuple)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["keys", "use", "kid"]), inner),
    max_leaves=8,
)


@given(st.one_of(NOISE, JSON.map(lambda value: json.dumps(value).encode())))
@settings(max_examples=200, deadline=None)
def test_whatever_the_key_server_says(body: bytes) -> None:
    with pytest.raises(KeysUnreadable, match="no usable pair of keys"):
        parse_keys(body)


@pytest.mark.parametrize("member", ["n", "e", "k", "kid", "use", "kty"])
@pytest.mark.parametrize("value", [None, 7, "", "!", "AA", [], {}], ids=repr)
def test_keys_with_one_member_spoilt_are_refused_or_harmless(member: str, value: object) -> None:
    keys = [item | ({member: value} if member in item else {}) for item in KEYS["keys"]]  # type: ignore[operator]
    try:
        found = parse_keys(json.dumps(KEYS | {"keys": keys}).encode())
    except KeysUnreadable:
        return
    assert isinstance(TokenReader(found).read("a.b.c", Instant(0.0)), TokenFault)


@given(st.text(max_size=120))
@settings(max_examples=200, deadline=None)
def test_whatever_a_phone_calls_a_token(text: str) -> None:
    reader = TokenReader(parse_keys(json.dumps(KEYS).encode()))
    for token in (text, f"{text}.{text}.{text}", f"eyJraWQiOiJzIn0.{text}.x"):
        assert isinstance(reader.read(token, Instant(0.0)), TokenFault)
