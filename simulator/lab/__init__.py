"""The lab: builds a cluster, Expressways and phones from a file, runs them, and checks what happened."""
