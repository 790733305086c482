"""UDS as a client meets it: the published documents, who may read them, and any request at all."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from registrar.core.cluster.directory import Device, Directory, User
from registrar.core.ssosp import OpaqueGrant, OpaqueTokens
from registrar.core.ssosp.api_access import ApiAccess
from registrar.core.tokens import (
    MUTATIONS,
    AccessClaims,
    ClusterKeys,
    Forge,
    TokenPolicy,
    TokenValidator,
    mint_access,
    mutate,
)
from registrar.core.tomcat.passwords import UserPasswords
from registrar.core.uds import STANDARD_PROFILE, ProfileTextError, UdsService, UdsSite, render_jabber_config
from simulator.core.entropy import SeededEntropy
from simulator.core.events import UdsAnswered
from simulator.core.events.log import EventLog, record_to_json
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant, ManualClock

CLUSTER = "8d0d5324-f4f0-4b0b-811e-4a59fdb6b722"
NOW = Instant(1_780_000_000.0)
PASSWORD = "correct horse"
CSF, BOT, OTHER = (UUID(int=n) for n in (1, 2, 3))
BASE = "https://ucm-pub.lab.example:8443/cucm-uds"
OPAQUE = "00" * 32


@pytest.fixture(scope="module")
def keys() -> ClusterKeys:
    return ClusterKeys.create(CLUSTER)


class Uds:
    def __init__(self, keys: ClusterKeys, **options: object) -> None:
        self.keys = keys
        self.log = EventLog(ManualClock(NOW))
        self.directory = Directory()
        for user in (User(id="alice"), User(id="bob"), User(id="former", active=False)):
            self.directory.put_user(user)
        profile = "Cisco Unified Client Services Framework - Standard SIP Non-Secure Profile"
        self.directory.put_devices(
            [
                Device(
                    name="CSFALICE", pkid=CSF, profile=profile, owner="alice", description="Jabber \x0b & co"
                ),
                Device(name="BOTALICE", pkid=BOT, profile=profile, associated=("Alice",), model="575"),
                Device(name="CSFBOB", pkid=OTHER, profile=profile, owner="bob"),
            ]
        )
        passwords = UserPasswords(SeededEntropy(1))
        for user_id in ("alice", "bob", "former"):
            passwords.set(user_id, PASSWORD)
        validator = TokenValidator(
            keys.public,
            TokenPolicy(issuer=CLUSTER),
            self.directory.subject_status,
            revoked=lambda tid: tid == REVOKED,
        )
        self.opaque = OpaqueTokens()
        self.opaque.add(OPAQUE, OpaqueGrant(user="alice", client_id="C", expires_at=int(NOW) + 60))
        self.access = ApiAccess(
            self.directory,
            passwords,
            validator,
            opaque=lambda: (OpaqueTokens(), self.opaque),
            has_access=lambda user: user.id != "bob",
        )
        site = UdsSite(
            base=lambda: "https://ucm-pub.lab.example:8443",
            servers=lambda: ("ucm-pub.lab.example", "ucm-sub.lab.example"),
            file_uri=lambda name: f"http://ucm-pub.lab.example:6970/{name}",
            jabber_uri=lambda name: f"https://ucm-pub.lab.example:6972/{name}",
            home="ucm-pub.lab.example",
            domain="lab.example",
            elsewhere={"carol": "ucm.other.example"},
        )
        journal = self.log.journal("uds")  # type: ignore[arg-type]
        self.service = UdsService(self.directory, self.access, site, journal=journal)

    def get(
        self,
        path: str,
        *authorization: str,
        query: tuple[tuple[str, str], ...] = (),
        method: str = "GET",
        now: float = NOW,
    ) -> HttpResponse:
        headers = tuple(("Authorization", value) for value in authorization)
        request = HttpRequest(method=method, path=path, query=query, headers=headers)
        return self.service.handle(request, Instant(now))

    def read(self, path: str, *authorization: str, query: tuple[tuple[str, str], ...] = ()) -> etree._Element:
        response = self.get(path, *authorization, query=query)
        assert response.status == 200, response.body
        return etree.fromstring(response.body)

    @property
    def last(self) -> UdsAnswered:
        return self.log.of(UdsAnswered)[-1]


REVOKED = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def uds(keys: ClusterKeys) -> Uds:
    return Uds(keys)


def basic(user: str, password: str = PASSWORD) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def bearer(keys: ClusterKeys, subject: str = "alice", **claims: object) -> str:
    made = AccessClaims(subject=subject, tid=UUID(int=9), issued_at=NOW, **claims)  # type: ignore[arg-type]
    return "Bearer " + mint_access(keys, made)


def text(root: etree._Element, path: str) -> str | None:
    found = root.find(path)
    return None if found is None else found.text


# --- without credentials --------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [("username", "Alice"), ("email", "alice@LAB.example")])
def test_cluster_user_finds_a_users_home(uds: Uds, query: tuple[str, str]) -> None:
    root = uds.read("/cucm-uds/clusterUser", query=(query,))
    result = root.find("result")
    assert result is not None
    assert (result.get("found"), result.get("uri")) == ("true", f"{BASE}/user/alice")
    home = root.find("homeCluster")
    assert home is not None
    assert (home.text, home.get("serversUri")) == ("ucm-pub.lab.example", f"{BASE}/servers")
    assert text(root, "homeClusterDetails/adminProvisionMode") == "false"


@pytest.mark.parametrize(
    "query",
    [
        ("username", "nobody"),
        ("username", "a\x00\ud800<"),
        ("email", "alice@other.example"),
        ("email", "alice"),
    ],
)
def test_a_user_who_is_not_found_is_no_error(uds: Uds, query: tuple[str, str]) -> None:
    root = uds.read("/cucm-uds/clusterUser", query=(query,))
    assert [(child.tag, dict(child.attrib)) for child in root] == [("result", {"found": "false"})]


def test_a_user_of_another_cluster_is_sent_there(uds: Uds) -> None:
    root = uds.read("/cucm-uds/clusterUser", query=(("username", "carol"),))
    assert text(root, "homeCluster") == "ucm.other.example"


@pytest.mark.parametrize("query", [(), (("username", ""),), (("username", "a"), ("email", "b")), (("x", "y"),)])
def test_cluster_user_needs_exactly_one_parameter(uds: Uds, query: tuple[tuple[str, str], ...]) -> None:
    assert uds.get("/cucm-uds/clusterUser", query=query).status == 400


def test_servers_and_version_need_no_credentials(uds: Uds) -> None:
    servers = uds.read("/cucm-uds/servers")
    assert [item.text for item in servers.findall("server")] == ["ucm-pub.lab.example", "ucm-sub.lab.example"]
    assert text(uds.read("/cucm-uds/version"), "version") == "12.5.1"


def test_the_answer_looks_like_tomcats(uds: Uds) -> None:
    response = uds.get("/cucm-uds/version")
    headers = dict(response.headers)
    assert response.body.startswith(b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>")
    assert headers["Content-Type"] == "application/xml"
    assert headers["Cache-Control"] == "private"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Server"] == ""


# --- with credentials -----------------------------------------------------------------------------------------


def test_a_user_reads_where_the_files_are(uds: Uds) -> None:
    root = uds.read("/cucm-uds/user/ALICE", basic("alice"))
    assert text(root, "serviceProfile/uri") == "http://ucm-pub.lab.example:6970/SPDefault.cnf.xml"
    jabber = f"https://ucm-pub.lab.example:6972/JAB_{STANDARD_PROFILE.id}.cnf.xml"
    assert text(root, "jabberProfile/uri") == jabber
    devices = root.find("devices")
    assert devices is not None
    assert devices.get("uri") == f"{BASE}/user/alice/devices"


def test_a_user_reads_owned_and_associated_devices(uds: Uds) -> None:
    root = uds.read("/cucm-uds/user/alice/devices", basic("alice"))
    assert {(text(d, "name"), text(d, "model"), text(d, "protocol")) for d in root} == {
        ("CSFALICE", "Cisco Unified Client Services Framework", "SIP"),
        ("BOTALICE", "Cisco Dual Mode for Android", "SIP"),
    }
    assert text(root[0], "description") == "Jabber \ufffd & co"
    assert root[0].get("uri") == f"{BASE}/user/alice/device/{CSF}"


def test_a_device_says_where_its_configuration_is(uds: Uds) -> None:
    root = uds.read(f"/cucm-uds/user/alice/device/{CSF}", basic("alice"))
    assert text(root, "provision/uri") == "http://ucm-pub.lab.example:6970/CSFALICE.cnf.xml"


@pytest.mark.parametrize("pkid", [str(OTHER), str(UUID(int=99)), "CSFALICE", "%00"])
def test_a_device_that_is_not_the_users_is_not_found(uds: Uds, pkid: str) -> None:
    assert uds.get(f"/cucm-uds/user/alice/device/{pkid}", basic("alice")).status == 404


def test_a_good_token_is_as_good_as_a_password(uds: Uds) -> None:
    assert len(uds.read("/cucm-uds/user/alice/devices", bearer(uds.keys))) == 2
    assert (uds.last.user, uds.last.how) == ("alice", "bearer")
    assert len(uds.read("/cucm-uds/user/alice/devices", f"bearer {OPAQUE}")) == 2
    assert uds.last.how == "opaque"


REFUSED = [
    pytest.param((), 401, "credentials_absent", id="no credentials"),
    pytest.param((basic("alice", "guess"),), 401, "credentials_wrong", id="wrong password"),
    pytest.param((basic("nobody"),), 401, "credentials_wrong", id="unknown user"),
    pytest.param((basic("former"),), 401, "user_inactive", id="inactive user"),
    pytest.param((basic("bob"),), 403, "no_access", id="a user without the role"),
    pytest.param(("Basic !",), 401, "credentials_malformed", id="Basic that is not base64"),
    pytest.param(("Digest x",), 401, "credentials_malformed", id="another scheme"),
    pytest.param(("Bearer",), 401, "credentials_malformed", id="Bearer without token"),
    pytest.param((basic("alice"), basic("alice")), 400, "credentials_malformed", id="two Authorization fields"),
    pytest.param(("Bearer x",), 401, "malformed_segments", id="a token that is none"),
]


@pytest.mark.parametrize(("authorization", "status", "reason"), REFUSED)
def test_whoever_may_not_read_is_told_so_with_the_realm(
    uds: Uds, authorization: tuple[str, ...], status: int, reason: str
) -> None:
    response = uds.get("/cucm-uds/user/alice/devices", *authorization)
    assert (response.status, uds.last.reason) == (status, reason)
    challenge = dict(response.headers).get("WWW-Authenticate", "")
    assert ('realm="Cisco Web Services Realm"' in challenge) is (status == 401)


def test_nobody_reads_another_user(uds: Uds) -> None:
    response = uds.get("/cucm-uds/user/former", basic("alice"))
    assert (response.status, uds.last.reason) == (403, "another_user")


CHECK_ORDER = [
    pytest.param(lambda keys: bearer(ClusterKeys.create(CLUSTER)), "kid_unknown_signing", id="1 signature"),
    pytest.param(lambda keys: bearer(keys.with_new_encryption()), "kid_unknown_encryption", id="2 decryption"),
    pytest.param(lambda keys: bearer(keys, lifetime=0), "expired", id="2 expiry"),
    pytest.param(lambda keys: bearer(keys, "former"), "subject_inactive", id="3 the user is active"),
    pytest.param(lambda keys: bearer(keys, "bob"), "no_access", id="4 the user has access"),
    pytest.param(
        lambda keys: bearer(keys, "CSFALICE", principal="device"), "no_access", id="4 a device's token"
    ),
]


@pytest.mark.parametrize(("token", "reason"), CHECK_ORDER)
def test_each_of_ucms_checks_must_be_met(uds: Uds, token: Callable[[ClusterKeys], str], reason: str) -> None:
    assert uds.get("/cucm-uds/user/alice", token(uds.keys)).status in (401, 403)
    assert uds.last.reason == reason


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_the_api_refuses_whatever_the_registrar_refuses(uds: Uds, name: str) -> None:
    forge = Forge(
        uds.keys,
        AccessClaims(subject="alice", tid=UUID(int=9), issued_at=NOW),
        NOW,
        attacker=ATTACKER,
        other_subject="bob",
    )
    token = mutate(name, forge)
    for accept_expired in (False, True):
        uds.access.accept_expired = accept_expired
        response = uds.get("/cucm-uds/user/alice", f"Bearer {token}")
        refused = response.status in (400, 401, 403)
        expected = MUTATIONS[name].problem
        if accept_expired and expected.value == "expired":
            assert response.status == 200
        elif expected.value == "subject_device_mismatch":
            assert response.status == 403, "alice's token does not show bob's data, nor bob's token hers"
        else:
            assert refused, name
    assert token == "" or token not in json.dumps([record_to_json(record) for record in uds.log])


ATTACKER = ClusterKeys.create(CLUSTER)


def test_defect_cscvn48876_accepts_an_expired_token_and_nothing_else(uds: Uds) -> None:
    path, token = "/cucm-uds/user/alice", bearer(uds.keys)
    assert uds.get(path, token, now=NOW + 3600).status == 401
    uds.access.accept_expired = True
    assert uds.get(path, token, now=NOW + 3600).status == 200
    assert uds.get("/cucm-uds/user/former", bearer(uds.keys, "former"), now=NOW + 3600).status == 401
    assert uds.get(path, token[:-4] + "AAAA", now=NOW + 3600).status == 401


def test_an_opaque_token_ends_with_its_time(uds: Uds) -> None:
    assert uds.get("/cucm-uds/user/alice", f"Bearer {OPAQUE}", now=NOW + 60).status == 401


# --- paths and methods ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/cucm-uds",
        "/cucm-uds/",
        "/cucm-uds/user",
        "/cucm-uds/user/alice/",
        "/cucm-uds/user/a%2Flice",
        "/cucm-uds/user/%zz",
        "/cucm-uds/user/%ff",
        "/cucm-uds/../cucm-uds/version",
        "/CUCM-UDS/version",
        "/cucm-uds/user/alice/devices/x",
    ],
)
def test_other_paths_are_not_found(uds: Uds, path: str) -> None:
    assert uds.get(path, basic("alice")).status == 404


def test_only_reading_is_allowed(uds: Uds) -> None:
    assert uds.get("/cucm-uds/version", method="HEAD").body == b""
    for method in ("PUT", "POST", "DELETE"):
        assert uds.get("/cucm-uds/version", method=method).status == 405


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.text(st.characters(codec=None))
    | st.lists(
        st.sampled_from(
            ["cucm-uds", "user", "alice", "devices", "clusterUser", "%", "%2e%2e", "\ud800", str(CSF)]
        )
    ).map(lambda parts: "/" + "/".join(parts)),
    query=st.lists(
        st.tuples(st.sampled_from(["username", "email", "x"]), st.text(st.characters(codec=None))), max_size=2
    ).map(tuple),
    authorization=st.sampled_from([(), (basic("alice"),)])
    | st.text(st.characters(codec=None)).map(lambda t: (t,)),
)
def test_any_request_gets_a_valid_answer(
    uds: Uds, path: str, query: tuple[tuple[str, str], ...], authorization: Iterable[str]
) -> None:
    response = uds.get(path, *authorization, query=query)
    assert response.status in (200, 400, 401, 403, 404)
    if response.status == 200:
        etree.fromstring(response.body)
    assert all(value.isascii() and value.isprintable() for _, value in response.headers)
    json.dumps([record_to_json(record) for record in uds.log]).encode()


def test_no_credential_is_in_any_event(uds: Uds) -> None:
    token = bearer(uds.keys)
    for value in (basic("alice"), basic("alice", "mistaken-guess"), token, f"Bearer {OPAQUE}", token + "x"):
        uds.get("/cucm-uds/user/alice", value)
    uds.get(f"/cucm-uds/user/{token.removeprefix('Bearer ')}")
    records = json.dumps([record_to_json(record) for record in uds.log])
    for secret in (PASSWORD, "mistaken-guess", token.removeprefix("Bearer ")[:60], OPAQUE):
        assert secret not in records


# --- profiles -------------------------------------------------------------------------------------------------


def test_jabber_config_has_its_published_frame() -> None:
    body = render_jabber_config({"Client": {"PrtLogServerUrl": "https://x?a=1&b=2"}, "Phone": {}})
    root = etree.fromstring(body)
    assert (root.tag, root.get("version"), [child.tag for child in root]) == (
        "config",
        "1.0",
        ["Client", "Phone"],
    )
    assert text(root, "Client/PrtLogServerUrl") == "https://x?a=1&b=2"


def test_a_profile_has_the_files_that_uds_names() -> None:
    files = STANDARD_PROFILE.files()
    assert list(files) == ["SPDefault.cnf.xml", f"JAB_{STANDARD_PROFILE.id}.cnf.xml", "jabber-config.xml"]
    for body in files.values():
        etree.fromstring(body)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"a b": {}}, "'a b' cannot be the name"),
        ({"Client": {"<x>": "1"}}, "cannot be the name"),
        ({"Client": {"Key": "\x00"}}, "Key: character U[+]0000"),
    ],
)
def test_what_no_xml_can_hold_is_named(sections: dict[str, dict[str, str]], message: str) -> None:
    with pytest.raises(ProfileTextError, match=message):
        render_jabber_config(sections)
