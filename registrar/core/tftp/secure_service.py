"""Configuration files over TLS (6971, 6972): a device with an OAuth profile gets its file for a token only.

Which header brings the token is not published: `Authorization: Bearer`, 401 without it, 403 for somebody else's
file [assumed: device-config 3]. `.sgn` is answered with the plain XML [documented]: TLS vouches for it already.
"""

from __future__ import annotations

from dataclasses import replace

from registrar.core.cluster.directory import Device, Directory
from registrar.core.ssosp.api_access import ApiAccess, Caller, Denied
from registrar.core.tomcat.http import error_page, read_authorization, without_body
from simulator.core.events import ConfigServed
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse, HttpService
from simulator.core.instant import Instant

REALM = "Cisco Web Services Realm"
_CHALLENGE = ("WWW-Authenticate", f'Bearer realm="{REALM}"')
_SUFFIX = ".cnf.xml"
_SHOWN = 200


class SecureConfigService:
    """An HttpService in front of `files`, which knows nothing of tokens."""

    def __init__(
        self, files: HttpService, directory: Directory, access: ApiAccess, *, journal: Journal
    ) -> None:
        self._files, self._directory, self._access, self._journal = files, directory, access, journal

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer one request: the file, 401 without good credentials, or 404."""
        path = request.path.removesuffix(".sgn")
        device = self._device(path)
        if device is not None and self._directory.profile_of(device).oauth:
            refusal = self._judge(device, request, now)
            if refusal is not None:
                return without_body(refusal) if request.method == "HEAD" else refusal
        plain = path.endswith(_SUFFIX) and not path.endswith(f".enc{_SUFFIX}")
        return self._files.handle(replace(request, path=path) if plain else request, now)

    def _device(self, path: str) -> Device | None:
        name = path.removeprefix("/")
        return self._directory.device(name.removesuffix(_SUFFIX)) if name.endswith(_SUFFIX) else None

    def _judge(self, device: Device, request: HttpRequest, now: Instant) -> HttpResponse | None:
        """None: the file is this client's."""
        if read_authorization(request) is None:
            return self._refused(request, 401, "no token", _CHALLENGE)
        match self._access.judge(request, now):
            case Denied() as denied:
                return self._refused(request, denied.status, denied.reason, denied.challenge)
            case Caller(user=user) if not device.belongs_to(user.id):
                return self._refused(request, 403, f"{device.name} is not {user.id}'s")
            case _:
                return None

    def _refused(
        self, request: HttpRequest, status: int, detail: str, challenge: tuple[str, str] | None = None
    ) -> HttpResponse:
        path = request.path[:_SHOWN].encode("ascii", "backslashreplace").decode()
        self._journal.add(ConfigServed(path=path, status=status, size=0, source=request.source, detail=detail))
        return error_page(status, "", *(() if challenge is None else (challenge,)))
