"""10,000 distinct bad tokens at 5090: memory stays as it was, and good registrations go on."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.e2e.running_lab import running_lab
from tests.e2e.token_client import BAD, Client, bad_tokens


def test_a_flood_of_bad_tokens_costs_no_memory_and_keeps_nobody_out(tmp_path: Path) -> None:
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
        before = lab.resident()
        thread = threading.Thread(target=flood, args=(10_000, BAD))
        thread.start()
        answers = {phone.register(f"during-{number}", good) for number in range(200)}
        thread.join()
        grown = lab.resident() - before
        phone.close()
        attacker.close()
    assert answers == {200}
    assert statuses <= {407, 403}
    # Kept, they would cost 50 MB: 2 kB each, with a REGISTER of 3 kB. What cycles hold comes and goes.
    assert grown < 16 << 20
