"""Verbs that check what was seen, one a file."""
