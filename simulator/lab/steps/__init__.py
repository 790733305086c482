"""The steps of scenarios: one verb a file, and what they need of a driver."""
