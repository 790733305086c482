"""UCM's request to a registered phone: NOTIFY with Event service-control, "reset" or "restart" (sip-wire T11).

[read in code: the Asterisk imitation of UCM; that UCM sends service-control unsolicited is documented]
"""

from __future__ import annotations

from typing import Literal

from registrar.core.cluster.bindings import Binding
from simulator.core.actor.flow import Address
from simulator.core.entropy import Entropy
from simulator.core.instant import Instant, sip_date
from simulator.core.sip import Headers, Request

ResetAction = Literal["reset", "restart"]
_NO_STAMP = "00000000-0000-0000-0000-000000000000"


def reset_request(
    binding: Binding, action: ResetAction, *, local: Address, version: str, entropy: Entropy, now: Instant
) -> Request:
    """Make the NOTIFY for one binding; `local` is the node's end of its flow."""
    host = f"[{local.host}]" if ":" in local.host else local.host
    transport = binding.transport
    call_id = "-".join(entropy.hex(size) for size in (4, 4, 2, 4))
    body = "".join(
        f"{line}\r\n"
        for line in (
            f"action={action}",
            f"RegisterCallId={{{binding.call_id}}}",
            f"ConfigVersionStamp={{{_NO_STAMP}}}",
            f"DialplanVersionStamp={{{_NO_STAMP}}}",
            f"SoftkeyVersionStamp={{{_NO_STAMP}}}",
            f"FeatureControlVersionStamp={{{_NO_STAMP}}}",
        )
    )
    fields = [
        ("Via", f"SIP/2.0/{transport.upper()} {host}:{local.port};branch=z9hG4bK{entropy.hex(6)}"),
        *(("Route", path) for path in binding.path),
        ("From", f"<sip:{binding.dn}@{host}>;tag={entropy.integer(1, 2**31 - 1)}"),
        ("To", f"<sip:{binding.dn}@{binding.contact_uri.host}>"),
        ("Call-ID", f"{call_id}@{local.host}"),
        ("CSeq", "101 NOTIFY"),
        ("Max-Forwards", "70"),
        ("Date", sip_date(now)),
        ("User-Agent", f"Cisco-CUCM{version}"),
        ("Event", "service-control"),
        ("Subscription-State", "active"),
        ("Contact", f"<sip:{binding.dn}@{host}:{local.port};transport={transport}>"),
    ]
    request = Request("NOTIFY", binding.contact_uri, Headers(fields))
    return request.with_body("text/plain", body.encode("utf-8", "surrogateescape"))
