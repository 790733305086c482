"""The answers that an Expressway gives itself."""

from __future__ import annotations

from simulator.core.sip import Request, Response, reply_to
from simulator.expressway.core.own_address import OwnAddress
from simulator.expressway.core.refusals import Refusal
from simulator.expressway.core.sip import headers as rewrite
from simulator.expressway.core.sip.identifiers import to_tag_of

_ABOUT_US = (
    ("Allow", "INVITE,ACK,BYE,CANCEL,INFO,OPTIONS,REFER,SUBSCRIBE,NOTIFY,UPDATE,REGISTER,PUBLISH,MESSAGE"),
    ("Accept", "application/sdp"),
)
"""What an OPTIONS to the Expressway itself is told (RFC 3261 11.2)."""


class OwnAnswers:
    """`server`: the Server header. Each method returns None for an ACK, which is never answered."""

    def __init__(self, *, own: OwnAddress, server: str, secret: str) -> None:
        self._own, self._server, self._secret = own, server, secret

    def about_us(self, request: Request) -> Response | None:
        """Return the answer to an OPTIONS for the Expressway itself."""
        return self.reply(request, 200, _ABOUT_US)

    def refuse(self, request: Request, refusal: Refusal) -> Response | None:
        """Return a refusal with its Warning."""
        warning = f'399 {self._own.outer} "{refusal.warning}"'
        return self.reply(request, refusal.status, (*refusal.extra, ("Warning", warning)))

    def reply(self, request: Request, status: int, extra: tuple[tuple[str, str], ...] = ()) -> Response | None:
        """Return an answer with the header fields `extra`, in the Expressway's order of fields."""
        if request.method == "ACK":
            return None
        reply = reply_to(
            request,
            status,
            to_tag=to_tag_of(request, secret=self._secret),
            extra=(("Server", self._server), *extra),
        )
        return reply.replace(headers=rewrite.in_order(reply.headers))
