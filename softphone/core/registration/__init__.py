"""The life of a registration: one table of transitions, its actions, failover."""
