"""Verbs of an administrator of UCM or of an Expressway, one a file."""
