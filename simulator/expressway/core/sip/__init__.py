"""The SIP proxy of an Expressway: flows, headers, zones, forwarding."""
