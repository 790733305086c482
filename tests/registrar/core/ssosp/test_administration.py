"""Rows 123 to 130 of the failure checklist (oauth-tokens 10) as far as the server's side goes."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrar.core.ssosp import OAuthProblem as P
from registrar.core.ssosp.administration import DEFAULT_PATH, KeyServer
from registrar.core.tokens import (
    ClusterKeys,
    TokenFacts,
    TokenPolicy,
    TokenProblem,
    TokenRefused,
    TokenValidator,
    ValidationKeys,
)
from registrar.core.tokens.key_document import KeyDocumentError, parse_keys, render_keys
from registrar.core.tokens.key_ring import REFRESH_RULES, ConsumerKind, KeyConsumer, KeyRing
from simulator.core.actor.flow import Fetched
from simulator.core.events import KeysLoaded, KeysNotLoaded, KeysOffered
from simulator.core.events.log import record_to_json
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from tests.registrar.core.ssosp.bench import ADMIN, CLERK, CLUSTER, Bench, basic, body


def verdict(validator: TokenValidator, token: str, now: Instant) -> TokenProblem | None:
    judged = validator.validate(token, now)
    return judged.problem if isinstance(judged, TokenRefused) else None


class Keys:
    """A key ring over the bench's cluster, and consumers of it."""

    def __init__(self, bench: Bench, **options: bool) -> None:
        self.bench = bench
        self.journal = bench.log.journal("keys")  # type: ignore[arg-type]
        self.ring = KeyRing(
            lambda: bench.keys,
            self._publish,
            journal=self.journal,
            revoke_refresh_tokens=lambda why: _ignore(bench.signon.revoke(why=why)),
            **options,
        )

    def _publish(self, keys: ClusterKeys) -> None:
        self.bench.keys = keys

    def consumer(self, name: str, kind: ConsumerKind) -> tuple[KeyConsumer, TokenValidator]:
        validator = self.bench.validator()
        consumer = KeyConsumer(name, kind, journal=self.journal, loaded=validator.load)
        consumer.load(self.ring.at(name), why="service started")
        return consumer, validator


def _ignore(_value: object) -> None:
    pass


@pytest.fixture
def keys(bench: Bench) -> Keys:
    return Keys(bench)


def test_123_a_new_signing_key_ends_all_tokens_and_a_node_that_did_not_restart_knows_only_the_old(
    keys: Keys, bench: Bench
) -> None:
    node, validator = keys.consumer("ucm-pub", ConsumerKind.CALLMANAGER)
    before = bench.pair()
    keys.ring.regenerate_signing()
    after = bench.pair()
    # Not restarted: the old key still counts there, the new one does not yet.
    assert verdict(validator, before["access_token"], bench.now) is None
    assert verdict(validator, after["access_token"], bench.now) is TokenProblem.KID_UNKNOWN_SIGNING
    assert node.stale(bench.keys.public)
    assert bench.refresh(before["refresh_token"]).status == 400
    assert bench.reason == P.REFRESH_KEY_UNKNOWN
    node.load(keys.ring.at("ucm-pub"))
    assert verdict(validator, before["access_token"], bench.now) is TokenProblem.KID_UNKNOWN_SIGNING
    assert verdict(validator, after["access_token"], bench.now) is None
    assert not node.stale(bench.keys.public)


@pytest.mark.parametrize(
    ("revokes", "status"),
    [
        pytest.param(True, 400, id="124 as documented: refresh tokens end as well"),
        pytest.param(False, 200, id="124 as cryptography has it: refresh tokens are only signed"),
    ],
)
def test_124_a_new_encryption_key_alone(bench: Bench, revokes: bool, status: int) -> None:
    keys = Keys(bench, encryption_regen_revokes=revokes)
    node, validator = keys.consumer("ucm-pub", ConsumerKind.CALLMANAGER)
    tokens = bench.pair()
    keys.ring.regenerate_encryption()
    node.load(keys.ring.at("ucm-pub"))
    problem = verdict(validator, tokens["access_token"], bench.now)
    assert problem is TokenProblem.KID_UNKNOWN_ENCRYPTION
    assert bench.refresh(tokens["refresh_token"]).status == status


def test_125_a_subscriber_that_does_not_replicate_judges_otherwise_until_it_does(
    keys: Keys, bench: Bench
) -> None:
    publisher, at_publisher = keys.consumer("ucm-pub", ConsumerKind.CALLMANAGER)
    subscriber, at_subscriber = keys.consumer("ucm-sub", ConsumerKind.CALLMANAGER)
    keys.ring.hold("ucm-sub")
    keys.ring.regenerate_signing()
    token = bench.pair()["access_token"]

    def restart_both() -> tuple[TokenProblem | None, TokenProblem | None]:
        publisher.load(keys.ring.at("ucm-pub"))
        subscriber.load(keys.ring.at("ucm-sub"))
        return verdict(at_publisher, token, bench.now), verdict(at_subscriber, token, bench.now)

    assert restart_both() == (None, TokenProblem.KID_UNKNOWN_SIGNING)
    keys.ring.release("ucm-sub")
    assert restart_both() == (None, None)


def test_126_srst_fetches_the_keys_once_a_day_and_the_others_when_told(keys: Keys, bench: Bench) -> None:
    srst, validator = keys.consumer("srst", ConsumerKind.SRST)
    expressway, _ = keys.consumer("expc", ConsumerKind.EXPRESSWAY)
    assert (srst.rule.period, expressway.rule.period) == (86_400, None)
    keys.ring.regenerate_signing()
    token = bench.pair()["access_token"]
    assert verdict(validator, token, bench.now) is TokenProblem.KID_UNKNOWN_SIGNING
    document = Fetched(status=200, body=render_keys(keys.ring.live.public))
    assert srst.receive(document, why="24 hours are over")
    assert verdict(validator, token, bench.now) is None
    assert expressway.stale(keys.ring.live.public)
    assert {rule.mark for rule in REFRESH_RULES.values()} == {"documented"}
    assert set(REFRESH_RULES) == set(ConsumerKind)


NO_USE = [
    pytest.param(Fetched(failure="timed out after 10 s"), "timed out after 10 s", id="127 timeout"),
    pytest.param(Fetched(status=401), "the key server answered 401", id="127 wrong credentials"),
    pytest.param(Fetched(status=200, body=b"<html>"), "the key document is not JSON", id="127 no JSON"),
    pytest.param(Fetched(status=200, body=b"{}"), "cluster_id or keys is missing", id="127 empty JSON"),
]


@pytest.mark.parametrize(("answer", "detail"), NO_USE)
def test_127_whatever_the_key_server_answers_the_last_good_keys_stay(
    keys: Keys, bench: Bench, answer: Fetched, detail: str
) -> None:
    srst, validator = keys.consumer("srst", ConsumerKind.SRST)
    token = bench.pair()["access_token"]
    assert not srst.receive(answer)
    assert bench.log.of(KeysNotLoaded)[-1].detail == detail
    assert verdict(validator, token, bench.now) is None


@pytest.mark.parametrize("skew", [-90, 90])
@pytest.mark.parametrize("leeway", [0, 120])
def test_128_a_registrar_whose_clock_differs_needs_leeway(bench: Bench, skew: int, leeway: int) -> None:
    policy = TokenPolicy(issuer=CLUSTER, leeway=leeway)
    validator = TokenValidator(bench.keys.public, policy, bench.directory.subject_status)
    token = bench.pair()["access_token"]
    at_start = verdict(validator, token, Instant(bench.now + skew))
    at_end = verdict(validator, token, Instant(bench.now + 3599 + skew))
    expected: tuple[TokenProblem | None, TokenProblem | None] = (None, None)
    if not leeway:
        expected = (TokenProblem.ISSUED_IN_FUTURE, None) if skew < 0 else (None, TokenProblem.EXPIRED)
    assert (at_start, at_end) == expected


def test_130_a_token_of_another_cluster_is_of_an_unknown_key(bench: Bench) -> None:
    other = ClusterKeys.create("11111111-1111-4111-8111-111111111111")
    policy = TokenPolicy(issuer=other.cluster_id)
    validator = TokenValidator(other.public, policy, bench.directory.subject_status)
    token = bench.pair()["access_token"]
    assert verdict(validator, token, bench.now) is TokenProblem.KID_UNKNOWN_SIGNING
    bench.keys, refresh = other, bench.pair()["refresh_token"]
    assert bench.refresh(refresh).status == 400
    assert bench.reason == P.REFRESH_KEY_UNKNOWN


def test_loading_the_same_keys_again_forgets_nothing(keys: Keys, bench: Bench) -> None:
    loaded: list[ValidationKeys] = []
    consumer = KeyConsumer("x", ConsumerKind.TOMCAT, journal=keys.journal, loaded=loaded.append)
    assert consumer.stale(keys.ring.live.public)
    for _ in range(2):
        consumer.load(keys.ring.live.public)
    assert len(loaded) == 1
    assert [event.changed for event in bench.log.of(KeysLoaded)] == [True, False]


# --- the key server -------------------------------------------------------------------------------------------


def ask(bench: Bench, *headers: tuple[str, str], method: str = "GET", path: str = DEFAULT_PATH) -> HttpResponse:
    journal = bench.log.journal("keys")  # type: ignore[arg-type]
    server = KeyServer(lambda: bench.keys.public, bench.administrators, journal=journal)
    return server.handle(HttpRequest(method=method, path=path, headers=headers), bench.now)


def test_the_key_server_gives_the_keys_to_axl_credentials_and_logs_no_key(bench: Bench) -> None:
    response = ask(bench, basic(*ADMIN))
    loaded = parse_keys(response.body)
    public = bench.keys.public
    assert (loaded.signing_kid, loaded.encryption_key) == (public.signing_kid, public.encryption_key)
    validator = TokenValidator(loaded, TokenPolicy(issuer=CLUSTER), bench.directory.subject_status)
    assert isinstance(validator.validate(bench.pair()["access_token"], bench.now), TokenFacts)
    assert dict(response.headers)["Cache-Control"] == "no-store"
    assert bench.log.of(KeysOffered)[0].detail == "to axladmin"
    key = body(response)["keys"][1]["k"]
    shown = json.dumps([record_to_json(record) for record in bench.log]) + repr(response) + repr(loaded)
    assert key not in shown
    assert repr(public.encryption_key) not in shown


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param((), 401, id="no credentials"),
        pytest.param((basic(ADMIN[0], "guess"),), 401, id="wrong password"),
        pytest.param((basic(*CLERK),), 403, id="no AXL role"),
        pytest.param((("Authorization", "Bearer x"),), 401, id="a bearer token"),
    ],
)
def test_the_key_server_refuses_everybody_else(
    bench: Bench, headers: tuple[tuple[str, str], ...], status: int
) -> None:
    response = ask(bench, *headers)
    assert (response.status, b"kty" in response.body) == (status, False)
    assert bench.log.of(KeysOffered)[0].status == status


def test_the_key_server_has_one_path_and_one_method(bench: Bench) -> None:
    assert ask(bench, basic(*ADMIN), path="/elsewhere").status == 404
    assert ask(bench, basic(*ADMIN), method="POST").status == 405


Change = Callable[[dict[str, object], list[dict[str, object]]], object]
DAMAGED: list[object] = [
    pytest.param(lambda doc, keys: doc.update(cluster_id=1), "cluster_id", id="cluster_id no text"),
    pytest.param(lambda doc, keys: keys.pop(), "0 keys with use enc", id="no encryption key"),
    pytest.param(lambda doc, keys: keys.append(keys[0]), "2 keys with use sig", id="two signing keys"),
    pytest.param(lambda doc, keys: keys[0].update(kty="EC"), "is not RSA for RS256", id="another key type"),
    pytest.param(lambda doc, keys: keys[0].update(kid="x"), "a kid is not", id="a kid of another form"),
    pytest.param(lambda doc, keys: keys[1].update(k="AAAA"), "has not 32 bytes", id="a short encryption key"),
    pytest.param(lambda doc, keys: keys[1].pop("k"), "k is missing", id="no encryption key material"),
    pytest.param(lambda doc, keys: keys[1].update(k="!"), "base64url", id="k not base64url"),
    pytest.param(lambda doc, keys: keys[0].update(n="AQAB"), "impossible length", id="a tiny modulus"),
    pytest.param(lambda doc, keys: keys[0].update(e="AA"), "are no RSA key", id="exponent zero"),
    pytest.param(
        lambda doc, keys: doc.update(cluster_id="11111111-1111-4111-8111-111111111111"),
        "a kid is not",
        id="foreign",
    ),
]


@pytest.mark.parametrize(("change", "text"), DAMAGED)
def test_a_damaged_key_document_is_refused_by_the_member_that_is_wrong(
    bench: Bench, change: Change, text: str
) -> None:
    document = json.loads(render_keys(bench.keys.public))
    change(document, document["keys"])
    with pytest.raises(KeyDocumentError, match=text):
        parse_keys(json.dumps(document).encode())


@given(
    raw=st.binary(max_size=300)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_any_bytes_are_a_key_document_or_an_error(raw: bytes) -> None:
    with pytest.raises(KeyDocumentError):
        parse_keys(raw)
