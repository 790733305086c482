"""Pure ground floor: values, SIP, TLS sessions, events. No I/O, no clock, no randomness."""
