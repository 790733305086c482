"""Captures without root: what drivers tell a tap, written as a pcapng file that Wireshark decrypts by itself.

The bytes are real, the frames around them are made up (docs/adr/0004-captures-of-our-own-bytes.md). A capture
holds the TLS secrets of its connections: who has the file reads the tokens. It is written on request only.
"""

from simulator.evidence.capture.recorder import LIMIT, Capture

__all__ = ["LIMIT", "Capture"]
