"""One lab, built and not yet run: cluster, services, Expressways, phones, names, certificates."""
