"""The phone's reading of its cnf.xml, and the decision on node and port."""
