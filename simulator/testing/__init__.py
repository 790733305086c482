"""Tools for tests of actors: the simulator's own, and those that you write.

`Playbook` plays the part of the network, the clock and the driver for one actor, without sockets and without
time.
"""

from simulator.testing.playbook import Mismatch, Playbook

__all__ = ["Mismatch", "Playbook"]
