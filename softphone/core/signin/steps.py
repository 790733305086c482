"""What the sign-in does: one method for each action of its table, returning the state it leads to.

Whether an action may happen now is the table's business, and who calls it is `machine`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.actor.flow import Effect
from simulator.core.entropy import Entropy
from simulator.core.events import SignInFailed, TokenRenewed
from simulator.core.events.log import Journal
from simulator.core.ids import FlowIds
from simulator.core.instant import Instant
from softphone.core.settings.backoff import Backoff
from softphone.core.settings.profile import EdgeServer
from softphone.core.signin import requests
from softphone.core.signin.account import JabberAccount
from softphone.core.signin.answers import EdgeAnswer
from softphone.core.signin.discovery import Discovery, Servers
from softphone.core.signin.documents import Home, Tokens
from softphone.core.signin.http_requests import HttpRequests
from softphone.core.signin.name_lookup import NameLookup
from softphone.core.signin.session import SignInSession
from softphone.core.signin.transitions import SignInInput, SignInState
from softphone.core.signin.uds_entry_points import DIRECT, UdsEntryPoints

RENEW_AGAIN = 60.0
"""Seconds after a renewal that got no usable answer. [assumed]"""

S, I = SignInState, SignInInput  # noqa: E741


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What the phone needs to begin, found by a sign-in."""

    device: str
    config_urls: tuple[str, ...]
    """Of its file: one, or outside one through each edge."""
    edges: tuple[EdgeServer, ...] = ()
    """Empty: the phone is inside."""


class Steps:
    """The state of the sign-in, and one method for each action."""

    def __init__(
        self,
        account: JabberAccount,
        *,
        entropy: Entropy,
        journal: Journal,
        flows: FlowIds,
        http: HttpRequests,
        out: list[Effect],
    ) -> None:
        self.state = S.SIGNED_OUT
        self.due: dict[SignInInput, Instant] = {}
        """Timers that run: the input each will become, and when."""
        self.last_failure: SignInFailed | None = None
        self.names = NameLookup(account.name_servers, entropy=entropy.child("dns"), flows=flows, out=out)
        self.discovery = Discovery(account.domain, self.names)
        self.session = SignInSession()
        self.refresh_flow = True
        self.attempt = requests.SignInSecrets(verifier="", state="")
        self._account, self._entropy, self._journal, self._http = account, entropy, journal, http
        self._entry_points = UdsEntryPoints(account.domain)
        self._backoff = Backoff(entropy.child("sign-in backoff"))
        self._home: Home | None = None
        self._device = ""

    def result(self, config_url: str) -> SignedIn:
        """Return what was found, with `config_url` by each route."""
        return SignedIn(
            device=self._device,
            config_urls=tuple(route.url(config_url) for route in self._entry_points.routes),
            edges=self._entry_points.servers,
        )

    # --- finding a way in ---------------------------------------------------------------------------------

    def seek(self, _payload: object, now: Instant) -> SignInState:
        """Ask for the SRV records."""
        self._forget()
        self.session.held = None
        if self._account.name_servers:
            self.discovery.begin(now)
        else:
            self.due[I.TROUBLE] = now  # nobody to ask
        return S.SEEKING

    def begin(self, servers: object, now: Instant) -> SignInState:
        """Ask the first server that was found: UDS inside, an edge outside."""
        assert isinstance(servers, Servers)
        if servers.outside:
            self._entry_points.outside(servers.targets)
            return self._enter()
        self._entry_points.inside(servers.targets)
        return self._locate()

    def _enter(self) -> SignInState:
        account = self._account
        email = account.user if "@" in account.user else f"{account.user}@{account.domain}"
        self._http.ask_edge(self._entry_points.edge, "get_edge_sso", (("email", email),))
        return S.ENTERING

    def equip(self, _by_token: object, now: Instant) -> SignInState:
        """Ask the edge for its configuration, with the user's credentials. [documented: device-config 4.8]"""
        services = (("service_name", "_cisco-uds"), ("service_name", "_cuplogin"))
        basic = (requests.basic(self._account),)
        self._http.ask_edge(self._entry_points.edge, "get_edge_config", services, basic)
        return S.EQUIPPING

    def take_edge(self, equipped: object, now: Instant) -> SignInState:
        """Keep what the edge said, and ask the next edge, or UDS after the last one."""
        assert isinstance(equipped, tuple)
        found: EdgeAnswer = equipped
        self._entry_points.add(found)
        return self.equip(None, now) if self._entry_points.next_edge() else self._locate()

    def skip_edge(self, problem: object, now: Instant) -> SignInState:
        """Do without this edge; after the last one without any, wait or fail."""
        assert isinstance(problem, tuple)
        self._fail(problem)
        # A password that one edge did not take is not carried to the others.
        refused = problem[0] == "E_CREDENTIALS" and not self._entry_points
        if not refused and self._entry_points.next_edge():
            return self.equip(None, now)
        if self._entry_points:
            return self._locate()
        if problem[0] in ("E_CREDENTIALS", "E_EDGE_REFUSED"):
            self._forget()
            return S.FAILED
        return self._wait(now)

    def _locate(self) -> SignInState:
        entry = self._entry_points.current
        self._http.route = entry.route
        query = (("username", self._account.user),)
        self._http.get(f"{entry.uds}/cucm-uds/clusterUser", query=query)
        return S.LOCATING

    def try_again(self, problem: object, now: Instant) -> SignInState:
        """Begin again at the next server; after the last one, wait."""
        self._fail(problem or ("E_NO_NAME_SERVER", "no name server is known"))
        if self.state is S.ENTERING and self._entry_points.next_edge():
            return self._enter()
        if self.state not in (S.SEEKING, S.ENTERING) and self._entry_points.next():
            return self._locate()
        return self._wait(now)

    def _wait(self, now: Instant) -> SignInState:
        self.due[I.RETRY_DUE] = Instant(now + self._backoff.next_delay())
        return S.WAITING

    # --- tokens -------------------------------------------------------------------------------------------

    def check(self, home: object, now: Instant) -> SignInState:
        """Ask the home cluster how one signs in there."""
        assert isinstance(home, Home)
        self._home = home
        self._http.get(f"{home.base}/ssosp/ws/public/singleSignOn")
        return S.CHECKING

    def open(self, refresh_flow: object, now: Instant) -> SignInState:
        """Ask for the authorize page."""
        assert self._home is not None
        self.refresh_flow = bool(refresh_flow)
        self.attempt = requests.new_attempt(self._entropy)
        query = requests.authorize(self._account, self.attempt, code=self.refresh_flow)
        self._http.get(f"{self._home.base}/ssosp/oauth/authorize", query=query)
        return S.OPENING

    def log_in(self, form: object, now: Instant) -> SignInState:
        """Send the login form."""
        action, fields = requests.login(form, self._account)
        self._http.post(action, fields)
        return S.LOGGING_IN

    def redeem(self, found: object, now: Instant) -> SignInState:
        """Turn the code into tokens; without refresh logins they are there already."""
        if isinstance(found, Tokens):
            return self.take_tokens(found, now)
        assert self._home is not None
        fields = requests.redeem(self._account, self.attempt, str(found))
        self._http.post(self._home.base + self._account.token_path, fields)
        return S.REDEEMING

    def take_tokens(self, tokens: object, now: Instant) -> SignInState:
        """Keep the tokens, and ask for the user's devices."""
        assert self._home is not None
        self._keep(tokens, now)
        url = f"{self._home.base}/cucm-uds/user/{self._home.user}/devices"
        self._http.get(url, more=self.session.bearer)
        return S.LISTING

    def renew(self, _payload: object, now: Instant) -> SignInState:
        """Use the refresh token; without one the session is over."""
        assert self._home is not None
        if self.session.refresh is None:
            return self.end_session(("E_NO_REFRESH_TOKEN", "there is no refresh token"), now)
        self.due.pop(I.RENEWAL_DUE, None)
        self.due.pop(I.TOKEN_WANTED, None)
        fields = requests.refresh(self._account, self.session.refresh)
        self._http.post(self._home.base + self._account.token_path, fields)
        return S.RENEWING

    def take_renewed(self, tokens: object, now: Instant) -> SignInState:
        """Keep the renewed token."""
        self._keep(tokens, now)
        assert isinstance(tokens, Tokens)
        self._journal.add(TokenRenewed(expires_in=int(tokens.expires_in)))
        return S.SIGNED_IN

    def renew_later(self, problem: object, now: Instant) -> SignInState:
        """Try to renew again later, by another edge if there is one."""
        self._fail(problem)
        self._entry_points.turn()
        self._http.route = self._entry_points.current.route
        self.due[I.RENEWAL_DUE] = Instant(now + RENEW_AGAIN)
        return S.SIGNED_IN

    # --- the device ---------------------------------------------------------------------------------------

    def choose(self, choice: object, now: Instant) -> SignInState:
        """Ask for the document of the chosen device."""
        assert isinstance(choice, tuple)
        self._device, uri = choice
        self._http.get(uri, more=self.session.bearer)
        return S.PROVISIONING

    def hand_over(self, _uri: object, now: Instant) -> SignInState:
        """Hand the device to the phone."""
        self._backoff.reset()
        return S.SIGNED_IN

    # --- the end ------------------------------------------------------------------------------------------

    def give_up(self, problem: object, now: Instant) -> SignInState:
        """Fail for good."""
        self._fail(problem)
        self._forget()
        return S.FAILED

    def end_session(self, problem: object, now: Instant) -> SignInState:
        """End the session: Jabber signs out, "Your session is expired". [documented: oauth-tokens 4]"""
        assert isinstance(problem, tuple)
        self._fail(("E_SESSION_EXPIRED", f"{problem[0]}: {problem[1]}"))
        self._forget()
        return S.EXPIRED

    def sign_out(self, _payload: object, now: Instant) -> SignInState:
        """Forget the session."""
        self._forget()
        self._backoff.reset()
        return S.SIGNED_OUT

    def nothing(self, _payload: object, now: Instant) -> SignInState:
        """Stay as it is."""
        return self.state

    # --- parts --------------------------------------------------------------------------------------------

    def _keep(self, tokens: object, now: Instant) -> None:
        assert isinstance(tokens, Tokens)
        self.due[I.RENEWAL_DUE] = self.session.keep(tokens, now)

    def _forget(self) -> None:
        self.names.cancel()
        self.due.clear()
        self._http.cancel()
        self._http.route = DIRECT
        self.session.forget()
        self._home = None
        self._entry_points.forget()
        self.attempt = requests.SignInSecrets(verifier="", state="")

    def _fail(self, problem: object) -> None:
        assert isinstance(problem, tuple)
        self.last_failure = SignInFailed(code=problem[0], detail=problem[1])
        self._journal.add(self.last_failure)
