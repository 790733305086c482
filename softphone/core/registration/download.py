"""Fetching the configuration file: one server after the other, and one new token if a server asks for it."""

from __future__ import annotations

from simulator.core.actor.flow import Fetch, Fetched
from simulator.core.instant import Instant
from softphone.core.device_file.problems import ConfigError, ConfigProblem, Finding
from softphone.core.registration.context import PhoneContext

PASSING = frozenset(
    {
        ConfigProblem.UNREACHABLE,
        ConfigProblem.HTTP_STATUS,
        ConfigProblem.HTTP_404,
        ConfigProblem.EMPTY,
        ConfigProblem.XML_MALFORMED,
    }
)
"""Problems that may be gone at the next attempt; the others stop the phone."""
SERVER_DOWN = frozenset({ConfigProblem.UNREACHABLE, ConfigProblem.HTTP_STATUS})
"""Problems that leave the last good configuration in use, flagged stale."""


class ConfigDownload:
    """One round over the configuration servers."""

    def __init__(self, context: PhoneContext) -> None:
        self._context = context
        self._urls = context.profile.config_urls
        self._place = 0
        self._count = 0
        self._renewed = False
        self.key: str | None = None
        """Key of the fetch that is awaited; None if none is."""
        self.problems: list[Finding] = []
        """What was wrong with each server's answer in this round."""

    @property
    def url(self) -> str:
        return self._urls[self._place]

    def begin(self, now: Instant) -> None:
        """Ask the first server for the file."""
        self._place = 0
        self._renewed = False
        self.problems = []
        self._fetch(now)

    def cancel(self) -> None:
        """Await no answer any longer."""
        self.key = None

    def try_next(self, problem: Finding, now: Instant) -> bool:
        """Ask the next server, or the same one with a newer token; False: there is nothing left to try."""
        if problem.code is ConfigProblem.HTTP_AUTH:
            # One renewed token, then stop; never the same file from the port that asks for none (row 3).
            if not self._renewed and self._context.tokens.renewed(now) is not None:
                self._renewed = True
                self._fetch(now)
                return True
            self.problems = [problem]
            return False
        self.problems.append(problem)
        if self._place + 1 == len(self._urls):
            return False
        self._place += 1
        self._fetch(now)
        return True

    def _fetch(self, now: Instant) -> None:
        headers = self._cookie()
        if self.url.lower().startswith("https:") and (token := self._context.tokens.current(now)) is not None:
            headers = (*headers, ("Authorization", f"Bearer {token.text}"))  # [assumed: device-config 3]
        self._count += 1
        self.key = f"config-{self._count}"
        tls = self._context.client_tls() if self.url.lower().startswith("https:") else None
        self._context.out.append(Fetch(key=self.key, url=self.url, headers=headers, tls=tls))

    def _cookie(self) -> tuple[tuple[str, str], ...]:
        """The cookie by which the Expressway on the way to the server knows the phone."""
        edges = self._context.profile.edges
        here = (edge.cookie for edge in edges if edge.cookie and self.url.startswith(f"{edge.base}/"))
        return tuple(("Cookie", cookie) for cookie in here)[:1]


def check_answer(result: Fetched) -> None:
    """Check that `result` is a 200. Raises ConfigError for anything else, whatever its body looks like."""
    match result.status:
        case 200:
            return
        case None:
            code = ConfigProblem.UNREACHABLE
            if "certificate" in result.failure.lower():
                code = ConfigProblem.TLS_TRUST
            raise ConfigError(code, result.failure or "no answer")
        case 404:
            raise ConfigError(ConfigProblem.HTTP_404, "404: the server has no such file")
        case 401 | 403:
            raise ConfigError(ConfigProblem.HTTP_AUTH, f"{result.status}: the server refuses this client")
        case status:
            raise ConfigError(ConfigProblem.HTTP_STATUS, f"unexpected status {status}")
