"""`GET /metrics`: UCM's OAuth and registration counters (administration 8.4) in Prometheus' text format.

Registrations and answers are read from the cluster at the moment of the question; tokens are counted from the
event stream, so a lab without events (`--no-events`) shows none. Names are ours, the HELP line gives UCM's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registrar.core.cluster.directory import SecurityMode
from registrar.core.register.peer import PeerRole
from simulator.lab.site.site import Site

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HARDWARE = frozenset({"621", "622", "623", "683", "684", "685", "36217", "36224", "36225"})
"""Models of desk phones: 78xx, 88xx. [observed: administration 7]"""


@dataclass(frozen=True, slots=True)
class _Family:
    name: str
    kind: str
    about: str
    samples: tuple[tuple[dict[str, str], int], ...]


def render(site: Site) -> str:
    return "".join(f"{line}\n" for family in _families(site) for line in _lines(family))


def _families(site: Site) -> Iterator[_Family]:
    tokens, now = site.ucm.tokens, site.clock.now()
    object_ = "SAML Single Sign-On"
    for name, kind, counter, value in (
        ("tokens_issued_total", "counter", "OAUTH_TOKENS_ISSUED", tokens.issued),
        ("tokens_active", "gauge", "OAUTH_TOKENS_ACTIVE", tokens.active(now)),
        ("tokens_validated_total", "counter", "OAUTH_TOKENS_VALIDATED", tokens.validated),
        ("tokens_expired_total", "counter", "OAUTH_TOKENS_EXPIRED", tokens.expired),
        ("tokens_revoked_total", "counter", "OAUTH_TOKENS_REVOKED", tokens.revoked),
    ):
        yield _Family(f"ucm_oauth_{name}", kind, f"{object_}: {counter}", (({}, value),))
    yield from _phones(site)
    yield _Family(
        "ucm_register_answers_total",
        "counter",
        "Answers by what they were: an accepted change, challenged, or the reason of a refusal",
        tuple(
            ({"node": name, "answer": str(what)}, number)
            for name, node in site.ucm.call_managers.items()
            for what, number in sorted(node.counts.items())
        ),
    )
    throttles = {name: site.ucm.throttles[name] for name in site.ucm.call_managers}
    yield _Family(
        "ucm_axl_throttle_state",
        "gauge",
        "Cisco AXL Web Service: ThrottleState",
        tuple(({"node": name}, int(throttle.engaged)) for name, throttle in throttles.items()),
    )
    yield _Family(
        "ucm_axl_throttle_count_total",
        "counter",
        "Cisco AXL Web Service: ThrottleCount",
        tuple(({"node": name}, throttle.count) for name, throttle in throttles.items()),
    )


def _phones(site: Site) -> Iterator[_Family]:
    """Devices, not lines: one with several registrations counts once."""
    seen: dict[str, set[tuple[str, str]]] = {}
    directory = site.cluster.directory
    for binding in site.cluster.bindings.all():
        place = (binding.node, binding.device)
        seen.setdefault("registered", set()).add(place)
        device = directory.device(binding.device)
        profile = directory.profile(device.profile) if device is not None else None
        if profile is not None and profile.mode is SecurityMode.ENCRYPTED:
            seen.setdefault("encrypted", set()).add(place)
        if profile is not None and profile.mode is SecurityMode.AUTHENTICATED:
            seen.setdefault("authenticated", set()).add(place)
        if (
            site.ucm.call_managers[binding.node].role_of(binding.flow) is PeerRole.MRA_OAUTH
            and device is not None
        ):
            kind = "mra_hardware" if device.model in _HARDWARE else "mra_csf"
            seen.setdefault(kind, set()).add(place)
    for name, key, about in (
        ("ucm_registered_phones", "registered", "Cisco CallManager: registered phones of every kind"),
        ("ucm_encrypted_registered_phones", "encrypted", "Cisco CallManager: EncryptedRegisteredPhones"),
        (
            "ucm_authenticated_registered_phones",
            "authenticated",
            "Cisco CallManager: AuthenticatedRegisteredPhones",
        ),
        (
            "ucm_registered_hardware_phones_mra",
            "mra_hardware",
            "Cisco CallManager: RegisteredHardwarePhonesMRA",
        ),
        ("ucm_registered_csf_webex_mra", "mra_csf", "Cisco CallManager: RegisteredCSFWebexMRA"),
    ):
        count = Counter(node for node, _ in seen.get(key, ()))
        yield _Family(
            name, "gauge", about, tuple(({"node": node}, count[node]) for node in site.ucm.call_managers)
        )


def _lines(family: _Family) -> Iterable[str]:
    yield f"# HELP {family.name} {family.about}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in family.samples:
        shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{family.name}{{{shown}}} {value}" if shown else f"{family.name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
