"""The life of a registration, on one page.

A phone that starts fetches its configuration file (`download`), reads from it the nodes and the port of each
(`softphone.core.device_file`), and connects to the first (`failover`, `node_list`). Over the connection it
begins a dialog (`dialog`): a REGISTER without a token, the same one with a token when the node challenges it,
and the longer Expires that a 423 demands. Then it is registered:

    IDLE -> FETCHING_CONFIG -> CONNECTING -> REGISTERING -> REGISTERED <-> REFRESHING
                 ^                 ^              |               |
                 |                 |              v               v
                 +- BACKING_OFF <--+-- refused, or no node left   UNREGISTERING -> STOPPED

- It refreshes a few seconds before the granted time ends, and renews its token at 75 % of the token's life.
- Inside, it keeps the next node alive and asks a better one for the way back (`standby`). Over an Expressway
  it asks its edge by STUN every 30 s instead (`edge_keep_alive`).
- A node that is silent or a connection that is lost moves it to the next node, or to the next edge, never in a
  call over MRA. When every node of a round has failed it waits, longer each time, and begins with the file
  again.
- A refusal is surfaced (`refusals`) and waited out; it leads to no other node and no other port, except where
  an edge says that it does not reach the node.
- A NOTIFY reset or restart makes it unregister and begin again; `stop` makes it unregister and close.

Where to look: `transitions` is the whole life as one table of (state, input) to an action and the states it
may lead to. `actions` has one function for each action. `state` holds everything that changes, and is the only
file that changes it. `machine` turns what arrives (flows, bytes, files, time) into inputs. `failover` decides
where to go next and returns that as a value. `context` is what all of them share: profile, tokens, journal,
effects.
"""
