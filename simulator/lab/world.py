"""The discrete-event driver: the same actors with no sockets and no asyncio, exactly."""
