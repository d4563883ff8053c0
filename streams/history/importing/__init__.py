"""Export files of teams' tools, read piece by piece into what the adapters make of them."""
