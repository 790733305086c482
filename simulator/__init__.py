"""ucmsim: a protocol simulator of Cisco Unified CM's SIP OAuth registrar and of the Jabber softphone.

Ground floor (`core`, `aio`) and top floor (`lab`, `cli`) of the project; nothing is imported eagerly.
Not affiliated with Cisco.
"""

__version__ = "0.1.0"
