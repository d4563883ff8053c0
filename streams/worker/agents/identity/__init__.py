"""The links agent: finds the identity cluster of each identifier, and its canonical id."""
