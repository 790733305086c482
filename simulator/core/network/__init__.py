"""What listens, and what opens it: endpoints and the network they are opened on."""
