"""Export files of campaign tools, read piece by piece into what the adapters make of them."""
