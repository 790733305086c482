"""TLS as part of the product: settings, peer identities, alerts, and a session without a socket."""
