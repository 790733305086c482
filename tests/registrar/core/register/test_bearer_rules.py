"""Tokens on SIP: challenges, the guard against loops, the policy's variants, and no token ever shown."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from registrar.core.cluster.directory import User
from registrar.core.register.policy import BadToken
from registrar.core.tokens import AccessClaims, ClusterKeys, mint_access
from simulator.core.events import RegistrarAccepted, RegistrarChallenged, RegistrarRejected
from simulator.core.events.log import record_to_json

RFC8898_CHALLENGE = (
    'WWW-Authenticate: Bearer realm="ccmsipline", scope="UnifiedCommunications:readwrite", '
    'authz_server="https://ucm-pub.example.com:8443/ssosp/oauth"'
)
"""RFC 8898 2.2: an authorization server must be named, the scope should be."""


def test_an_absent_token_is_challenged_as_often_as_it_is_absent(bench, phone):
    flow = bench.open()
    for _ in range(6):
        assert bench.send(flow, phone.register()).startswith(b"SIP/2.0 407 ")
    event = bench.events(RegistrarChallenged)[-1]
    assert (event.reason, event.mark, event.status) == ("token_absent", "observed", 407)


def test_digest_credentials_on_the_oauth_port_are_no_token(bench, phone):
    digest = 'Proxy-Authorization: Digest username="a", realm="ccmsipline", nonce="n", response="r"\r\n'
    reply = bench.send(bench.open(), phone.register(credentials=digest))
    assert reply.startswith(b"SIP/2.0 407 ")


def test_every_refresh_must_bring_a_token(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    assert bench.send(flow, phone.register()).startswith(b"SIP/2.0 407 ")
    assert len(bench.bindings.of("CSFALICE")) == 1


def test_a_proven_connection_may_be_trusted_for_its_refreshes_only(bench_of, phone):
    bench = bench_of(challenge_refreshes=False)
    flow = bench.open()
    assert bench.send(flow, phone.register()).startswith(b"SIP/2.0 407 ")
    bench.register(phone, flow)
    assert bench.send(flow, phone.register()).startswith(b"SIP/2.0 200 ")
    assert bench.send(bench.open(), phone.register()).startswith(b"SIP/2.0 407 ")
    phone.call_id = "new@192.0.2.10"
    assert bench.send(flow, phone.register()).startswith(b"SIP/2.0 407 ")


@pytest.mark.parametrize(
    ("lifetime", "age", "problem"),
    [
        pytest.param(60, 61, "expired", id="one second after its end"),
        pytest.param(60, 60, "expired", id="at its end"),
        pytest.param(60, -5, "issued_in_future", id="issued in five seconds"),
    ],
)
def test_a_token_that_is_not_good_now_is_challenged_again(bench, phone, lifetime, age, problem):
    reply = bench.send(bench.open(), phone.register(token=bench.token(lifetime=lifetime, age=age)))
    assert b'\r\nProxy-Authenticate: Bearer realm="ccmsipline"\r\n' in reply
    event = bench.events(RegistrarChallenged)[-1]
    assert (event.reason, event.mark, event.device) == (problem, "assumed", "CSFALICE")


def test_a_token_that_expires_while_registered_costs_the_next_refresh_not_the_binding(bench, phone):
    flow = bench.open()
    token = bench.token(lifetime=50)
    bench.send(flow, phone.register(token=token))
    bench.advance(60)
    assert bench.send(flow, phone.register(token=token)).startswith(b"SIP/2.0 407 ")
    assert len(bench.bindings.of("CSFALICE")) == 1
    assert bench.register(phone, flow).startswith(b"SIP/2.0 200 ")


def test_unregistering_with_an_expired_token_is_not_silently_done(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    old = bench.token(age=7200)
    assert bench.send(flow, phone.register(token=old, expires=0)).startswith(b"SIP/2.0 407 ")
    assert bench.send(flow, phone.register(token=old, expires=0, contact="*")).startswith(b"SIP/2.0 407 ")
    assert len(bench.bindings.of("CSFALICE")) == 1


def test_a_connection_keeps_the_validators_own_copy_of_its_token(bench, phone):
    first, second = bench.open(), bench.open()
    token = bench.token()
    for flow in (first, second, second):
        assert bench.send(flow, phone.register(token=token)).startswith(b"SIP/2.0 200 ")
    kept = [bench.ucm._connections[flow].peer.token for flow in (first, second)]
    assert kept[0] == token
    assert kept[0] is kept[1] is bench.ucm.registrar.tokens.remembered(token)
    assert token not in repr(bench.ucm._connections[first].peer)


def test_a_shared_connection_keeps_no_token(bench, phone, peer_of):
    flow = bench.open("mra", tls_peer=peer_of("expc.example.com"))
    assert bench.register(phone, flow).startswith(b"SIP/2.0 200 ")
    assert bench.ucm._connections[flow].peer.token is None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(lambda sent: sent, b"200", id="the very same"),
        pytest.param(lambda sent: sent.replace(b'"eyJ', b'"eyK'), b"407", id="another first letter"),
        pytest.param(lambda sent: sent.replace(b'token="', b'token=" '), b"407", id="a space before it"),
        pytest.param(lambda sent: sent.replace(b"Bearer token", b"bearer  token"), b"200", id="other spelling"),
        pytest.param(
            lambda sent: sent.replace(b"Supported:", b"Authorization: Bearer other\r\nSupported:"),
            b"400",
            id="another token beside it",
        ),
        pytest.param(
            lambda sent: sent.replace(b"Supported:", b'Proxy-Authorization: Bearer token="x"\r\nSupported:'),
            b"400",
            id="two fields of one name",
        ),
        pytest.param(
            lambda sent: sent.replace(b"Bearer token", b'Bearer realm="elsewhere", token'),
            b"407",
            id="foreign realm",
        ),
    ],
)
def test_a_refresh_is_judged_by_what_it_brings_not_by_what_came_before(bench, phone, change, status):
    flow, token = bench.open(), bench.token()
    assert bench.send(flow, phone.register(token=token)).startswith(b"SIP/2.0 200 ")
    assert bench.send(flow, change(phone.register(token=token))).startswith(b"SIP/2.0 " + status)


def test_a_known_token_counts_only_while_its_user_is_active(bench, phone):
    flow, token = bench.open(), bench.token()
    assert bench.send(flow, phone.register(token=token)).startswith(b"SIP/2.0 200 ")
    bench.directory.put_user(User(id="alice", active=False))
    assert bench.send(flow, phone.register(token=token)).startswith(b"SIP/2.0 403 ")
    assert bench.events(RegistrarRejected)[-1].token_problem == "subject_inactive"


def test_the_guard_counts_by_call_id_and_a_good_token_clears_it(bench, phone):
    flow = bench.open()
    for _ in range(3):
        assert bench.send(flow, phone.register(token="rubbish")).startswith(b"SIP/2.0 407 ")
    assert bench.send(flow, phone.register(token="rubbish")).startswith(b"SIP/2.0 403 ")
    assert "3 challenges brought no better token" in bench.events(RegistrarRejected)[-1].detail
    phone.call_id, kept = "other@192.0.2.10", phone.call_id
    assert bench.send(flow, phone.register(token="rubbish")).startswith(b"SIP/2.0 407 ")
    phone.call_id = kept
    assert bench.register(phone, flow).startswith(b"SIP/2.0 200 ")
    assert bench.send(flow, phone.register(token="rubbish")).startswith(b"SIP/2.0 407 ")


def test_the_guard_forgets_the_oldest_of_very_many_call_ids(bench, phone):
    flow = bench.open()
    peer = bench.ucm._connections[flow].peer
    for number in range(1030):
        peer.count_refusal(f"call-{number}")
    assert len(peer.refusals) == 1024
    assert "call-0" not in peer.refusals


@pytest.mark.parametrize(
    ("policy", "status", "header"),
    [
        pytest.param({}, 407, 'Proxy-Authenticate: Bearer realm="ccmsipline"', id="ucm: the bare 407 again"),
        pytest.param(
            {"bad_token": BadToken.CHALLENGE_401},
            401,
            f'{RFC8898_CHALLENGE}, error="invalid_token"',
            id="ucm with the RFC's challenge",
        ),
        pytest.param({"bad_token": BadToken.FORBID}, 403, "", id="refused at once"),
        pytest.param(
            {"dialect": "rfc8898"},
            401,
            f'{RFC8898_CHALLENGE}, error="invalid_token"',
            id="rfc8898",
        ),
    ],
)
def test_the_answer_to_a_bad_token_is_a_policy(bench_of, phone, policy, status, header):
    bench = bench_of(**policy)
    reply = bench.send(bench.open(), phone.register(token="rubbish")).decode()
    assert reply.startswith(f"SIP/2.0 {status} ")
    assert f"\r\n{header}\r\n" in reply or not header


def test_the_rfcs_dialect_challenges_an_absent_token_without_an_error(bench_of, phone):
    bench = bench_of(dialect="rfc8898")
    flow = bench.open()
    reply = bench.send(flow, phone.register()).decode()
    assert reply.startswith("SIP/2.0 401 Unauthorized\r\n")
    assert f"\r\n{RFC8898_CHALLENGE}\r\n" in reply
    bearer = f"Authorization: Bearer {bench.token()}\r\n"
    assert bench.send(flow, phone.register(credentials=bearer)).startswith(b"SIP/2.0 200 ")


@pytest.mark.parametrize(
    ("credentials", "status", "reason"),
    [
        ('Proxy-Authorization: Bearer token=""\r\n', 407, "token_absent"),
        ('Proxy-Authorization: Bearer token="abc\r\n', 407, "bearer_syntax"),
        ('Proxy-Authorization: Bearer realm="elsewhere", token="abc"\r\n', 407, "realm_mismatch"),
        (
            'Authorization: Bearer abc\r\nProxy-Authorization: Bearer token="def"\r\n',
            400,
            "multiple_credentials",
        ),
    ],
)
def test_credentials_that_cannot_be_used(bench, phone, credentials, status, reason):
    reply = bench.send(bench.open(), phone.register(credentials=credentials))
    assert reply.startswith(f"SIP/2.0 {status} ".encode())
    events = bench.events(RegistrarChallenged) + bench.events(RegistrarRejected)
    assert events[-1].reason == reason


@pytest.mark.parametrize(
    ("subject", "owner", "associated", "accepted"),
    [
        ("alice", "alice", (), True),
        ("ALICE", "alice", (), True),
        ("alice", None, ("carol", "Alice"), True),
        ("alice", "carol", (), False),
        ("alice", None, (), False),
    ],
)
def test_the_tokens_user_must_own_the_device(bench, phone, subject, owner, associated, accepted):
    device = replace(bench.directory.device("CSFALICE"), owner=owner, associated=associated)
    bench.directory.put_device(device)
    reply = bench.send(bench.open(), phone.register(token=bench.token(subject)))
    assert reply.startswith(b"SIP/2.0 200 " if accepted else b"SIP/2.0 403 ")


def test_ownership_can_be_left_unchecked(bench_of, phone_of):
    bench = bench_of(check_owner=False)
    phone = phone_of(name="CSFBOB", dn="1020")
    assert bench.register(phone, bench.open()).startswith(b"SIP/2.0 200 ")


@pytest.mark.parametrize(("name", "accepted"), [("CSFALICE", True), ("CSFBOB", False)])
def test_a_devices_own_token_is_good_for_that_device_only(bench, phone, name, accepted):
    token = bench.token(name, principal="device")
    reply = bench.send(bench.open(), phone.register(token=token))
    assert reply.startswith(b"SIP/2.0 200 " if accepted else b"SIP/2.0 403 ")


def test_keys_regenerated_elsewhere_are_unknown_until_the_service_restarts(bench, phone):
    flow = bench.open()
    new = ClusterKeys.create(bench.keys.cluster_id)
    claims = AccessClaims(subject="alice", tid=UUID(int=1), issued_at=bench.now)
    token = mint_access(new, claims)
    assert bench.send(flow, phone.register(token=token)).startswith(b"SIP/2.0 407 ")
    assert bench.events(RegistrarChallenged)[-1].reason == "kid_unknown_signing"
    bench.restart(keys=new.public)
    assert bench.send(bench.open(), phone.register(token=token)).startswith(b"SIP/2.0 200 ")


def test_a_token_may_be_replayed_from_another_connection(bench, phone):
    token = bench.token()
    bench.send(bench.open(), phone.register(token=token))
    phone.port = 40000
    assert bench.send(bench.open(port=40000), phone.register(token=token)).startswith(b"SIP/2.0 200 ")
    first, second = bench.events(RegistrarAccepted)
    assert first.token == second.token
    assert first.token.startswith("sha256:")


def test_no_token_ever_reaches_the_log(bench, phone):
    flow = bench.open()
    tokens = [bench.token(), bench.token(age=7200), bench.token("mallory"), "a-token-that-is-no-jwt-at-all"]
    for token in tokens:
        bench.send(flow, phone.register(token=token))
        bench.send(flow, phone.register(credentials=f"Authorization: Bearer {token}\r\n"))
    shown = repr([record_to_json(record) for record in bench.log.records()])
    for token in tokens:
        assert token not in shown
        assert all(len(part) < 20 or part not in shown for part in token.split("."))
