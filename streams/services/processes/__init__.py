"""Which processes of a deployment run, are away or behind, or are not set up, by what they write and answer."""
