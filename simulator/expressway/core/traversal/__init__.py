"""The traversal zone and the HTTPS tunnel between Expressway-E and Expressway-C."""
