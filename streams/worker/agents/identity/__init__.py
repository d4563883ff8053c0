"""The links agent: finds the canonical id of each identifier."""
