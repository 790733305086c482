"""What strangers send to an administrator's doors, 8443 and 2222 of a live lab: a clear error each.

`running_lab` holds the process to an empty stderr; after each attack phones register and administrators get in.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest

from tests.e2e.axl import ENVELOPE, Axl
from tests.e2e.phones import Phones
from tests.e2e.running_lab import RunningLab, running_lab
from tests.e2e.ssh import PASSWORD, typed
from tests.patience import patience

CHUNK = 65536


@pytest.fixture(scope="module")
def phones(lab: RunningLab) -> Phones:
    return Phones(lab)


async def all_is_well(lab: RunningLab, phones: Phones, folder: Path) -> None:
    """Every listener serves: SIP by a registration each, 8443 and 2222 by an administrator's question."""
    await phones.all_register()
    answer = await asyncio.to_thread(Axl(lab).call, "getCCMVersion", "")
    assert "<version>12.5.1" in answer.text, answer
    assert "Active Master Version" in await typed(lab, folder, "show version active")


def secure(lab: RunningLab) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw = socket.create_connection(lab.endpoint("https"), timeout=patience())
    return context.wrap_socket(raw, suppress_ragged_eofs=True)


def say(sock: socket.socket, data: bytes) -> bytes:
    """Send as much as the other side takes; read until it closes or falls silent."""
    received = b""
    with contextlib.suppress(OSError), sock:
        sock.settimeout(2)
        sock.sendall(data)
        while more := sock.recv(CHUNK):
            received += more
    return received


# --- 8443: XML ------------------------------------------------------------------------------------------------

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
BODY = ENVELOPE.format(operation="executeSQLQuery", body="<sql>{}</sql>")

XML: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "NULs": lambda: b"\x00" * 5000,
    "binary garbage": lambda: random.Random(3).randbytes(5000),
    "text": lambda: b"Hello, is this AXL?",
    "JSON": lambda: b'{"sql": "select 1"}',
    "half a document": lambda: BODY.format("select 1 from device").encode()[:150],
    "another root": lambda: b"<html><body>x</body></html>",
    "an envelope without a body": lambda: (
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"></e:Envelope>'
    ),
    "an external entity": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        + BODY.format("&f;").encode()
    ),
    "an external DTD": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + BODY.format("x").encode()
    ),
    "a parameter entity": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>'
        + BODY.format("x").encode()
    ),
    "a billion laughs": lambda: LAUGHS.encode() + BODY.format("&i;").encode(),
    "100,000 elements deep": lambda: b"<a>" * 100_000,
    "200,000 elements wide": lambda: ENVELOPE.format(operation="getPhone", body="<a/>" * 200_000).encode(),
    "100,000 attributes": lambda: b"<a " + b" ".join(b'x%d="y"' % number for number in range(100_000)) + b"/>",
    "5 MB": lambda: BODY.format("select '" + "x" * 5_000_000 + "' from device").encode(),
    "an encoding nobody has": lambda: b'<?xml version="1.0" encoding="EBCDIC-9"?><a/>',
    "UTF-16 that is none": lambda: b"\xff\xfe" + BODY.format("x").encode(),
}


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize(
    "path",
    [
        "/axl/",
        "/realtimeservice2/services/RISService70",
        "/controlcenterservice2/services/ControlCenterServices",
    ],
    ids=["AXL", "RIS", "Control Center"],
)
async def test_bad_xml_is_a_short_error(lab: RunningLab, name: str, path: str) -> None:
    try:
        status, text = await asyncio.to_thread(Axl(lab).post, path, XML[name]())
    except OSError:  # closed before the last of it was taken
        assert name == "5 MB"
        return
    assert 400 <= status < 600, (status, text[:300])
    assert len(text) < 5000
    for secret in ("root:", "Traceback", "lollol", "site-packages"):
        assert secret not in text


async def test_all_is_well_after_bad_xml(lab: RunningLab, phones: Phones, tmp_path: Path) -> None:
    await all_is_well(lab, phones, tmp_path)


SQL = {
    "selec 1": "-201",
    "select * from nowhere": "-206",
    "select nothing from device": "-217",
    "select * from device; drop table device": "-201",
    "drop table device": "",
    "pragma user_version = 7": "",
    "attach database '/tmp/x' as x": "",
    "select load_extension('x') from device": "",
    "select writefile('/tmp/x', 'y') from device": "",
    "with recursive r(n) as (select 1 union all select n + 1 from r) select * from r": "",
    "select a.pkid from device a, device b, device c, enduser d, typemodel e, typemodel f, typemodel g": "",
    "select randomblob(3000000000) from device": "",
    "select " + "(" * 5000 + "1" + ")" * 5000 + " from device": "",
    "select '": "",
    "": "",
    "select pkid from device where name like '" + "%a" * 10_000 + "'": "",
}


@pytest.mark.parametrize("sql", SQL, ids=lambda sql: sql[:50] or "nothing")
async def test_bad_sql_is_a_fault_and_changes_nothing(lab: RunningLab, sql: str) -> None:
    escaped = sql.replace("&", "&amp;").replace("<", "&lt;")
    for operation in ("executeSQLQuery", "executeSQLUpdate"):
        status, text = await asyncio.to_thread(Axl(lab).call, operation, f"<sql>{escaped}</sql>")
        assert status in (200, 500), text[:300]
        if status == 500:
            assert "<axlcode>" in text
            assert "sqlite" not in text.lower()
            assert "Traceback" not in text
        elif SQL[sql]:
            pytest.fail(f"{operation} took {sql!r}: {text[:300]}")
    status, text = await asyncio.to_thread(
        Axl(lab).call, "executeSQLQuery", "<sql>select count(*) as n from device</sql>"
    )
    assert "<n>4</n>" in text


async def test_all_is_well_after_bad_sql(lab: RunningLab, phones: Phones, tmp_path: Path) -> None:
    await all_is_well(lab, phones, tmp_path)


# --- 8443: below XML ------------------------------------------------------------------------------------------

HTTP = {
    "binary garbage": random.Random(4).randbytes(5000),
    "NULs": b"\x00" * 5000,
    "SIP": b"OPTIONS sip:ucm-pub SIP/2.0\r\nContent-Length: 0\r\n\r\n",
    "a header of 1 MB": b"GET /axl/ HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
    "100,000 headers": b"GET /axl/ HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
    "a negative length": b"POST /axl/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /axl/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a bad chunk": b"POST /axl/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no gzip": b"POST /axl/ HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz",
    "half a body": b"POST /axl/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n<a>",
    "a bad Authorization": b"POST /axl/ HTTP/1.1\r\nHost: x\r\nAuthorization: Basic \xff\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n",
    "a cookie of 7 kB": b"GET /axl/ HTTP/1.1\r\nHost: x\r\nCookie: JSESSIONIDSSO="
    + b"A" * 7000
    + b"\r\nConnection: close\r\n\r\n",
    "a path with dots": b"GET /axl/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "a method of its own": b"EXPLODE /axl/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("name", HTTP)
async def test_what_is_no_http_is_an_error_at_most(lab: RunningLab, name: str) -> None:
    answer = await asyncio.to_thread(lambda: say(secure(lab), HTTP[name]))
    assert answer == b"" or answer.split(b" ")[1][:1] in (b"4", b"5"), answer[:200]
    assert b"Traceback" not in answer
    assert b"root:" not in answer


async def test_what_is_no_tls_ends_the_connection(lab: RunningLab, phones: Phones, tmp_path: Path) -> None:
    for data in (b"GET /axl/ HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\x00" * 4096, b"\x80"):
        sock = socket.create_connection(lab.endpoint("https"), timeout=patience())
        await asyncio.to_thread(say, sock, data)
    await all_is_well(lab, phones, tmp_path)


async def test_connections_that_say_nothing_keep_nobody_waiting(
    lab: RunningLab, phones: Phones, tmp_path: Path
) -> None:
    with contextlib.ExitStack() as held:
        for role in ("https", "ssh"):
            for _ in range(50):
                held.enter_context(socket.create_connection(lab.endpoint(role), timeout=patience()))
        for _ in range(20):
            held.enter_context(secure(lab)).send(b"POST /axl/ HTTP/1.1\r\n")
        await all_is_well(lab, phones, tmp_path)


# --- passwords ------------------------------------------------------------------------------------------------


async def test_three_wrong_passwords_lock_every_door_for_five_minutes(tmp_path: Path) -> None:
    with running_lab(tmp_path / "stderr", "--port-base", "0") as lab:
        wrong, right = Axl(lab, password="wrong"), Axl(lab)
        for _ in range(3):
            status, text = await asyncio.to_thread(wrong.call, "getCCMVersion", "")
            assert (status, "HTTP Status 401" in text) == (401, True)
        assert (await asyncio.to_thread(right.call, "getCCMVersion", "")).status == 401
        with pytest.raises(asyncssh.PermissionDenied):
            await _shell(lab, PASSWORD)
        assert (await asyncio.to_thread(Axl(lab, user="nobody").call, "getCCMVersion", "")).status == 401
        assert lab.ask("POST", "/clock/advance", {"seconds": 301}).status == 200
        assert (await asyncio.to_thread(right.call, "getCCMVersion", "")).status == 200
        for _ in range(3):
            with pytest.raises(asyncssh.PermissionDenied):
                await _shell(lab, "wrong")
        with pytest.raises(asyncssh.PermissionDenied):
            await _shell(lab, PASSWORD)
        assert {event["verdict"] for event in lab.events("cli:login_judged", 0)} == {"wrong", "locked"}


async def _shell(lab: RunningLab, password: str) -> None:
    host, port = lab.endpoint("ssh")
    async with asyncssh.connect(
        host,
        port,
        username="admin",
        password=password,
        known_hosts=None,
        config=None,
        preferred_auth="password",
    ):
        pass


# --- 2222 -----------------------------------------------------------------------------------------------------

SSH = {
    "nothing": b"",
    "binary garbage": random.Random(5).randbytes(20_000),
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "SSH of another version": b"SSH-1.5-old\r\n",
    "a version line without an end": b"SSH-2.0-" + b"x" * 100_000,
    "a packet of 4 GB": b"SSH-2.0-x\r\n" + b"\xff\xff\xff\xff" + b"y" * 1000,
    "a packet that is none": b"SSH-2.0-x\r\n" + b"\x00" * 5000,
    "a broken key exchange": b"SSH-2.0-x\r\n" + b"\x00\x00\x00\x0c\x0a\x14" + b"z" * 10,
}


@pytest.mark.parametrize("name", SSH)
async def test_what_is_no_ssh_ends_the_connection(
    lab: RunningLab, phones: Phones, tmp_path: Path, name: str
) -> None:
    sock = socket.create_connection(lab.endpoint("ssh"), timeout=patience())
    answer = await asyncio.to_thread(say, sock, SSH[name])
    assert answer[:20].startswith(b"SSH-2.0-"), answer[:100]
    assert b"Traceback" not in answer
    await all_is_well(lab, phones, tmp_path)


TYPED = {
    "binary garbage": random.Random(6).randbytes(20_000).replace(b"\x03", b"").decode("latin-1"),
    "a line of 1 MB": "x" * 1_000_000 + "\n",
    "10,000 lines": "show nothing\n" * 10_000,
    "escape sequences": "\x1b[A\x1b[999999999C\x1b]0;evil\x07\x1b[6n" * 500 + "\n",
    "shells": "; ls\n| cat /etc/passwd\n`id`\n$(id)\n&& reboot\nshow version active; id\n",
    "a certificate that never ends": "set cert import trust tomcat\n-----BEGIN CERTIFICATE-----\n"
    + ("A" * 64 + "\n") * 10_000,
    "a regular expression that explodes": "show open ports regexp (a+)+(a+)+(a+)+(a+)+$\n",
    "SQL that never ends": "run sql with recursive r(n) as (select 1 union all select n+1 from r) "
    "select * from r\n",
}


@pytest.mark.parametrize("name", TYPED)
async def test_a_hostile_administrator_harms_nobody(
    lab: RunningLab, phones: Phones, tmp_path: Path, name: str
) -> None:
    host, port = lab.endpoint("ssh")
    seen = ""
    async with (
        asyncssh.connect(
            host, port, username="admin", password=PASSWORD, known_hosts=None, config=None
        ) as connection,
        connection.create_process(term_type="vt100", encoding="utf-8", errors="replace") as process,
    ):
        process.stdin.write(TYPED[name] + "\n\x03\nquit\n")
        with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
            async with asyncio.timeout(5):
                while more := await process.stdout.read(CHUNK):
                    seen += more
        connection.abort()
    for forbidden in ("Traceback", "uid=", "root:", "sqlite"):
        assert forbidden not in seen
    await all_is_well(lab, phones, tmp_path)
