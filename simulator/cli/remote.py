"""A client of a lab's control API for the commands that need one."""

from __future__ import annotations

import json
from typing import Any
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from simulator.cli import screen

TIMEOUT = 30.0


class Remote:
    """A lab's control API at `url`. Exits 2 if `url` is not a URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            screen.fail(screen.USAGE, f"--control requires a URL like http://127.0.0.1:8000, not {url!r}")
        self._url = url.rstrip("/")

    def get(self, path: str) -> Any:
        """Ask for `path` and return the JSON answer. Exits 2 if the lab refuses the request, 3 if it cannot be
        reached.
        """
        return self._ask(request.Request(self._url + path))  # noqa: S310 - scheme checked above

    def post(self, path: str, body: dict[str, object]) -> Any:
        """Send `body` as JSON and return the JSON answer. Exits as `get` does."""
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        return self._ask(request.Request(self._url + path, data=data, headers=headers))  # noqa: S310

    def delete(self, path: str) -> Any:
        """Delete `path` and return the JSON answer. Exits as `get` does."""
        return self._ask(request.Request(self._url + path, method="DELETE"))  # noqa: S310

    def _ask(self, asked: request.Request) -> Any:
        try:
            with request.urlopen(asked, timeout=TIMEOUT) as answer:  # noqa: S310
                return json.load(answer)
        except HTTPError as error:
            screen.fail(screen.USAGE, _problem(error))
        except (URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            screen.fail(screen.ENVIRONMENT, f"no lab answers at {self._url}: {reason}")
        except ValueError:
            screen.fail(screen.ENVIRONMENT, f"{self._url} is not a lab's control API")


def _problem(error: HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code} {error.reason}"
