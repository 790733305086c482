"""HTTP messages and the services that answer them, without I/O."""
