"""The sign-in, step by step, against scripted answers: whatever goes wrong has its outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import dns.flags
import dns.message
import dns.rrset
import pytest

from simulator.core.actor.flow import Address, Fetch, Fetched, FlowEnd, FlowFacts, OpenFlow, SendData
from simulator.core.entropy import SeededEntropy
from simulator.core.events import SignInFailed, SignInStateChanged
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Instant, ManualClock
from softphone.core.actors.jabber import Jabber
from softphone.core.registration.transitions import IllegalInput
from softphone.core.settings.profile import PhoneProfile
from softphone.core.signin import JabberAccount, SignInState

SECRET_PASSWORD, CODE, REFRESH = "correct horse battery", "code-7f3a9", "refresh-5d1c2"
BASE = "https://ucm-pub.lab.example:8443"
HOME = (
    '<clusterUser version="12.5.1" uri="x"><result found="true" uri="'
    f'{BASE}/cucm-uds/user/alice" version="12.5.1"/></clusterUser>'
)
SSO = (
    '<SSOResult version="1.0"><Response><SingleSignOn/><OAuth><RefreshLoginFlow enabled="{}"/></OAuth>'
    "</Response></SSOResult>"
)
PAGE = (
    '<html><form method="post" action="/ssosp/oauth/authorize"><input type="hidden" name="state" value="x">'
    '<input name="user"><input name="password" type="password"></form></html>'
)
DEVICES = (
    f'<devices><device uri="{BASE}/cucm-uds/user/alice/device/2"><name>TCTALICE</name></device>'
    f'<device uri="{BASE}/cucm-uds/user/alice/device/1"><name>CSFALICE</name></device></devices>'
)
DEVICE = "<device><provision><uri>http://ucm-pub.lab.example:6970/CSFALICE.cnf.xml</uri></provision></device>"


def xml(text: str, status: int = 200) -> Fetched:
    return Fetched(status=status, body=text.encode())


def oauth(status: int = 200, **fields: object) -> Fetched:
    return Fetched(status=status, body=json.dumps(fields).encode())


def tokens(number: int = 1) -> Fetched:
    return oauth(access_token=f"access-{number}", token_type="Bearer", expires_in=3600, refresh_token=REFRESH)


Script = dict[str, Any]
GOOD: Script = {
    "clusterUser": xml(HOME),
    "singleSignOn": xml(SSO.format("true")),
    "authorize": xml(PAGE),
    "login": lambda state: Fetched(
        status=302, headers=(("Location", f"http://127.0.0.1/callback?code={CODE}&state={state}"),)
    ),
    "token": tokens(),
    "devices": xml(DEVICES),
    "device": xml(DEVICE),
}


@dataclass
class Bench:
    script: Script = field(default_factory=lambda: dict(GOOD))
    srv: dict[str, list[str]] = field(
        default_factory=lambda: {"_cisco-uds._tcp.lab.example.": ["10 10 8443 ucm-pub.lab.example."]}
    )
    servers: tuple[Address, ...] = (Address("192.0.2.53", 53),)
    truncate: bool = False
    silent: bool = False

    def __post_init__(self) -> None:
        self.clock = ManualClock(Instant(1_798_790_400.0))
        self.log = EventLog(self.clock)
        self.asked: list[Fetch] = []
        self.dialled: list[str] = []
        self.questions: list[str] = []
        account = JabberAccount(
            domain="lab.example", user="alice", password=SECRET_PASSWORD, name_servers=self.servers
        )
        profile = PhoneProfile(device="jabber", config_urls=("http://x/y",))
        self.jabber = Jabber(
            account,
            profile,
            entropy=SeededEntropy(1),
            journal=self.log.journal(ActorId("jabber")),
            flows=FlowIds(),
        )
        self.flows: dict[int, OpenFlow] = {}

    def start(self) -> Bench:
        self.jabber.start(self.clock.now())
        return self.until_idle()

    def wait(self, seconds: float) -> Bench:
        end = self.clock.now() + seconds
        while (due := self.jabber.next_timeout()) is not None and due <= end:
            self.clock.set(Instant(max(due, self.clock.now())))
            self.jabber.handle_timeout(self.clock.now())
            self.until_idle()
        self.clock.set(Instant(end))
        return self

    def until_idle(self) -> Bench:
        while effects := self.jabber.effects():
            for effect in effects:
                self._carry(effect)
        return self

    @property
    def state(self) -> str:
        return self.jabber.sign_in.state

    @property
    def failures(self) -> list[str]:
        return [event.code for event in self.log.of(SignInFailed)]

    def _carry(self, effect: object) -> None:
        now = self.clock.now()
        match effect:
            case OpenFlow() if effect.transport == "udp" or effect.remote.port == 53:
                self.flows[effect.flow] = effect
                self.dialled.append(f"{effect.transport} {effect.remote}")
                facts = FlowFacts(
                    transport=effect.transport, local=Address("192.0.2.9", 40000), remote=effect.remote
                )
                self.jabber.flow_opened(effect.flow, facts, now)
            case SendData() if effect.flow in self.flows and not self.silent:
                stream = self.flows[effect.flow].transport == "tcp"
                reply = self._names(effect.data[2:] if stream else effect.data, stream)
                self.jabber.flow_data(effect.flow, (len(reply).to_bytes(2) if stream else b"") + reply, now)
            case Fetch():
                self.asked.append(effect)
                if effect.key.startswith("sign-in"):
                    self.jabber.fetched(effect.key, self._answer(effect), now)

    def _names(self, data: bytes, stream: bool) -> bytes:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        name = query.question[0].name.to_text()
        self.questions.append(name)
        if self.truncate and not stream:
            reply.flags |= dns.flags.TC
            return reply.to_wire()
        if name in self.srv:
            reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", "SRV", self.srv[name]))
        return reply.to_wire()

    def _answer(self, fetch: Fetch) -> Fetched:
        parts = urlsplit(fetch.url)
        name = parts.path.rpartition("/")[2]
        if "/device/" in parts.path:
            name = "device"
        if fetch.method == "POST" and name == "authorize":
            name = "login"
        found = self.script[name]
        if name == "login" and callable(found):
            last = next(one for one in reversed(self.asked) if "response_type" in one.url)
            found = found(dict(parse_qsl(urlsplit(last.url).query))["state"])
        result: Fetched = found.pop(0) if isinstance(found, list) else found
        return result


def test_a_sign_in_ends_with_the_first_csf_device_and_its_file() -> None:
    bench = Bench().start()
    assert (bench.state, bench.failures) == ("signed_in", [])
    assert bench.asked[-1].url == "http://ucm-pub.lab.example:6970/CSFALICE.cnf.xml"
    steps = "seeking locating checking opening logging_in redeeming listing provisioning signed_in"
    assert [str(event.new) for event in bench.log.of(SignInStateChanged)] == steps.split()


def test_the_code_is_redeemed_with_the_verifier_of_the_challenge() -> None:
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    bench = Bench().start()
    asked = next(one for one in bench.asked if "code_challenge" in one.url)
    redeemed = next(one for one in bench.asked if one.url.endswith("/ssosp/oauth/token"))
    verifier = dict(parse_qsl(redeemed.body.decode()))["code_verifier"]
    challenge = dict(parse_qsl(urlsplit(asked.url).query))["code_challenge"]
    assert urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode() == challenge


WRONG = [
    ("clusterUser", xml('<clusterUser><result found="false"/></clusterUser>'), "failed", "E_USER_NOT_FOUND"),
    ("clusterUser", xml("<html>a proxy says hello</html>"), "waiting", "E_GARBAGE"),
    ("clusterUser", xml("<!DOCTYPE x []><clusterUser/>"), "waiting", "E_GARBAGE"),
    ("clusterUser", Fetched(failure="no answer within 10 s"), "waiting", "E_UNREACHABLE"),
    ("clusterUser", xml("", 503), "waiting", "E_HTTP_STATUS"),
    ("clusterUser", xml("", 404), "failed", "E_HTTP_STATUS"),
    ("singleSignOn", xml("garbage"), "waiting", "E_GARBAGE"),
    ("authorize", xml("<html>no form</html>"), "waiting", "E_GARBAGE"),
    ("authorize", xml(PAGE.replace('action="', 'action="https://evil.example')), "waiting", "E_GARBAGE"),
    ("authorize", xml("", 400), "failed", "E_HTTP_STATUS"),
    ("login", xml(PAGE), "failed", "E_CREDENTIALS"),
    (
        "login",
        Fetched(status=302, headers=(("Location", "https://evil.example/?code=x"),)),
        "waiting",
        "E_GARBAGE",
    ),
    (
        "login",
        lambda state: Fetched(
            status=302, headers=(("Location", f"http://127.0.0.1/callback?error=access_denied&state={state}"),)
        ),
        "failed",
        "E_AUTHORIZE",
    ),
    (
        "login",
        Fetched(status=302, headers=(("Location", f"http://127.0.0.1/callback?code={CODE}&state=forged"),)),
        "waiting",
        "E_GARBAGE",
    ),
    ("token", oauth(401, error="invalid_client"), "failed", "E_TOKEN_ENDPOINT"),
    ("token", Fetched(status=200, body=b'{"error":INVALID_REQUEST'), "waiting", "E_GARBAGE"),
    ("token", Fetched(status=200, body=b"[" * 100_000), "waiting", "E_GARBAGE"),
    ("token", oauth(access_token="x", expires_in="soon"), "waiting", "E_GARBAGE"),
    ("token", oauth(access_token="x", expires_in=True), "waiting", "E_GARBAGE"),
    ("token", oauth(expires_in=60), "waiting", "E_GARBAGE"),
    ("devices", xml("<devices/>"), "failed", "E_NO_DEVICE"),
    ("devices", xml("", 401), "failed", "E_HTTP_STATUS"),
    ("device", xml("<device/>"), "waiting", "E_GARBAGE"),
    ("device", xml(DEVICE.replace("http:", "file:")), "waiting", "E_GARBAGE"),
]

WRONG_NAMES = [
    "clusterUser knows no such user",
    "clusterUser is a proxy's page",
    "clusterUser has a document type",
    "clusterUser does not answer in time",
    "clusterUser answers 503",
    "clusterUser answers 404",
    "singleSignOn is no XML",
    "the authorize page has no form",
    "the form leads to another server",
    "the authorize page answers 400",
    "the form comes again",
    "the redirect leads to another server",
    "the redirect says access_denied",
    "the redirect has another state",
    "the token endpoint refuses the client",
    "the token answer is no JSON",
    "the token answer is nested too deep",
    "the token answer has a life in words",
    "the token answer has a life that is true",
    "the token answer has no token",
    "the user has no devices",
    "the devices answer 401",
    "the device names no file",
    "the device names a file on disk",
]


@pytest.mark.parametrize(("step", "answer", "state", "code"), WRONG, ids=WRONG_NAMES)
def test_each_wrong_answer_has_its_outcome(step: str, answer: Any, state: str, code: str) -> None:
    bench = Bench()
    bench.script[step] = answer
    bench.start()
    assert (bench.state, bench.failures) == (state, [code])


def test_what_may_pass_is_tried_again_and_then_succeeds() -> None:
    bench = Bench()
    bench.script["singleSignOn"] = [xml("", 503), xml(SSO.format("true"))]
    assert bench.start().state == "waiting"
    assert bench.wait(60).state == "signed_in"


@pytest.mark.parametrize(
    ("srv", "code"),
    [
        pytest.param({}, "E_NO_SRV", id="no records at all"),
        pytest.param({"_cisco-uds._tcp.lab.example.": ["0 0 0 ."]}, "E_NO_SRV", id="service not offered"),
    ],
)
def test_without_srv_records_there_is_no_way_in(srv: dict[str, list[str]], code: str) -> None:
    bench = Bench(srv=srv).start()
    assert (bench.state, bench.failures) == ("failed", [code])


INTERNAL = "_cisco-uds._tcp.cisco-internal.lab.example."


def test_without_records_in_the_domain_cisco_internal_is_asked_before_that_means_outside() -> None:
    edge = {"_collab-edge._tls.lab.example.": ["10 10 8443 expe.lab.example."]}
    bench = Bench(srv={INTERNAL: ["10 10 8443 ucm-pub.lab.example."], **edge}).start()
    assert bench.state == "signed_in"
    assert bench.questions[:3] == ["_cisco-uds._tcp.lab.example.", "_collab-edge._tls.lab.example.", INTERNAL]
    outside = Bench(srv=edge, script={**GOOD, "get_edge_sso": Fetched(failure="refused")}).start()
    assert INTERNAL in outside.questions
    assert [urlsplit(one.url).hostname for one in outside.asked] == ["expe.lab.example"], "through the edge"


def test_with_records_in_the_domain_cisco_internal_is_not_asked() -> None:
    assert INTERNAL not in Bench().start().questions


def test_the_target_of_the_lowest_priority_is_asked_first_then_the_next() -> None:
    records = ["20 1 8443 second.lab.example.", "10 1 8443 first.lab.example."]
    bench = Bench(srv={"_cisco-uds._tcp.lab.example.": records})
    bench.script["clusterUser"] = [Fetched(failure="refused"), xml(HOME)]
    bench.start()
    hosts = [urlsplit(one.url).hostname for one in bench.asked if "clusterUser" in one.url]
    assert (hosts, bench.state) == (["first.lab.example", "second.lab.example"], "signed_in")


def test_a_truncated_answer_is_asked_for_again_over_tcp() -> None:
    bench = Bench(truncate=True).start()
    assert bench.dialled[:3] == ["udp 192.0.2.53:53", "tcp 192.0.2.53:53", "tcp 192.0.2.53:53"]
    assert bench.state == "signed_in"


def test_a_silent_name_server_is_given_up_for_the_next_one() -> None:
    bench = Bench(servers=(Address("192.0.2.53", 53), Address("192.0.2.54", 53)), silent=True).start()
    bench.wait(5.9)
    assert bench.dialled == ["udp 192.0.2.53:53"]
    bench.wait(0.2)
    assert bench.dialled == ["udp 192.0.2.53:53", "udp 192.0.2.54:53"]
    bench.wait(7)
    assert (bench.state, bench.failures) == ("waiting", ["E_NO_NAME_SERVER"])


def test_a_name_server_that_refuses_the_connection_is_skipped_at_once() -> None:
    bench = Bench(servers=(Address("192.0.2.53", 53), Address("192.0.2.54", 53)), silent=True).start()
    flow = next(iter(bench.flows))
    bench.jabber.flow_ended(flow, FlowEnd(by="network", clean=False), bench.clock.now())  # type: ignore[arg-type]
    bench.silent = False
    assert bench.until_idle().state == "signed_in"


def test_without_a_name_server_it_waits_and_says_so() -> None:
    bench = Bench(servers=()).start().wait(1)
    assert (bench.state, bench.failures) == ("waiting", ["E_NO_NAME_SERVER"])


def test_the_access_token_is_renewed_at_75_percent_of_its_life() -> None:
    bench = Bench()
    bench.script["token"] = [tokens(1), tokens(2)]
    bench.start().wait(2699)
    assert sum("/token" in one.url for one in bench.asked) == 1
    bench.wait(2)
    token = bench.jabber.sign_in.current(bench.clock.now())
    assert token is not None
    assert (token.text, bench.state) == ("access-2", "signed_in")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Fetched(failure="no answer within 10 s"), id="slow"),
        pytest.param(xml("", 503), id="down"),
        pytest.param(xml("<html/>"), id="garbage"),
    ],
)
def test_a_renewal_without_a_usable_answer_is_tried_again_after_a_minute(answer: Fetched) -> None:
    bench = Bench()
    bench.script["token"] = [tokens(1), answer, answer, tokens(2)]
    bench.start().wait(2701)
    assert (bench.state, len(bench.failures)) == ("signed_in", 1)
    bench.wait(121)
    token = bench.jabber.sign_in.current(bench.clock.now())
    assert token is not None
    assert (token.text, len(bench.failures)) == ("access-2", 2)


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", "unauthorized_client"])
def test_a_refused_refresh_token_ends_the_session_and_a_new_sign_in_begins_another(error: str) -> None:
    bench = Bench()
    bench.script["token"] = [tokens(1), oauth(400, error=error), tokens(2)]
    bench.start().wait(2701)
    assert (bench.state, bench.failures) == (SignInState.EXPIRED, ["E_SESSION_EXPIRED"])
    assert bench.start().state == "signed_in"


def test_a_token_the_node_refused_is_replaced_at_once_but_a_fresh_one_is_not() -> None:
    bench = Bench()
    bench.script["token"] = [tokens(1), tokens(2)]
    bench.start()
    sign_in = bench.jabber.sign_in
    sign_in.current(bench.clock.now())
    assert sign_in.renewed(bench.clock.now()) is None
    bench.wait(1)
    assert sum("/token" in one.url for one in bench.asked) == 1, "it is ten seconds young"
    bench.wait(20)
    assert sign_in.renewed(bench.clock.now()) is None
    bench.wait(0)
    newer = sign_in.renewed(bench.clock.now())
    assert newer is not None
    assert newer.text == "access-2"


def test_without_refresh_logins_the_token_comes_by_the_implicit_flow_and_cannot_be_renewed() -> None:
    bench = Bench()
    bench.script["singleSignOn"] = xml(SSO.format("false"))
    bench.script["login"] = lambda state: Fetched(
        status=302,
        headers=(("Location", f"http://127.0.0.1/callback#access_token=opaque&expires_in=3600&state={state}"),),
    )
    bench.start()
    assert bench.state == "signed_in"
    assert "response_type=token" in next(one.url for one in bench.asked if "response_type" in one.url)
    assert bench.wait(2701).state == "expired"


def test_starting_twice_is_illegal_and_stopping_never() -> None:
    bench = Bench(silent=True).start()
    with pytest.raises(IllegalInput):
        bench.jabber.start(bench.clock.now())
    bench.jabber.stop(bench.clock.now())
    assert bench.until_idle().state == "signed_out"
    bench.jabber.stop(bench.clock.now())
    bench.silent = False
    assert bench.start().state == "signed_in"


def test_no_secret_is_in_any_event_or_repr() -> None:
    bench = Bench()
    bench.script["token"] = [tokens(1), oauth(400, error="invalid_grant")]
    bench.start().wait(2701)
    told = repr(bench.log.records()) + repr(bench.asked) + repr(bench.jabber.sign_in.account)
    for secret in (SECRET_PASSWORD, CODE, REFRESH, "access-1", "code_verifier", "horse"):
        assert secret not in told
