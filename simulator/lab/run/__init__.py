"""Running labs and scenarios: on sockets, and in the World without sockets."""
