"""The administration of an Expressway: discovery of clusters, zones, AXL client."""
