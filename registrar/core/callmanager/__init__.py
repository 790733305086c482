"""The Cisco CallManager service of one node: SIP in, decisions carried out, SIP out."""
