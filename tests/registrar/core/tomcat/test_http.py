"""What the web applications of a node read of a request and write into an answer."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from registrar.core.tomcat.http import (
    Authorization,
    Basic,
    Bearer,
    Unreadable,
    error_page,
    json_response,
    media_type,
    method_not_allowed,
    read_authorization,
    without_body,
    xml_response,
)
from simulator.core.http.message import HttpRequest


def request(*headers: tuple[str, str]) -> HttpRequest:
    return HttpRequest(method="GET", path="/", headers=headers)


def basic(text: bytes) -> str:
    return f"Basic {b64encode(text).decode()}"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (basic(b"alice:pass"), Basic(user="alice", password="pass")),
        (basic(b"alice:a:b"), Basic(user="alice", password="a:b")),
        (basic("ädam:ö".encode()), Basic(user="ädam", password="ö")),
        (basic("ädam:ö".encode("latin-1")), Basic(user="ädam", password="ö")),
        ("bAsIc  " + basic(b":")[6:] + " ", Basic(user="", password="")),
        ("Bearer a.b.c", Bearer(token="a.b.c")),
        ("BEARER\ta", Unreadable(detail="an authentication scheme other than Basic and Bearer")),
        ("Bearer", Unreadable(detail="Bearer without exactly one token")),
        ("Bearer a b", Unreadable(detail="Bearer without exactly one token")),
        ("Basic %", Unreadable(detail="the Basic credentials are not base64")),
        ("Basic é", Unreadable(detail="the Basic credentials are not base64")),
        (basic(b"alice"), Unreadable(detail="the Basic credentials have no colon")),
        ("Digest username=a", Unreadable(detail="an authentication scheme other than Basic and Bearer")),
    ],
    ids=[
        "a user and a password",
        "a password with a colon",
        "UTF-8",
        "Latin-1, as old clients write it",
        "any case and more white space",
        "a token",
        "a tab is no separator",
        "no token",
        "two tokens",
        "no base64",
        "no ASCII",
        "no colon",
        "another scheme",
    ],
)
def test_an_authorization_is_read(value: str, read: Authorization) -> None:
    assert read_authorization(request(("authorization", value))) == read


def test_without_the_field_nobody_is_named() -> None:
    assert read_authorization(request()) is None


def test_two_fields_are_refused_without_reading_either() -> None:
    both = request(("Authorization", "Bearer a"), ("authorization", basic(b"a:b")))
    assert read_authorization(both) == Unreadable(detail="more than one Authorization field", multiple=True)


@given(st.text())
def test_whatever_stands_in_the_field_no_secret_is_in_the_refusal(value: str) -> None:
    read = read_authorization(request(("Authorization", value)))
    if isinstance(read, Unreadable):
        assert len(value) < 12 or value not in read.detail
    assert "password=" not in repr(read)
    assert "token=" not in repr(read)


@pytest.mark.parametrize(
    ("values", "kind"),
    [(["Text/XML; charset=utf-8"], "text/xml"), ([], ""), (["a/b", "c/d"], "")],
    ids=["without its parameters", "none", "two of them"],
)
def test_the_media_type_is_read(values: list[str], kind: str) -> None:
    assert media_type(request(*(("Content-Type", value) for value in values))) == kind


def test_a_page_of_an_error_escapes_what_the_client_said() -> None:
    page = error_page(404, "<script>alert(1)</script>")
    assert page.status == 404
    assert b"HTTP Status 404 - Not Found" in page.body
    assert b"<script>" not in page.body


def test_a_method_that_is_not_allowed_is_told_which_are() -> None:
    assert ("Allow", "GET, HEAD") in method_not_allowed("GET", "HEAD").headers


def test_no_cache_keeps_json() -> None:
    assert {("Cache-Control", "no-store"), ("Pragma", "no-cache")} <= set(json_response({}).headers)


def test_a_document_is_standalone_as_uds_writes_it() -> None:
    answer = xml_response(etree.Element("user"))
    assert answer.body.startswith(b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>")
    assert without_body(answer).body == b""
    assert without_body(answer).headers == answer.headers
