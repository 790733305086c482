"""The surroundings of a lab's actors: clock and events, certificates, addresses and names."""
