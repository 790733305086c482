"""The login form for local users: plain HTML, no script, nothing echoed but the request it belongs to."""

from __future__ import annotations

from html import escape

from registrar.core.ssosp.authorize_request import AuthorizeRequest
from registrar.core.tomcat.http import NO_STORE
from simulator.core.http.message import HttpResponse

FAILED = "The user name or the password is wrong."
"""One text for every cause: unknown user, wrong password, inactive user."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in - ucmsim</title>
<style>
body{{font:16px sans-serif;max-width:24em;margin:4em auto}}
label,input{{display:block;margin:.4em 0}}
</style>
</head><body><h1>Sign in</h1>{error}
<form method="post" action="{action}" autocomplete="off">
{hidden}
<label>User name <input name="user" autofocus required></label>
<label>Password <input name="password" type="password" required></label>
<button type="submit">Sign in</button>
</form></body></html>
"""


def login_page(request: AuthorizeRequest, *, action: str, failed: bool = False) -> HttpResponse:
    """The form posts back to `action` with the request in hidden fields."""
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in request.fields()
    )
    error = f'<p role="alert">{escape(FAILED)}</p>' if failed else ""
    body = _PAGE.format(error=error, action=escape(action), hidden=hidden)
    return HttpResponse(
        status=200,
        headers=(
            ("Content-Type", "text/html;charset=UTF-8"),
            *NO_STORE,
            ("X-Frame-Options", "DENY"),
            ("Content-Security-Policy", _POLICY),
            ("Referrer-Policy", "no-referrer"),
        ),
        body=body.encode(),
    )
