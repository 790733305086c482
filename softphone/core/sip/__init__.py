"""SIP messages as Jabber writes them, its connection, and requests from UCM."""
