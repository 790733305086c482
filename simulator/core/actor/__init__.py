"""Flows, actors and effects: the seam between what decides and what moves bytes."""
