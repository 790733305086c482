"""What is wrong with bytes that should be HTTP."""

from __future__ import annotations


class HttpProblem(ValueError):
    """Bytes that are no HTTP, or too many of them; the stream they came on is dead.

    `status` is what a server answers them with (RFC 9110 15).
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
