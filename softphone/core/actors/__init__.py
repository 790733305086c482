"""The two phone actors: Softphone (registers) and Jabber (signs in first)."""
