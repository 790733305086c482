"""The two actors: Expressway-C inside, Expressway-E outside."""
