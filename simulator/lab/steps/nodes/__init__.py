"""Verbs about the nodes and what can go wrong with them, one a file."""
