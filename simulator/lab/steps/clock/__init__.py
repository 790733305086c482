"""Verbs about time, one a file."""
