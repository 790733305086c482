"""10,000 distinct bad tokens at 5090: memory stays as it was, good registrations hardly wait."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from statistics import median

from tests.e2e.running_lab import RunningLab, running_lab

BAD = 10_000
_REGISTER = """\
REGISTER sip:ucm-pub SIP/2.0
Via: SIP/2.0/TLS 127.0.0.1:5;branch=z9hG4bK{call}
From: <sip:1010@ucm-pub>;tag=1
To: <sip:1010@ucm-pub>
Call-ID: {call}
Max-Forwards: 70
CSeq: 1 REGISTER
Contact: <sip:1010@127.0.0.1:5;transport=tls>;+u.sip!devicename.ccm.cisco.com="CSFALICE"
Expires: 120
Proxy-Authorization: Bearer token="{token}"
Content-Length: 0

"""


class Client:
    """One TLS connection that waits for each answer."""

    def __init__(self, lab: RunningLab) -> None:
        context = ssl.create_default_context(cafile=str(lab.ca_file))
        raw = socket.create_connection(lab.endpoint("oauth"), timeout=20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(raw, server_hostname="127.0.0.1")

    def register(self, call: str, token: str) -> int:
        """The status of the final answer."""
        self._socket.sendall(_REGISTER.format(call=call, token=token).replace("\n", "\r\n").encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._socket.recv(65536)
        return int(data.split(b" ", 2)[1])

    def close(self) -> None:
        self._socket.close()


def bad_tokens(good: str, first: int, count: int) -> list[str]:
    """The dearest kind: all is as it should be but the signature, and no two are equal."""
    head, _, signature = good.rpartition(".")
    raw = urlsafe_b64decode(signature + "==")
    made = []
    for number in range(first, first + count):
        changed = (int.from_bytes(raw) ^ (number << 64)).to_bytes(len(raw))
        made.append(f"{head}.{urlsafe_b64encode(changed).rstrip(b'=').decode()}")
    assert len(set(made)) == count
    return made


def seconds_of_a_good_one(client: Client, token: str, prefix: str, times: int) -> float:
    taken = []
    for number in range(times):
        began = time.perf_counter()
        assert client.register(f"{prefix}-{number}", token) == 200
        taken.append(time.perf_counter() - began)
    return median(taken)


def test_a_flood_of_bad_tokens_costs_no_memory_and_little_time(tmp_path: Path) -> None:
    with running_lab(tmp_path / "stderr", "--port-base", "0", "--no-events", fresh=True) as lab:
        good = lab.ask("POST", "/tokens", {"user": "alice", "lifetime": 86_400}).json["token"]
        phone, attacker = Client(lab), Client(lab)
        statuses: set[int] = set()

        def flood(first: int, count: int) -> None:
            statuses.update(
                attacker.register(f"bad-{first}-{number}", token)
                for number, token in enumerate(bad_tokens(good, first, count))
            )

        flood(1, 2_000)  # so that what grows only once has grown
        quiet = seconds_of_a_good_one(phone, good, "quiet", 200)
        before, began = lab.resident(), time.perf_counter()
        thread = threading.Thread(target=flood, args=(10_000, BAD))
        thread.start()
        during = seconds_of_a_good_one(phone, good, "during", 200)
        thread.join()
        each = (time.perf_counter() - began) / BAD
        grown = lab.resident() - before
        phone.close()
        attacker.close()
    micro = [round(each * 1e6) for each in (each, quiet, during)]
    print(
        f"a bad one {micro[0]} us; a good one {micro[1]} us, during the flood {micro[2]} us; +{grown >> 10} KiB"
    )
    assert statuses <= {407, 403}
    # Kept, they would cost 50 MB: 2 kB each, with a REGISTER of 3 kB. What cycles hold comes and goes.
    assert grown < 16 << 20
    assert during < 10 * quiet + 0.01
