"""Verbs about the phones of a lab, one a file."""
