"""What UCM's SOAP services share (hardened XML, envelopes, accounts, sessions), RIS and Control Center."""
