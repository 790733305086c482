"""Whatever the bytes: a message, or RemoteProtocolError and nothing else; written and read again it is equal;
and how the bytes were cut never matters.

Two sources: mutations of good messages (seeded, so a failure names its seed) and hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.core.sip import (
    RFC8898,
    STAR,
    UCM,
    BearerProblem,
    BearerToken,
    Headers,
    MessageLimits,
    Need,
    RemoteProtocolError,
    Request,
    Response,
    SipStream,
    mark_received,
    parse_auth,
    parse_bearer,
    parse_contacts,
    parse_cseq,
    parse_message,
    parse_name_addr,
    parse_uri,
    parse_via,
    reply_to,
    serialize,
    validate_request,
)
from simulator.core.sip.fields import check_via
from simulator.core.sip.server import server_key
from simulator.core.sip.wire import read_lines, split_lines, walk_lines

SEEDS = [
    b"REGISTER sip:ucm-pub.example.com SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.10:62162;branch=z9hG4bK00001188\r\n"
    b"From: <sip:1010@ucm>;tag=88-99\r\nTo: <sip:1010@ucm>\r\nCall-ID: 1-2@192.0.2.10\r\nMax-Forwards: 70\r\n"
    b"CSeq: 2270 REGISTER\r\nContact: <sip:a8@192.0.2.10:62162;transport=tls>;"
    b'+sip.instance="<urn:uuid:00000000-0000-0000-0000-882323451234>";+u.sip!model.ccm.cisco.com="503";video\r\n'
    b'Proxy-Authorization: Bearer token="eyJhbGciOiJSUzI1NiJ9.e30.c2ln"\r\nSupported: replaces,\r\n path\r\n'
    b"Expires: 3600\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
    b"OPTIONS sips:a:b@[2001:db8::1]:5061;lr?x=y SIP/2.0\r\nv: SIP / 2.0 / UDP h : 5 ; rport, SIP/2.0/TCP i\r\n"
    b'f: "A \\" B" <sip:%41@h>;tag=1\r\nt: tel:+1;tag=2\r\ni: x\r\nCSeq: 1 OPTIONS\r\nm: *\r\n'
    b"Authorization: Bearer abc==\r\nl: 0\r\n\r\n",
    b"SIP/2.0 407 Proxy Authentication Required\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nCSeq: 1 REGISTER\r\n"
    b'Proxy-Authenticate: Bearer realm="ccmsipline", error="x"\r\nContent-Length: 2\r\n\r\n\xff\x00',
    b"\r\n\r\n",
    b"\r\n",
]
WORDS = [
    b"\r\n",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b'"',
    b"\\",
    b"<",
    b">",
    b"@",
    b"%",
    b"=",
]
WORDS += [
    b"\r\n ",
    b"\x00",
    b"\xff",
    "ü".encode(),
    "٣".encode(),
    b"Content-Length: 3\r\n",
    b"l: 99999999999\r\n",
]
WORDS += [b"Via", b"sip:", b"[", b"]", b"*", b"Bearer ", b'token="', b"0" * 30, b"9" * 30, b"-", b"SIP/2.0 "]

TYPED: list[Callable[[Request | Response], object]] = [
    lambda m: m.top_via,
    lambda m: m.from_,
    lambda m: m.to,
    lambda m: m.call_id,
    lambda m: m.cseq,
    lambda m: m.contacts,
    lambda m: m.expires,
    lambda m: m.content_length,
    lambda m: m.headers.get_all("Via"),
    lambda m: m.headers.get_all("Supported"),
    lambda m: m.uri if isinstance(m, Request) else None,
    lambda m: validate_request(m) if isinstance(m, Request) else None,
    lambda m: server_key(m) if isinstance(m, Request) else None,
    lambda m: mark_received(m, "192.0.2.1", 5) if isinstance(m, Request) else None,
]


def mutated(random: Random) -> bytes:
    """One to three seeds in a row with up to eight cuts, swaps, repetitions and foreign words in them."""
    data = b"".join(random.choices(SEEDS, k=random.randint(1, 3)))
    for _ in range(random.randint(0, 8)):
        at = random.randrange(len(data) + 1)
        end = at + random.choice((0, 0, 1, 2, 12))
        piece = random.choice((random.choice(WORDS), random.randbytes(2), data[at:end] * 2))
        data = data[:at] + piece + data[end:]
    return data


SMALL = MessageLimits(message=900, line=300, fields=20)


def outcomes(data: bytes, cuts: list[int], *, initiator: bool) -> list[object]:
    stream = SipStream(limits=SMALL, initiator=initiator)
    said: list[object] = []
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    pieces = [data[a:b] for a, b in pairwise(edges)]
    for piece in [*pieces, None]:
        if piece is None:
            stream.receive_eof()
        else:
            stream.receive_data(piece)
        while True:
            try:
                message = stream.next_message()
            except RemoteProtocolError as error:
                said.append((type(error), error.detail, error.status_hint, error.request))
                if stream.failure is not None:
                    return said
                continue
            if message is Need.DATA:
                break
            said.append(message)
    return said


def check(message: Request | Response) -> None:
    """A parsed message survives its own bytes, and everything that can be asked of it has an answer."""
    data = serialize(message)
    again = parse_message(data)
    expected = message
    if "content-length" not in message.headers:
        length = str(len(message.body))
        expected = message.replace(headers=message.headers.with_added("Content-Length", length))
    assert again == expected
    assert serialize(again) == data
    assert Headers(again.headers.raw_fields()) == again.headers
    explore(message)


def explore(message: Request | Response) -> None:
    repr(message)
    for look in TYPED:
        with suppress(RemoteProtocolError):
            look(message)
    if isinstance(message, Request):
        assert isinstance(parse_bearer(message), BearerToken | BearerProblem)
        reply = reply_to(message, 400, to_tag="1")
        assert parse_message(serialize(reply)) == reply
        UCM.authorize(message, "t")
    else:
        assert UCM.is_challenge(message) in (True, False)
        assert RFC8898.is_challenge(message) in (True, False)


def check_stream(data: bytes, cuts: list[int], *, initiator: bool) -> None:
    whole = outcomes(data, [], initiator=initiator)
    assert outcomes(data, cuts, initiator=initiator) == whole
    for said in whole:
        if isinstance(said, Request | Response):
            check(said)


def check_datagram(data: bytes) -> None:
    try:
        message = parse_message(data)
    except RemoteProtocolError as error:
        if error.request is not None:
            explore(error.request)
        return
    check(message)


@pytest.mark.parametrize("seed", range(400))
def test_mutations_of_good_messages(seed: int) -> None:
    random = Random(seed)
    for _ in range(3):
        data = mutated(random)
        check_datagram(data)
        cuts = [random.randrange(len(data) + 1) for _ in range(random.randint(1, 6))]
        check_stream(data, cuts, initiator=random.random() < 0.3)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=6), initiator=st.booleans())
@example(data=b"\r\n" * 5, cuts=[1, 3], initiator=False)
@example(data=SEEDS[0] * 2, cuts=list(range(900)), initiator=False)
@example(data=b"OPTIONS sip:h SIP/2.0\r\nl: " + b"0" * 200 + b"\r\n\r\n", cuts=[40], initiator=True)
def test_any_bytes(data: bytes, cuts: list[int], initiator: bool) -> None:
    check_datagram(data)
    check_stream(data, cuts, initiator=initiator)


BREAKS_TO_SOME = ["\r\n", "\r", "\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(st.sampled_from([*BREAKS_TO_SOME, "a: b", " x", "é", "\udcff"]), max_size=12),
    limits=st.builds(MessageLimits, line=st.integers(2, 60), fields=st.integers(0, 6)),
)
@example(pieces=["a: b", "\n", "a: b", "\n"], limits=MessageLimits())
@example(pieces=["\r\n", "a: b", "\x85"], limits=MessageLimits())
def test_a_glance_never_passes_what_a_walk_refuses_and_cuts_lines_alike(
    pieces: list[str], limits: MessageLimits
) -> None:
    data = "".join(["OPTIONS sip:h SIP/2.0", *pieces, "\r\n\r\n"]).encode("utf-8", "surrogateescape")
    end = data.find(b"\r\n\r\n")
    seen = read_lines(data, 0, end, limits)
    if seen is not None:
        assert walk_lines(data, 0, 0, 0, limits) == (end + 4, len(seen), True)
        assert seen == split_lines(data, 0, end)


VALUE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=30) | st.binary(
    max_size=30
).map(lambda data: data.translate(None, b"\r\n").decode("utf-8", "surrogateescape"))
FIELDS = st.lists(
    st.tuples(
        st.from_regex(r"X-[A-Za-z0-9!%*_+`'~.-]{0,12}", fullmatch=True)
        | st.sampled_from(["v", "To", "k", "Contact"]),
        VALUE,
    ),
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(fields=FIELDS, body=st.binary(max_size=30), method=st.sampled_from(["REGISTER", "X.y!"]))
def test_what_is_built_is_what_arrives(fields: list[tuple[str, str]], body: bytes, method: str) -> None:
    headers = Headers(fields).with_added("Content-Length", str(len(body)))
    built = Request(method, "sip:1010@h;lr", headers, body)
    stream = SipStream()
    stream.receive_data(serialize(built) * 2)
    assert [stream.next_message(), stream.next_message()] == [built, built]
    assert stream.next_message() is Need.DATA
    for name, _ in fields:
        removed = headers.without(name)
        assert name not in removed
        assert len(removed) == len(headers) - headers.count(name)
        assert headers.with_field(name, "new").fields(name) == ("new",)
        assert headers.with_added(name, "new").fields(name) == (*headers.fields(name), "new")
        assert headers.with_first(name, "new").fields(name) == ("new", *headers.fields(name))


@settings(max_examples=100, deadline=None)
@given(value=st.text(st.characters(exclude_characters="\r\n", categories=("Cs", "Lu")), max_size=4))
@example(value="\ud800")
@example(value="\udcc3\udca9")
def test_a_value_is_refused_when_built_or_survives_the_wire(value: str) -> None:
    try:
        headers = Headers([("X-", value)])
    except ValueError as error:
        assert "the value of X- " in str(error)  # noqa: PT017
        return
    assert parse_message(serialize(Request("X", "sip:h", headers))).headers.get("X-") == value.strip(" \t")


TEXT = st.text(
    st.sampled_from('abz019 \t;,:=@<>"\\%[]?&+-._!*/#\r\nSIP2.0sip:tag') | st.characters(), max_size=30
) | st.builds(
    lambda seed, at, word: seed[: at % len(seed)] + word + seed[at % len(seed) :],
    st.sampled_from(
        [
            'Bell "A, B" <sip:a%41:b@h:5;lr?x=y>;tag=1;q="0,5"',
            "SIP/2.0/UDP [::1]:5060;branch=z9hG4bK1;rport",
            'Bearer realm="x", token="y"',
            "12 REGISTER",
            "sip:a@b;c=d",
            "<sip:a@b>, sip:c@d",
        ]
    ),
    st.integers(0, 100),
    st.text(st.sampled_from('";,<>\\@= \t\r\n%:*'), max_size=3),
)


@pytest.mark.parametrize(
    "parse", [parse_uri, parse_name_addr, parse_contacts, parse_via, parse_cseq, parse_auth]
)
@settings(max_examples=80, deadline=None)
@given(text=TEXT)
def test_a_value_is_parsed_or_refused_and_written_the_way_it_reads(
    parse: Callable[[str], object], text: str
) -> None:
    try:
        value = parse(text)
    except RemoteProtocolError:
        return
    if parse is parse_contacts:
        assert value is STAR or isinstance(value, tuple)
    elif parse is not parse_auth:
        assert parse(str(value)) == value


@settings(max_examples=300, deadline=None)
@given(
    text=TEXT | st.from_regex(r"SIP/2\.0/[A-Z]* [a-z.]*(:[0-9]{0,6})?(;branch=[a-zé;]*)?\s?", fullmatch=True)
)
@example(text="SIP/2.0/TLS h:65535;branch=z9hG4bK1")
@example(text="SIP/2.0/TLS h:65536;branch=z9hG4bK1")
@example(text="SIP/2.0/TLS h:99999;branch=z9hG4bK1")
def test_a_via_is_checked_as_it_is_parsed(text: str) -> None:
    said = []
    for look in (check_via, parse_via):
        try:
            look(text)
        except RemoteProtocolError as error:
            said.append(error.detail)
    assert len(said) in (0, 2)
    assert len(set(said)) < 2


@settings(max_examples=80, deadline=None)
@given(one=TEXT, other=TEXT)
def test_equivalence_is_symmetric_and_holds_for_itself(one: str, other: str) -> None:
    try:
        left, right = parse_uri(one), parse_uri(other)
    except RemoteProtocolError:
        return
    assert left.equivalent(left)
    assert left.equivalent(right) is right.equivalent(left)


N = 16_000
HOSTILE = {
    "one long word": "a" * N,
    "many words": "a " * N,
    "only spaces": " " * N,
    "spaces and a fold": " " * N + "\r\n x",
    "folds without end": "\r\n " * N,
    "escapes": "%41" * N,
    "half escapes": "sip:" + "%4" * N,
    "many schemes": "sip:" * N,
    "many passwords": "sip:a:" * N,
    "many parameters": "sip:h" + ";a" * N,
    "parameters with spaces": "sip:h" + " ; a =" * N,
    "open quotes": '"' + "\\" * N,
    "quote after quote": '"a"' * N,
    "open brackets": "<" * N,
    "commas": "," * N,
    "list of quotes": '"a",' * N,
    "bearers": "Bearer " * N,
    "tokens": "Bearer token=" * N,
    "digits": "9" * N,
    "slashes": "SIP/" * N,
    "colons": "a:" * N,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_more_than_linear_time(text: str) -> None:
    """Nothing is asserted: an exponential or quadratic expression would not come back."""
    for parse in (parse_uri, parse_name_addr, parse_contacts, parse_via, parse_cseq, parse_auth):
        with suppress(RemoteProtocolError):
            parse(text)
    headers = Headers([("To", "<sip:a@h>")])
    for name in ("Via", "To", "Contact", "Proxy-Authorization", "CSeq", "Expires", "Content-Length"):
        lines = (*headers.lines, f"{name}: {text}")
        message = Request("REGISTER", text.replace("\r\n", ""), Headers.from_lines(lines))
        for look in TYPED:
            with suppress(RemoteProtocolError):
                look(message)
        parse_bearer(message)
        reply_to(message, 400, to_tag="1")
        with suppress(RemoteProtocolError):
            parse_message(serialize(message)[:60_000])
