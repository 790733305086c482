"""The decision about one REGISTER: checks in order, the table of refusals, and what a success changes."""
