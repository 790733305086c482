"""What ucmsim is measured at, with what to reach for and what it is compared to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.bench import LINES, Bench
from benchmarks.harness import Effort, Figure, Unavailable, rate_of, unpinned
from benchmarks.limits import Measure, parse_sample
from benchmarks.load import Script, dial, hang_up
from registrar.core.tokens import TokenPolicy, TokenRefused, TokenValidator
from simulator.core.instant import Instant
from simulator.core.sip import Request, SipStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    what: str
    unit: str
    measure: Measure
    reach: float | None = None
    against: tuple[str, ...] = ()
    elsewhere: dict[str, float] = field(default_factory=dict)
    more_is_better: bool = True


def _refresh_cached(bench: Bench, figure: Figure) -> None:
    sources = [bench.refreshes(number) for number in range(LINES)]
    with bench.serve("registrar") as server:
        bench.kept(Effort(figure), server, bench.registration, sources)


def _refresh_logged(bench: Bench, figure: Figure) -> None:
    sources = [bench.refreshes(number) for number in range(LINES)]
    with bench.serve("registrar", keep=10_000) as server:
        bench.kept(Effort(figure), server, bench.registration, sources)


def _refresh_new_tokens(bench: Bench, figure: Figure) -> None:
    total = bench.settings.new_tokens // LINES * LINES
    phones = [bench.phones[turn % LINES] for turn in range(total)]
    tokens = bench.material.mint(phones)
    effort = Effort(figure)
    for _ in range(bench.settings.runs):
        # A new server knows none of the tokens; a list per phone, so that no string is built while it counts.
        sources: list[Callable[[], bytes]] = []
        for number in range(LINES):
            mine = [
                bench.phones[number].splice(token).request(3 + turn)
                for turn, token in enumerate(tokens[number::LINES])
            ]
            sources.append(iter(mine).__next__)
        with bench.serve("registrar") as server:
            bench.kept(effort, server, bench.registration, sources, total=total)


def _connect_register(bench: Bench, figure: Figure) -> None:
    with bench.serve("registrar") as server:
        bench.fresh(Effort(figure), server, bench.registration)


def _connect_mutual(bench: Bench, figure: Figure) -> None:
    def with_token(turn: int) -> Script:
        return (bench.registration(turn)[1],)

    with bench.serve("registrar") as server:
        bench.fresh(Effort(figure), server, with_token, listener="mra", mutual=True)


def _memory(bench: Bench, figure: Figure) -> None:
    held = bench.settings.held
    _need_files(held + 300)
    with bench.serve("registrar") as server:
        address, context = server.address("oauth"), bench.material.client()
        _, first = dial(address, context, map(bench.registration, range(LINES)), keep=True)
        before = server.resident()
        _, sockets = dial(address, context, map(bench.registration, range(LINES, LINES + held)), keep=True)
        figure.runs.append((server.resident() - before) / held / 1024)
        figure.notes |= {"held": held, "server_resident_mib": round(server.resident() / 2**20, 1)}
        for tls in first + sockets:
            hang_up(tls)


def _need_files(wanted: int) -> None:
    try:
        import resource
    except ImportError:
        raise Unavailable("this system has no limit on open files that could be raised") from None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise Unavailable(f"needs {wanted} open files, the system allows {hard} (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _parse(bench: Bench, figure: Figure) -> None:
    message = parse_sample(bench)
    stream = SipStream()

    def parse() -> None:
        stream.receive_data(message)
        request = stream.next_message()
        assert isinstance(request, Request)
        _needed(request)

    for _ in range(bench.settings.runs):
        figure.runs.append(rate_of(parse, seconds=bench.settings.seconds))
    figure.notes["bytes"] = len(message)


def _needed(request: Request) -> tuple[object, ...]:
    """What a registrar reads, typed."""
    return (
        request.top_via.branch,
        request.from_.tag,
        request.to.uri,
        request.call_id,
        request.cseq.number,
        request.contacts,
        request.expires,
    )


def _token_cold(bench: Bench, figure: Figure) -> None:
    tokens = bench.material.mint([bench.phones[0]] * min(4_000, bench.settings.new_tokens))
    for _ in range(bench.settings.runs):
        validator, now = _validator(bench), Instant(time.time())
        start = time.perf_counter()
        for token in tokens:
            assert not isinstance(validator.validate(token, now), TokenRefused)
        figure.runs.append(len(tokens) / (time.perf_counter() - start))


def _token_known(bench: Bench, figure: Figure) -> None:
    validator, now, token = _validator(bench), Instant(time.time()), bench.tokens[0]
    assert not isinstance(validator.validate(token, now), TokenRefused)
    # As it comes from the network: a new string object each time, whose hash is not known yet.
    fresh = token.encode()
    for _ in range(bench.settings.runs):
        work = lambda: validator.validate(fresh.decode(), now)  # noqa: E731
        figure.runs.append(rate_of(work, seconds=bench.settings.seconds / 2))


def _validator(bench: Bench) -> TokenValidator:
    keys = bench.material.keys
    return TokenValidator(keys.public, TokenPolicy(issuer=keys.cluster_id), lambda _subject: "active")


def _up(bench: Bench, figure: Figure) -> None:
    command = [sys.executable, "-m", "simulator", "up", "--port-base", "0", "--json"]
    for _ in range(bench.settings.runs):
        with unpinned():
            start = time.perf_counter()
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ}
            )
        with process:
            assert process.stdout is not None
            line = process.stdout.readline()
            figure.runs.append(time.perf_counter() - start)
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
        if "endpoints" not in (json.loads(line) if line.startswith("{") else {}):
            raise Unavailable("`ucmsim up --json` did not report its endpoints")


CASES: dict[str, Case] = {
    "refresh-cached": Case(
        what="Bearer REGISTER on 100 kept TLS connections, the same 2 kB token each time",
        unit="requests/s",
        measure=_refresh_cached,
        reach=25_000,
        against=("tls-constant", "tls-headers", "tls-headers-jwt"),
        elsewhere={
            "Kamailio 5.6 + jwt, one worker": 2_460,
            "Kamailio without authentication": 78_700,
            "asyncio TLS echo": 68_000,
            "asyncio TLS, header dict": 48_500,
            "asyncio TLS, header dict, PyJWT": 9_800,
        },
    ),
    "refresh-logged": Case(
        what="the same with every event kept (text of all messages, redacted)",
        unit="requests/s",
        measure=_refresh_logged,
        against=("tls-headers",),
    ),
    "refresh-new-tokens": Case(
        what="Bearer REGISTER on 100 kept TLS connections, every token new",
        unit="requests/s",
        measure=_refresh_new_tokens,
        reach=7_000,
        against=("tls-headers-jwt", "pyjwt-verify"),
        elsewhere={"Kamailio 5.6 + jwt, one worker": 2_460, "asyncio TLS, header dict, PyJWT": 9_800},
    ),
    "connect-register": Case(
        what="new TLS connection, REGISTER, 407, REGISTER with token, 200 (RSA-2048)",
        unit="connections/s",
        measure=_connect_register,
        reach=1_400,
        against=("new-constant", "new-headers-jwt", "openssl-rsa-sign", "openssl-s_time"),
        elsewhere={
            "Kamailio 5.6 + jwt": 1_015,
            "asyncio, header dict, PyJWT": 1_330,
            "asyncio, handshake and constant answer": 1_550,
        },
    ),
    "connect-mutual": Case(
        what="new mutual-TLS connection to 5091, REGISTER with token, 200 (RSA-2048)",
        unit="connections/s",
        measure=_connect_mutual,
        reach=850,
        against=("new-mutual-constant",),
        elsewhere={"Kamailio 5.6": 845},
    ),
    "memory-per-phone": Case(
        what="memory per registered phone: its TLS connection, binding and verified token",
        unit="KiB",
        measure=_memory,
        reach=34,
        against=("asyncio-memory",),
        elsewhere={"Kamailio 5.6": 34, "asyncio's own TLS": 278, "uvloop": 24},
        more_is_better=False,
    ),
    "parse": Case(
        what="parse a 1.6 kB REGISTER out of a stream, needed headers typed",
        unit="messages/s",
        measure=_parse,
        reach=60_000,
        against=("split-loop",),
        elsewhere={
            "sippy": 30_500,
            "aiosip, untyped": 55_800,
            "split loop, typed": 113_000,
            "Kamailio (C)": 516_000,
        },
    ),
    "token-cold": Case(
        what="validate a token never seen before",
        unit="tokens/s",
        measure=_token_cold,
        reach=8_000,
        against=("pyjwt-verify",),
        elsewhere={"PyJWT verify alone": 17_500, "joserfc JWE open alone": 42_000},
    ),
    "token-known": Case(
        what="validate a token verified before",
        unit="tokens/s",
        measure=_token_known,
        against=("sha256-token",),
    ),
    "up-ready": Case(
        what="`ucmsim up --json`, start to ready",
        unit="s",
        measure=_up,
        reach=2.0,
        more_is_better=False,
    ),
}
