"""Bearer credentials in both forms and both header fields, and the two dialects."""

from __future__ import annotations

from itertools import product

import pytest

from simulator.core.sip import (
    RFC8898,
    UCM,
    BearerProblem,
    BearerToken,
    Dialect,
    Headers,
    MalformedMessage,
    Request,
    parse_auth,
    parse_bearer,
    parse_message,
    reply_to,
    serialize,
)
from simulator.core.sip.bearer import repeats

JWS = "eyJhbGciOiJSUzI1NiJ9.eyJwcml2YXRlIjoiZSJ9.c2lnbmF0dXJl-_"
BASE = Headers(
    [
        ("Via", "SIP/2.0/TLS h;branch=z9hG4bK1"),
        ("From", "<sip:1010@h>;tag=1"),
        ("To", "<sip:1010@h>"),
        ("Call-ID", "1@h"),
        ("CSeq", "1 REGISTER"),
        ("Contact", "<sip:1010@192.0.2.10>"),
        ("Supported", "replaces"),
        ("Content-Length", "0"),
    ]
)


def register(*fields: tuple[str, str]) -> Request:
    headers = BASE
    for name, value in fields:
        headers = headers.with_added(name, value)
    return Request("REGISTER", "sip:h", headers)


PROXY, DIRECT = "Proxy-Authorization", "Authorization"

FOUND = {
    "as Jabber sends it": [(PROXY, f'Bearer token="{JWS}"')],
    "as RFC 6750 writes it": [(DIRECT, f"Bearer {JWS}")],
    "the RFC's form in Cisco's header field": [(PROXY, f"Bearer {JWS}")],
    "Cisco's form in the RFC's header field": [(DIRECT, f'Bearer token="{JWS}"')],
    "another case of the scheme and the name": [("PROXY-authorization", f'bEARER Token="{JWS}"')],
    "an unquoted parameter": [(PROXY, f"Bearer token={JWS}")],
    "white space everywhere": [(PROXY, f'  Bearer    token  =  "{JWS}"  ')],
    "the realm beside it": [(PROXY, f'Bearer realm="ccmsipline", token="{JWS}"')],
    "a quoted pair in it": [(PROXY, f'Bearer token="\\{JWS}"')],
    "the same token in both": [(PROXY, f'Bearer token="{JWS}"'), (DIRECT, f"Bearer {JWS}")],
    "digest credentials beside it": [
        (DIRECT, 'Digest username="a", realm="b"'),
        (PROXY, f'Bearer token="{JWS}"'),
    ],
    "broken credentials of another scheme beside it": [(DIRECT, "Digest ,,,"), (PROXY, f"Bearer {JWS}")],
    "folded": [(PROXY, f'Bearer\r\n  token="{JWS}"')],
}


@pytest.mark.parametrize("fields", FOUND.values(), ids=FOUND.keys())
def test_the_token_is_found(fields: list[tuple[str, str]]) -> None:
    assert parse_bearer(register(*fields)) == BearerToken(JWS)


def test_a_folded_token_arrives_whole_from_the_wire() -> None:
    data = serialize(register((PROXY, f'Bearer\r\n\ttoken="{JWS}"')))
    message = parse_message(data)
    assert isinstance(message, Request)
    assert parse_bearer(message) == BearerToken(JWS)


PROBLEMS = {
    "no header field": ([], "token_absent"),
    "digest credentials": ([(PROXY, 'Digest username="a"')], "token_absent"),
    "an empty quoted token": ([(PROXY, 'Bearer token=""')], "token_absent"),
    "only a realm": ([(PROXY, 'Bearer realm="ccmsipline"')], "token_absent"),
    "only the scheme": ([(PROXY, "Bearer")], "token_absent"),
    "an empty header field": ([(PROXY, "")], "token_absent"),
    "an unterminated quote": ([(PROXY, f'Bearer token="{JWS}')], "bearer_syntax"),
    "a quote inside": ([(PROXY, f'Bearer token="{JWS}"x"')], "bearer_syntax"),
    "an unquoted empty token": ([(PROXY, "Bearer token=")], "bearer_syntax"),
    "two words": ([(DIRECT, f"Bearer {JWS} {JWS}")], "bearer_syntax"),
    "a trailing comma": ([(PROXY, f'Bearer token="{JWS}",')], "bearer_syntax"),
    "two header fields": ([(PROXY, f'Bearer token="{JWS}"')] * 2, "multiple_credentials"),
    "two parameters": ([(PROXY, 'Bearer token="a", token="b"')], "multiple_credentials"),
    "different tokens": (
        [(PROXY, f'Bearer token="{JWS}"'), (DIRECT, "Bearer other")],
        "multiple_credentials",
    ),
    "another realm": ([(PROXY, f'Bearer realm="example.com", token="{JWS}"')], "realm_mismatch"),
}


@pytest.mark.parametrize(("fields", "kind"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_the_problem_is_named_without_the_token(fields: list[tuple[str, str]], kind: str) -> None:
    result = parse_bearer(register(*fields))
    assert isinstance(result, BearerProblem)
    assert result.kind == kind
    assert JWS not in repr(result)
    assert result.detail


def test_a_token_is_not_in_any_repr() -> None:
    request = UCM.authorize(register(), JWS)
    for value in (
        parse_bearer(request),
        request,
        parse_auth(f"Bearer {JWS}"),
        parse_auth(f'Bearer token="{JWS}"'),
    ):
        assert JWS[:20] not in repr(value)


def test_ucm_authorizes_like_jabber() -> None:
    request = UCM.authorize(register(), JWS)
    names = [name for name, _ in request.headers.raw_fields()]
    assert names[5:8] == ["Contact", "Proxy-Authorization", "Supported"]
    assert request.headers.single(PROXY) == f'Bearer token="{JWS}"'
    renewed = UCM.authorize(request, "new")
    assert [name for name, _ in renewed.headers.raw_fields()] == names
    assert parse_bearer(renewed) == BearerToken("new")


def test_rfc8898_authorizes_with_a_bare_token() -> None:
    request = RFC8898.authorize(register(), JWS)
    assert request.headers.single(DIRECT) == f"Bearer {JWS}"
    assert parse_bearer(request) == BearerToken(JWS)


def test_challenges_are_spelled_as_published() -> None:
    assert UCM.challenge() == ("Proxy-Authenticate", 'Bearer realm="ccmsipline"')
    assert UCM.challenge("invalid_token")[1] == 'Bearer realm="ccmsipline", error="invalid_token"'
    assert RFC8898.challenge(
        error="invalid_token", realm="example.com", scope="sip", authz_server="https://as.example.com/"
    ) == (
        "WWW-Authenticate",
        'Bearer realm="example.com", scope="sip", authz_server="https://as.example.com/", '
        'error="invalid_token"',
    )


@pytest.mark.parametrize(("ours", "other"), [(UCM, RFC8898), (RFC8898, UCM)], ids=["ucm", "rfc8898"])
def test_each_dialect_knows_its_own_challenge(ours: Dialect, other: Dialect) -> None:
    response = reply_to(register(), ours.challenge_status, extra=[ours.challenge(scope="a, b")])
    assert ours.is_challenge(response)
    assert not other.is_challenge(response)
    (challenge,) = ours.challenges(response)
    assert (challenge.scheme, challenge.param("scope")) == ("Bearer", "a, b")
    assert not ours.is_challenge(response.replace(status=403))
    assert not ours.is_challenge(reply_to(register(), ours.challenge_status))


@pytest.mark.parametrize("value", ['Digest realm="ccmsipline"', 'Bearer realm="', ",", ""])
def test_a_digest_or_unreadable_challenge_is_none(value: str) -> None:
    response = reply_to(register(), 407, extra=[("Proxy-Authenticate", value)])
    assert UCM.challenges(response) == ()


@pytest.mark.parametrize(
    ("text", "scheme", "token68", "params"),
    [
        ("Bearer abc==", "Bearer", "abc==", ()),
        ("Bearer", "Bearer", None, ()),
        ("Digest a=", "Digest", "a=", ()),  # the two grammars overlap here
        ('Digest a=b, c="d, e"', "Digest", None, (("a", "b"), ("c", '"d, e"'))),
        ("Digest a = b ,c=d", "Digest", None, (("a", "b"), ("c", "d"))),
    ],
)
def test_authentication_values(
    text: str, scheme: str, token68: str | None, params: tuple[tuple[str, str], ...]
) -> None:
    auth = parse_auth(text)
    assert (auth.scheme, auth.token68, auth.params) == (scheme, token68, params)


@pytest.mark.parametrize(
    "text", ["", " ", ",", "Bearer a b", 'Digest a="', "Digest a=b;c=d", "Digest a=b,", "Digest a=b c=d"]
)
def test_what_is_no_authentication_value_is_malformed(text: str) -> None:
    with pytest.raises(MalformedMessage, match="authentication"):
        parse_auth(text)


SENT = "eyJh.e30.c2ln"
CREDENTIALS = [
    ("Proxy-Authorization", f'Bearer token="{SENT}"'),
    ("Proxy-Authorization", f'Bearer  token="{SENT}"'),
    ("Proxy-Authorization", f'Bearer token="{SENT}x"'),
    ("Proxy-Authorization", f'Bearer token="{SENT[:-1]}"'),
    ("Proxy-Authorization", f'Bearer token="{SENT}", realm="x"'),
    ("Proxy-Authorization", f"Bearer {SENT}"),
    ("Authorization", f'Bearer token="{SENT}"'),
    ("Authorization", "Bearer other"),
    ("Authorization", 'Digest username="a"'),
    ("Via", "SIP/2.0/TLS h"),
]


def test_credentials_that_repeat_a_token_hold_just_that_token() -> None:
    for fields in (some for size in range(4) for some in product(CREDENTIALS, repeat=size)):
        request = Request("REGISTER", "sip:h", Headers(fields))
        if repeats(request, SENT):
            assert parse_bearer(request) == BearerToken(SENT), fields
        else:
            assert fields != (CREDENTIALS[0],)
