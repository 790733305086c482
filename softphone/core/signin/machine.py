"""The sign-in as a machine: sorts answers into inputs, runs the table, keeps tokens and timers.

A part of an actor (`softphone.core.jabber`), which gives it what arrives and takes its effects; it is also
the phone's `TokenSource`: it renews ahead of time by itself, and at once when a node refused a token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from simulator.core.entropy import Entropy
from simulator.core.eventlog import Journal
from simulator.core.events import SignInFailed, SignInStateChanged, SignInStepAnswered, TokenRenewed
from simulator.core.flow import Effect, Fetch, Fetched, FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.sip.timing import IllegalInput
from softphone.core.backoff import Backoff
from softphone.core.config_problems import ConfigError
from softphone.core.outfit import ClientTlsFor
from softphone.core.profile import AccessToken, RenewsItself
from softphone.core.signin import requests
from softphone.core.signin.account import Account
from softphone.core.signin.documents import (
    Garbage,
    Home,
    Refusal,
    Tokens,
    read_devices,
    read_form,
    read_home,
    read_oauth_error,
    read_provision,
    read_redirect,
    read_refresh_flow,
    read_tokens,
)
from softphone.core.signin.name_lookup import NameLookup, Target
from softphone.core.signin.transitions import (
    SIGN_IN_TRANSITIONS,
    SignInAction,
    SignInInput,
    SignInState,
)

RENEW_AT = 0.75
"""Part of a token's life after which the client asks for a new one. [documented: SEC15]"""
RENEW_AGAIN = 60.0
"""Seconds after a renewal that got no usable answer. [assumed]"""
FRESH = 10.0
"""Seconds in which a refused token is not exchanged for another: that would fare no better. [assumed]"""

S, I = SignInState, SignInInput  # noqa: E741


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What the phone needs to begin."""

    device: str
    config_url: str


class _Trouble(Exception):
    """No usable answer; the next one may be better."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class SignIn(RenewsItself):
    def __init__(
        self,
        account: Account,
        *,
        entropy: Entropy,
        journal: Journal,
        flows: FlowIds,
        client_tls: ClientTlsFor,
        signed_in: Callable[[SignedIn, Instant], None],
        signed_out: Callable[[Instant], None],
        renewed: Callable[[Instant], None],
    ) -> None:
        """`signed_in` takes over; `signed_out`: the session is over; `renewed`: a wanted token came."""
        self.account = account
        self.out: list[Effect] = []
        self.state = S.SIGNED_OUT
        self.last_failure: SignInFailed | None = None
        self._entropy = entropy
        self._journal = journal
        self._client_tls = client_tls
        self._signed_in, self._signed_out, self._renewed_now = signed_in, signed_out, renewed
        self.names = NameLookup(account.name_servers, entropy=entropy.child("dns"), flows=flows, out=self.out)
        self._backoff = Backoff(entropy.child("sign-in backoff"))
        self._due: dict[SignInInput, Instant] = {}
        self._count = 0
        self._key: str | None = None
        self._url = ""
        self._uds = f"_cisco-uds._tcp.{account.domain}", "SRV"
        self._edge = f"_collab-edge._tls.{account.domain}", "SRV"
        self._targets: tuple[Target, ...] = ()
        self._place = 0
        self._home: Home | None = None
        self._refresh_flow = True
        self._attempt = requests.Attempt(verifier="", state="")
        self._device = ""
        self._refresh: str | None = None
        self._held: AccessToken | None = None
        self._held_since = Instant(0.0)
        self._shown: str = ""
        self._wanted = False
        self._asked_addresses = False

    # --- control ------------------------------------------------------------------------------------------

    def start(self, now: Instant) -> None:
        """IllegalInput: it is signing in, or signed in, already."""
        self._feed(I.START, None, now)

    def stop(self, now: Instant) -> None:
        self._feed(I.STOP, None, now)

    # --- TokenSource --------------------------------------------------------------------------------------

    def current(self, now: Instant) -> AccessToken | None:
        self._shown = "" if self._held is None else self._held.text
        return self._held

    def renewed(self, now: Instant) -> AccessToken | None:
        """A token the phone has not seen yet; otherwise None, and one is asked for."""
        if self._held is not None and self._held.text != self._shown:
            return self.current(now)
        if self.state is S.SIGNED_IN and now - self._held_since >= FRESH:
            self._wanted = True
            self._due[I.TOKEN_WANTED] = now
        return None

    # --- what arrives -------------------------------------------------------------------------------------

    def owns(self, flow: FlowId) -> bool:
        return self.names.owns(flow)

    def flow_opened(self, flow: FlowId, now: Instant) -> None:
        self.names.opened(flow, now)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        self.names.received(flow, data, now)
        self._look_at_names(now)

    def flow_ended(self, flow: FlowId, now: Instant) -> None:
        self.names.lost(flow, now)
        self._look_at_names(now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> bool:
        """False: not an answer to this sign-in."""
        if not key.startswith("sign-in-"):
            return False
        if key != self._key:
            return True
        self._key = None
        state = self.state
        try:
            found = self._read(result)
        except (_Trouble, Garbage, ConfigError) as problem:
            code = problem.code if isinstance(problem, _Trouble) else "E_GARBAGE"
            self._note(state, result, str(code), str(problem))
            self._feed(I.TROUBLE, (str(code), self._told(str(problem))), now)
        except Refusal as refusal:
            self._note(state, result, refusal.code, refusal.detail)
            over = state is S.RENEWING and refusal.error == "invalid_grant"
            given = I.SESSION_OVER if over else I.REFUSED
            self._feed(given, (refusal.code, self._told(refusal.detail)), now)
        else:
            self._note(state, result, "", "")
            self._feed(I.ANSWERED, found, now)
        return True

    def next_timeout(self) -> Instant | None:
        dues = list(self._due.values())
        if (due := self.names.next_timeout()) is not None:
            dues.append(due)
        return min(dues, default=None)

    def handle_timeout(self, now: Instant) -> None:
        if (due := self.names.next_timeout()) is not None and due <= now:
            self.names.handle_timeout(now)
            self._look_at_names(now)
        while self._due:
            given, at = min(self._due.items(), key=lambda item: item[1])
            if at > now:
                return
            del self._due[given]
            self._feed(given, None, now)

    # --- reading answers ----------------------------------------------------------------------------------

    def _look_at_names(self, now: Instant) -> None:
        if self.state is not S.SEEKING or not self.names.done:
            return
        targets = self.names.targets(self._uds)
        if targets:
            self._targets = targets
        missing = [t.host for t in self._targets if t.host not in self.names.addresses and not _literal(t.host)]
        if self._targets and missing and not self._asked_addresses:
            self._asked_addresses = True
            self.names.ask(tuple((host, "A") for host in dict.fromkeys(missing)), now)
        elif self._targets:
            first = self._targets[0]
            self._note_names("", f"{len(self._targets)} x _cisco-uds, first {first.host}:{first.port}")
            self._feed(I.ANSWERED, None, now)
        elif self.names.unanswered:
            self._note_names("E_NO_NAME_SERVER", "no name server gave an answer")
            self._feed(I.TROUBLE, ("E_NO_NAME_SERVER", "no name server gave an answer"), now)
        elif self.names.targets(self._edge):
            detail = f"{self.account.domain} has only _collab-edge records: this client is outside"
            self._note_names("E_OUTSIDE", detail)
            self._feed(I.REFUSED, ("E_OUTSIDE", detail), now)
        else:
            detail = f"{self.account.domain} has neither _cisco-uds nor _collab-edge records"
            self._note_names("E_NO_SRV", detail)
            self._feed(I.REFUSED, ("E_NO_SRV", detail), now)

    def _read(self, result: Fetched) -> object:
        """What the state waits for. Raises _Trouble, Garbage, ConfigError, Refusal."""
        status, body = result.status, result.body
        if status is None:
            raise _Trouble("E_UNREACHABLE", result.failure or "no answer")
        if status >= 500 or status == 429:
            raise _Trouble("E_HTTP_STATUS", f"answered {status}")
        match self.state:
            case S.LOCATING:
                self._want(status, 200)
                return read_home(body, self.account.user)
            case S.CHECKING:
                self._want(status, 200)
                return read_refresh_flow(body)
            case S.OPENING:
                self._want(status, 200)
                return read_form(body, self._url)
            case S.LOGGING_IN:
                return self._read_login(result)
            case S.REDEEMING | S.RENEWING:
                return self._read_tokens(status, body)
            case S.LISTING:
                self._want(status, 200)
                return self._choice(read_devices(body))
            case _:
                self._want(status, 200)
                return read_provision(body)

    def _want(self, status: int, wanted: int) -> None:
        if status != wanted:
            raise Refusal("E_HTTP_STATUS", f"answered {status}")

    def _read_login(self, result: Fetched) -> object:
        if result.status == 200:  # the form again
            raise Refusal("E_CREDENTIALS", "the user name or the password is wrong")
        self._want(result.status or 0, 302)
        location = next((value for name, value in result.headers if name.lower() == "location"), "")
        found = read_redirect(location, self.account.redirect_uri, self._attempt.state)
        if self._refresh_flow:
            if not found.get("code"):
                raise Garbage("redirected without a code")
            return found["code"]
        life = found.get("expires_in", "")
        if not found.get("access_token") or not life.isdigit():
            raise Garbage("redirected without a token")
        return Tokens(access=found["access_token"], expires_in=float(life))

    def _read_tokens(self, status: int, body: bytes) -> Tokens:
        if status == 200:
            return read_tokens(body)
        error = read_oauth_error(body)
        raise Refusal("E_TOKEN_ENDPOINT", f"answered {status} {error}".rstrip(), error=error)

    def _choice(self, devices: tuple[tuple[str, str], ...]) -> tuple[str, str]:
        wanted = self.account.device
        mine = [one for one in devices if wanted is None or one[0].casefold() == wanted.casefold()]
        mine.sort(key=lambda one: not one[0].startswith("CSF"))  # stable: the first of those
        if not mine:
            which = "no device" if wanted is None else f"no device {wanted}"
            raise Refusal("E_NO_DEVICE", f"{which} belongs to {self.account.user}")
        return mine[0]

    # --- inputs -------------------------------------------------------------------------------------------

    def _feed(self, given: SignInInput, payload: object, now: Instant) -> None:
        old = self.state
        transition = SIGN_IN_TRANSITIONS.get((old, given))
        if transition is None:
            raise IllegalInput(old, given)
        new = _ACTIONS[transition.action](self, payload, now)
        if new not in transition.to:
            raise IllegalInput(f"{old} to {new}", given)
        self.state = new
        if new is not old:
            self._journal.add(SignInStateChanged(old=old, new=new, why=given))
        if new is S.SIGNED_IN and old is S.PROVISIONING:
            self._signed_in(SignedIn(device=self._device, config_url=str(payload)), now)
        elif new is S.EXPIRED:
            self._signed_out(now)
        elif given is I.ANSWERED and old is S.RENEWING and self._wanted:
            self._wanted = False
            self._renewed_now(now)

    # --- actions ------------------------------------------------------------------------------------------

    def _seek(self, _payload: object, now: Instant) -> SignInState:
        self._forget()
        self._held = None
        self._asked_addresses = False
        if self.account.name_servers:
            self.names.ask((self._uds, self._edge), now)
        else:
            self._due[I.TROUBLE] = now  # nobody to ask
        return S.SEEKING

    def _locate(self, _payload: object, now: Instant) -> SignInState:
        self._get(f"{self._server}/cucm-uds/clusterUser", query=(("username", self.account.user),))
        return S.LOCATING

    def _check(self, home: object, now: Instant) -> SignInState:
        assert isinstance(home, Home)
        self._home = home
        self._get(f"{home.base}/ssosp/ws/public/singleSignOn")
        return S.CHECKING

    def _open(self, refresh_flow: object, now: Instant) -> SignInState:
        assert self._home is not None
        self._refresh_flow = bool(refresh_flow)
        self._attempt = requests.new_attempt(self._entropy)
        query = requests.authorize(self.account, self._attempt, code=self._refresh_flow)
        self._get(f"{self._home.base}/ssosp/oauth/authorize", query=query)
        return S.OPENING

    def _log_in(self, form: object, now: Instant) -> SignInState:
        action, fields = requests.login(form, self.account)
        self._post(action, fields)
        return S.LOGGING_IN

    def _redeem(self, found: object, now: Instant) -> SignInState:
        if isinstance(found, Tokens):
            return self._take_tokens(found, now)
        assert self._home is not None
        fields = requests.redeem(self.account, self._attempt, str(found))
        self._post(self._home.base + self.account.token_path, fields)
        return S.REDEEMING

    def _take_tokens(self, tokens: object, now: Instant) -> SignInState:
        assert self._home is not None
        self._keep(tokens, now)
        self._get(f"{self._home.base}/cucm-uds/user/{self._home.user}/devices", token=True)
        return S.LISTING

    def _choose(self, choice: object, now: Instant) -> SignInState:
        assert isinstance(choice, tuple)
        self._device, uri = choice
        self._get(uri, token=True)
        return S.PROVISIONING

    def _hand_over(self, _uri: object, now: Instant) -> SignInState:
        self._backoff.reset()
        return S.SIGNED_IN

    def _renew(self, _payload: object, now: Instant) -> SignInState:
        assert self._home is not None
        if self._refresh is None:
            return self._end_session(("E_NO_REFRESH_TOKEN", "there is no refresh token"), now)
        self._due.pop(I.RENEWAL_DUE, None)
        self._due.pop(I.TOKEN_WANTED, None)
        self._post(self._home.base + self.account.token_path, requests.refresh(self.account, self._refresh))
        return S.RENEWING

    def _take_renewed(self, tokens: object, now: Instant) -> SignInState:
        self._keep(tokens, now)
        assert isinstance(tokens, Tokens)
        self._journal.add(TokenRenewed(expires_in=int(tokens.expires_in)))
        return S.SIGNED_IN

    def _renew_later(self, problem: object, now: Instant) -> SignInState:
        self._fail(problem)
        self._due[I.RENEWAL_DUE] = Instant(now + RENEW_AGAIN)
        return S.SIGNED_IN

    def _try_again(self, problem: object, now: Instant) -> SignInState:
        """The next of the servers that SRV named, from the beginning; after the last one, wait."""
        self._fail(problem or ("E_NO_NAME_SERVER", "no name server is known"))
        if self.state is not S.SEEKING and self._place + 1 < len(self._targets):
            self._place += 1
            return self._locate(None, now)
        self._due[I.RETRY_DUE] = Instant(now + self._backoff.next_delay())
        return S.WAITING

    def _give_up(self, problem: object, now: Instant) -> SignInState:
        self._fail(problem)
        self._forget()
        return S.FAILED

    def _end_session(self, problem: object, now: Instant) -> SignInState:
        """Jabber signs out: "Your session is expired". [documented: oauth-tokens 4]"""
        assert isinstance(problem, tuple)
        self._fail(("E_SESSION_EXPIRED", f"{problem[0]}: {problem[1]}"))
        self._forget()
        return S.EXPIRED

    def _sign_out(self, _payload: object, now: Instant) -> SignInState:
        self._forget()
        self._backoff.reset()
        return S.SIGNED_OUT

    def _nothing(self, _payload: object, now: Instant) -> SignInState:
        return self.state

    # --- parts --------------------------------------------------------------------------------------------

    def _keep(self, tokens: object, now: Instant) -> None:
        assert isinstance(tokens, Tokens)
        self._held = AccessToken(tokens.access, Instant(now + tokens.expires_in))
        self._held_since = now
        self._refresh = tokens.refresh or self._refresh
        self._due[I.RENEWAL_DUE] = Instant(now + RENEW_AT * tokens.expires_in)

    def _forget(self) -> None:
        """All but the access token: the phone needs it once more, to unregister."""
        self.names.cancel()
        self._due.clear()
        self._key = self._refresh = self._home = None
        self._targets, self._place, self._wanted, self._shown = (), 0, False, ""
        self._attempt = requests.Attempt(verifier="", state="")

    @property
    def _server(self) -> str:
        target = self._targets[self._place]
        return f"https://{target.host}:{target.port}"

    def _get(self, url: str, *, query: requests.Fields = (), token: bool = False) -> None:
        headers: tuple[tuple[str, str], ...] = ()
        if token and self._held is not None:
            headers = (("Authorization", f"Bearer {self._held.text}"),)
        self._ask("GET", url + requests.query_text(query), headers, b"")

    def _post(self, url: str, fields: requests.Fields) -> None:
        headers = (("Content-Type", "application/x-www-form-urlencoded"),)
        self._ask("POST", url, headers, requests.form_text(fields))

    def _ask(self, method: str, url: str, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        self._count += 1
        self._key, self._url = f"sign-in-{self._count}", url
        self.out.append(
            Fetch(
                key=self._key,
                url=url,
                method=method,
                headers=headers,
                body=body,
                redirects=False,
                tls=self._client_tls(""),
            )
        )

    def _told(self, problem: str) -> str:
        parts = urlsplit(self._url)
        return f"{parts.hostname}:{parts.port} {parts.path}: {problem}"

    def _note(self, state: SignInState, result: Fetched, code: str, detail: str) -> None:
        parts = urlsplit(self._url)
        where = f"{parts.hostname}:{parts.port}{parts.path}"
        self._journal.add(
            SignInStepAnswered(step=state, where=where, status=result.status, problem=code, detail=detail)
        )

    def _note_names(self, code: str, detail: str) -> None:
        event = SignInStepAnswered(
            step=self.state, where=self._uds[0], status=None, problem=code, detail=detail
        )
        self._journal.add(event)

    def _fail(self, problem: object) -> None:
        assert isinstance(problem, tuple)
        self.last_failure = SignInFailed(code=problem[0], detail=problem[1])
        self._journal.add(self.last_failure)


def _literal(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


_ACTIONS: Final[Mapping[SignInAction, Callable[[SignIn, object, Instant], SignInState]]] = MappingProxyType(
    {
        SignInAction.SEEK: SignIn._seek,
        SignInAction.LOCATE: SignIn._locate,
        SignInAction.CHECK: SignIn._check,
        SignInAction.OPEN: SignIn._open,
        SignInAction.LOG_IN: SignIn._log_in,
        SignInAction.REDEEM: SignIn._redeem,
        SignInAction.TAKE_TOKENS: SignIn._take_tokens,
        SignInAction.CHOOSE: SignIn._choose,
        SignInAction.HAND_OVER: SignIn._hand_over,
        SignInAction.RENEW: SignIn._renew,
        SignInAction.RENEWED: SignIn._take_renewed,
        SignInAction.TRY_AGAIN: SignIn._try_again,
        SignInAction.RENEW_LATER: SignIn._renew_later,
        SignInAction.GIVE_UP: SignIn._give_up,
        SignInAction.END_SESSION: SignIn._end_session,
        SignInAction.SIGN_OUT: SignIn._sign_out,
        SignInAction.NOTHING: SignIn._nothing,
    }
)
