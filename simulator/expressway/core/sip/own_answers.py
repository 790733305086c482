"""What an Expressway answers itself, over the flows that it knows."""

from __future__ import annotations

from collections.abc import Callable

from simulator.core.actor.flow import Address
from simulator.core.ids import FlowId
from simulator.core.sip import Request, reply_to
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.refusals import Refusal
from simulator.expressway.core.sip import headers as rewrite
from simulator.expressway.core.sip.identifiers import to_tag_of

_ABOUT_US = (
    ("Allow", "INVITE,ACK,BYE,CANCEL,INFO,OPTIONS,REFER,SUBSCRIBE,NOTIFY,UPDATE,REGISTER,PUBLISH,MESSAGE"),
    ("Accept", "application/sdp"),
)
"""What an OPTIONS to the Expressway itself is told (RFC 3261 11.2)."""


class OwnAnswers:
    """`own`: our address of the moment; `server`: the Server header; `known`: may this flow be answered?"""

    def __init__(
        self,
        *,
        own: Callable[[], Address],
        server: str,
        secret: str,
        known: Callable[[FlowId], bool],
        out: Outbox,
    ) -> None:
        self._own, self._server, self._secret, self._known, self._out = own, server, secret, known, out

    def about_us(self, flow: FlowId, request: Request) -> None:
        self.reply(flow, request, 200, _ABOUT_US)

    def refuse(self, flow: FlowId, request: Request, refusal: Refusal) -> None:
        warning = f'399 {self._own()} "{refusal.warning}"'
        self.reply(flow, request, refusal.status, (*refusal.extra, ("Warning", warning)))

    def reply(
        self, flow: FlowId, request: Request, status: int, extra: tuple[tuple[str, str], ...] = ()
    ) -> None:
        if request.method == "ACK" or not self._known(flow):
            return
        reply = reply_to(
            request,
            status,
            to_tag=to_tag_of(request, secret=self._secret),
            extra=(("Server", self._server), *extra),
        )
        self._out.transmit(flow, reply.replace(headers=rewrite.in_order(reply.headers)))
