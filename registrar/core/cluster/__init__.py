"""What the nodes of a cluster share: directory, bindings, trusted Expressways, and a node's snapshot of it."""
