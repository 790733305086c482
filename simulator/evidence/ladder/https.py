"""Rows of what is asked and told over HTTPS: signing in, tokens, administration, an Expressway's edge."""

from __future__ import annotations

from http import HTTPStatus

from simulator.core import events as ev
from simulator.evidence.ladder.row import LadderRow, Tone

_LONG = 24
"""Characters of a path's segment beyond which it is no name that a person would know: base64, an id."""


def note_of(event: ev.Event) -> tuple[str, Tone] | None:
    """Return (text, tone) of the note beside the event's actor; None: no such event, or its arrows say
    enough.
    """
    match event:
        case ev.OAuthGranted():
            return f"grants {event.user}: {event.what}", "good"
        case ev.OAuthRefused():
            return f"{_with(event.reason, event.detail)} [{event.mark}]", "bad"
        case ev.OAuthRevoked():
            return f"revokes {event.count} of {event.user or 'everybody'}: {event.why}", "bad"
        case ev.UdsAnswered():
            return (_with(event.reason, event.detail), "bad") if event.reason else None
        case ev.PhoneSignedIn():
            return f"{event.user} is signed in, as {event.device}", "good"
        case ev.SignInFailed():
            return _with(event.code, event.detail), "bad"
        case ev.TokenRenewed():
            return f"has a new access token, {event.expires_in} s", "good"
        case ev.EdgeRequestAnswered():
            return _relayed(event)
        case ev.EdgeTokenJudged():
            if event.accepted:
                return f"token of {event.user} accepted", "good"
            return _with(f"token refused: {event.problem}", event.detail), "bad"
        case ev.SourceBlocked():
            return f"blocks {event.source} for {event.seconds:g} s: {event.why}", "bad"
        case ev.UcmDiscovered():
            if event.discovered:
                return f"has discovered {event.publisher}", "good"
            return _with(f"cannot discover {event.publisher}", event.detail), "bad"
        case ev.SoapCalled():
            return _with(f"{event.service} {event.operation}: {event.status}", event.fault), (
                "bad" if event.fault else "quiet"
            )
        case ev.CliCalled():
            return f"{event.user}: {event.command}", "quiet" if event.succeeded else "bad"
        case _:
            return None


Asked = ev.SignInStepAnswered | ev.HttpAnswered
"""What a client tells of a request and its answer."""


def question(client: str, server: str, event: Asked) -> LadderRow:
    """Write what a step of the sign-in, or another client, asked."""
    _, slash, path = event.where.partition("/")
    text = _short(slash + path)
    if isinstance(event, ev.HttpAnswered):
        text = f"{event.method} {text}"
    return LadderRow(lane=client, to=server, text=text, opens=True, detail=event.where)


def answer(client: str, server: str | None, event: Asked) -> LadderRow:
    """Write how a request was answered. `server` None: not at all, or not with HTTP."""
    if isinstance(event, ev.HttpAnswered):
        if server is None or event.status is None:
            text = _with(f"{event.method} {_short(event.where)}", event.detail)
            return LadderRow(lane=client, text=text, tone="bad")
        tone: Tone = "bad" if event.status >= 400 else "plain"
        return LadderRow(lane=server, to=client, text=_status(event.status), tone=tone)
    tone = "bad" if event.problem else "plain"
    if server is None or event.status is None:
        said = event.problem or event.detail
        return LadderRow(lane=client, text=_with(_short(event.where), said), tone=tone, detail=event.detail)
    text = f"{_status(event.status)}, {event.problem}" if event.problem else _status(event.status)
    return LadderRow(lane=server, to=client, text=text, tone=tone, detail=event.detail)


def _relayed(event: ev.EdgeRequestAnswered) -> tuple[str, Tone] | None:
    bad = event.status >= 400
    if not bad and not event.inside:
        return None
    done = f"relays {_short(event.path)} to {event.inside}" if event.inside else _short(event.path)
    return _with(f"{done}: {event.status}", event.detail), "bad" if bad else "quiet"


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _short(path: str) -> str:
    return "/".join(part if len(part) <= _LONG or part.startswith("_") else "…" for part in path.split("/"))


def _with(text: str, detail: str) -> str:
    return f"{text}: {detail}" if detail else text
