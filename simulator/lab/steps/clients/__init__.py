"""Verbs that add a client to the lab: HTTP, AXL, any bytes. One a file."""
