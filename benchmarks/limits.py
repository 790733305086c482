"""The baselines: what this machine can do without ucmsim, measured in the same run with the same messages."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial

import jwt

from benchmarks.bench import LINES, REPLY, Bench
from benchmarks.harness import Effort, Figure, Unavailable, rate_of
from benchmarks.load import Script, dial, hang_up

Measure = Callable[[Bench, Figure], None]


def _kept(depth: str, expect: bytes = b"200") -> Measure:
    def measure(bench: Bench, figure: Figure) -> None:
        sources = [bench.refreshes(number) for number in range(LINES)]
        with bench.serve("bare", depth=depth, reply=REPLY) as server:
            bench.kept(Effort(figure), server, _nothing, sources, expect=expect)

    return measure


def _nothing(_turn: int) -> Script:
    return ()


def _new_constant(bench: Bench, figure: Figure, *, mutual: bool = False) -> None:
    def one_question(turn: int) -> Script:
        return ((bench.registration(turn)[1][0], b"200"),)

    with bench.serve("bare", depth="constant", reply=REPLY, mutual=mutual) as server:
        bench.fresh(Effort(figure), server, one_question, mutual=mutual)


def _new_jwt(bench: Bench, figure: Figure) -> None:
    with bench.serve("bare", depth="jwt", reply=REPLY) as server:
        bench.fresh(Effort(figure), server, bench.registration)


def _memory(bench: Bench, figure: Figure) -> None:
    held = max(20, bench.settings.held // 5)
    with bench.serve("bare", depth="constant", reply=REPLY) as server:
        address, context = server.address("oauth"), bench.material.client()
        _, first = dial(address, context, [()] * 20, keep=True)
        before = server.resident()
        _, sockets = dial(address, context, [(bench.registration(0)[1],)] * held, keep=True)
        figure.runs.append((server.resident() - before) / held / 1024)
        for tls in first + sockets:
            hang_up(tls)


def _openssl_speed(bench: Bench, figure: Figure) -> None:
    seconds = "1" if bench.settings.seconds < 1 else "2"
    output = _openssl("speed", "-seconds", seconds, "rsa2048")
    found = re.search(r"rsa 2048 bits\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)", output)
    if found is None:
        raise Unavailable("`openssl speed rsa2048` printed no figures")
    figure.runs.append(float(found[1]))
    figure.notes["verify_per_second"] = float(found[2])


def _s_time(bench: Bench, figure: Figure) -> None:
    seconds = "1" if bench.settings.seconds < 1 else "2"
    with bench.serve("registrar") as server:
        host, port = server.address("oauth")
        output = _openssl("s_time", "-connect", f"{host}:{port}", "-new", "-tls1_2", "-time", seconds)
    found = re.search(r"(\d+) connections in (\d+) real seconds", output)
    if found is None:
        raise Unavailable("`openssl s_time` printed no figures")
    # s_time counts whole seconds and begins anywhere in one: its own report is coarse.
    figure.runs.append(int(found[1]) / int(found[2]))


def _openssl(*arguments: str) -> str:
    program = shutil.which("openssl")
    if program is None:
        raise Unavailable("the openssl command is not installed")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def _split_loop(bench: Bench, figure: Figure) -> None:
    message = parse_sample(bench)

    def split() -> None:
        head, _, _ = message.partition(b"\r\n\r\n")
        headers = {}
        for line in head.decode().split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        _, int(headers["cseq"].split()[0]), int(headers["expires"])

    _repeat(bench, figure, split)


def parse_sample(bench: Bench) -> bytes:
    """A REGISTER of 1.6 kB: the headers of a first one, and as much of its body as brings it there."""
    phone = bench.phones[0]
    missing = 1_600 - len(phone.splice(first=True, body="x").request(1))
    return phone.splice(first=True, body="x" * missing).request(1)


def _sha256(bench: Bench, figure: Figure) -> None:
    _repeat(bench, figure, partial(_digest, bench.tokens[0].encode()))


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _pyjwt(bench: Bench, figure: Figure) -> None:
    token, key = bench.tokens[0], bench.material.keys.signing.public_key()
    decode = partial(jwt.decode, token, key, algorithms=["RS256"], options={"verify_aud": False})
    _repeat(bench, figure, decode, batch=20)


def _repeat(bench: Bench, figure: Figure, work: Callable[[], object], batch: int = 100) -> None:
    for _ in range(bench.settings.runs):
        figure.runs.append(rate_of(work, seconds=bench.settings.seconds / 2, batch=batch))


LIMITS: dict[str, tuple[str, str, Measure]] = {
    "tls-echo": (
        "asyncio TLS, each chunk sent back",
        "requests/s",
        _kept("echo", b"ECH"),
    ),
    "tls-constant": ("asyncio TLS, constant answer", "requests/s", _kept("constant")),
    "tls-headers": ("asyncio TLS, header dict, answer from it", "requests/s", _kept("headers")),
    "tls-headers-jwt": ("asyncio TLS, header dict, PyJWT on each", "requests/s", _kept("jwt")),
    "new-constant": ("asyncio: new TLS connection, one constant answer", "connections/s", _new_constant),
    "new-headers-jwt": (
        "asyncio: new TLS connection, 407, PyJWT, 200",
        "connections/s",
        _new_jwt,
    ),
    "new-mutual-constant": (
        "asyncio: new mutual-TLS connection, one constant answer",
        "connections/s",
        partial(_new_constant, mutual=True),
    ),
    "asyncio-memory": ("asyncio's own TLS: memory per held connection", "KiB", _memory),
    "openssl-rsa-sign": ("openssl speed rsa2048, signatures", "1/s", _openssl_speed),
    "openssl-s_time": ("openssl s_time, new connections to our 5090", "connections/s", _s_time),
    "split-loop": ("split into a header dict, two numbers converted, 1.6 kB", "messages/s", _split_loop),
    "sha256-token": ("SHA-256 of a 2 kB token", "1/s", _sha256),
    "pyjwt-verify": ("PyJWT decode of a token, signature only", "1/s", _pyjwt),
}
"""Name -> what it is, unit, how it is measured."""
