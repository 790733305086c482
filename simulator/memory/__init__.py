"""The network without sockets: discrete events, real TLS over memory."""
