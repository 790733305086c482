"""The two actors: the Expressway-C beside UCM, and the Expressway-E that phones reach from the Internet."""
