"""Keys, chains, good and bad certificates, and TLS contexts: code only, every key is made at run time."""
