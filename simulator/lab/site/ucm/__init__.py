"""The UCM cluster of a lab: its database, its services, and what makes them fail."""
