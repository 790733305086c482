"""User Data Services on 8443: where a client finds its home cluster, its devices and their files."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes
from uuid import UUID

from lxml import etree

from registrar.core.cluster.directory import Device, Directory, User
from registrar.core.ssosp.api_access import ApiAccess, Caller, Denied
from registrar.core.tomcat.http import error_page, method_not_allowed, without_body, xml_response
from registrar.core.uds import documents
from registrar.core.uds.documents import UdsSite
from simulator.core import redact
from simulator.core.events import UdsAnswered
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_SHOWN = 200


class _NotGiven(Exception):
    """The request gets no document; `caller` is known if the credentials were good."""

    def __init__(
        self,
        status: int,
        reason: str,
        detail: str = "",
        challenge: tuple[str, str] | None = None,
        caller: Caller | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.challenge = challenge
        self.caller = caller


class UdsService:
    """An HttpService for everything below /cucm-uds. Total: any request gets a response, none raises."""

    def __init__(self, directory: Directory, access: ApiAccess, site: UdsSite, *, journal: Journal) -> None:
        self._directory = directory
        self._access = access
        self._site = site
        self._journal = journal

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer one HTTP request: a document, or an error page."""
        if request.method not in ("GET", "HEAD"):
            self._note(request, 405, None, "method", "")
            return method_not_allowed("GET", "HEAD")
        try:
            root, caller = self._document(request, now)
        except _NotGiven as why:
            self._note(request, why.status, why.caller, why.reason, why.detail)
            return error_page(why.status, "", *((why.challenge,) if why.challenge else ()))
        self._note(request, 200, caller, "", "")
        response = xml_response(root)
        return without_body(response) if request.method == "HEAD" else response

    def _document(self, request: HttpRequest, now: Instant) -> tuple[etree._Element, Caller | None]:
        match _segments(request.path):
            case ["clusterUser"]:
                return self._cluster_user(request), None
            case ["servers"]:
                return documents.servers(self._site), None
            case ["version"]:
                return documents.version(self._site), None
            case ["user", user_id]:
                caller = self._caller(request, user_id, now)
                return documents.user(self._site, caller.user), caller
            case ["user", user_id, "devices"]:
                caller = self._caller(request, user_id, now)
                return documents.devices(self._site, caller.user, self._devices(caller.user)), caller
            case ["user", user_id, "device", pkid]:
                caller = self._caller(request, user_id, now)
                return documents.device(self._site, caller.user, self._device(caller, pkid)), caller
            case _:
                raise _NotGiven(404, "unknown_path")

    # --- without credentials ----------------------------------------------------------------------------------

    def _cluster_user(self, request: HttpRequest) -> etree._Element:
        """`username=` or `email=`: exactly one of them [documented: one parameter is required]."""
        asked = [pair for pair in request.query if pair[0] in ("username", "email")]
        if len(asked) != 1 or not asked[0][1]:
            raise _NotGiven(400, "parameters", "exactly one of username and email")
        name, value = asked[0]
        user_id = value if name == "username" else self._local_part(value)
        user = self._directory.user(user_id) if user_id else None
        if user is not None:
            return documents.cluster_user(self._site, asked[0], user.id, self._site.home)
        home = self._site.elsewhere.get((user_id or "").casefold())
        return documents.cluster_user(self._site, asked[0], user_id if home else None, home or "")

    def _local_part(self, email: str) -> str | None:
        local, at, domain = email.rpartition("@")
        return local if at and domain.casefold() == self._site.domain.casefold() else None

    # --- with credentials -------------------------------------------------------------------------------------

    def _caller(self, request: HttpRequest, user_id: str, now: Instant) -> Caller:
        """Users see themselves, nobody else [assumed: 403]."""
        verdict = self._access.judge(request, now)
        if isinstance(verdict, Denied):
            raise _NotGiven(verdict.status, verdict.reason, verdict.detail, verdict.challenge)
        if verdict.user.id.casefold() != user_id.casefold():
            raise _NotGiven(403, "another_user", caller=verdict)
        return verdict

    def _devices(self, user: User) -> tuple[Device, ...]:
        return tuple(device for device in self._directory.devices if device.belongs_to(user.id))

    def _device(self, caller: Caller, pkid: str) -> Device:
        try:
            wanted = UUID(pkid)
        except ValueError:
            raise _NotGiven(404, "unknown_device", "the device id is no UUID", caller=caller) from None
        for device in self._devices(caller.user):
            if device.pkid == wanted:
                return device
        raise _NotGiven(404, "unknown_device", "no such device of this user", caller=caller)

    def _note(self, request: HttpRequest, status: int, caller: Caller | None, reason: str, detail: str) -> None:
        if not self._journal.on:
            return
        path = request.path[:_SHOWN].encode("ascii", "backslashreplace").decode()
        self._journal.add(
            UdsAnswered(
                path=redact.text(path),
                status=status,
                user=caller.user.id if caller else None,
                how=caller.how if caller else "none",
                reason=reason,
                detail=detail,
            )
        )


def _segments(path: str) -> list[str]:
    """What follows /cucm-uds, decoded once; a slash inside a segment is not supported [documented]."""
    raw = path.encode("utf-8", "surrogatepass").split(b"/")
    if raw[:2] != [b"", documents.ROOT.encode()[1:]] or any(_BAD_ESCAPE.search(part) for part in raw):
        return []
    try:
        decoded = [unquote_to_bytes(part).decode() for part in raw[2:]]
    except UnicodeDecodeError:
        return []
    return [] if any("/" in part for part in decoded) else decoded
