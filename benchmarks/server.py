"""The process under test: `python -m benchmarks.server`, one job as a JSON line on standard input.

Answers with one JSON line when it listens, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from benchmarks import baselines
from benchmarks.harness import pin
from benchmarks.material import server_tls
from certs.contexts import server_context


async def _bare(job: dict[str, Any]) -> dict[str, Any]:
    context = server_context(server_tls(job, mutual=job.get("mutual", False)))
    bare = baselines.Bare(depth=job["depth"], reply=job["reply"].encode(), public_key=job["public_key"])
    return {"oauth": await baselines.listen(bare, context)}


async def _serve(job: dict[str, Any]) -> None:
    ended = asyncio.Event()

    def _stop_at_end() -> None:
        if not os.read(0, 4096):
            ended.set()

    asyncio.get_running_loop().add_reader(sys.stdin, _stop_at_end)
    ready = await _bare(job)
    print(json.dumps(ready), flush=True)
    await ended.wait()


def main() -> None:
    job = json.loads(sys.stdin.readline())
    pin(job.get("core"))
    asyncio.run(_serve(job))


if __name__ == "__main__":
    main()
