"""HTTPS on 8443 of an Expressway: edge configuration and the paths that MRA clients may reach."""
