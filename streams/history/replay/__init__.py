"""History told again: what lies in the lake or in a file, to a running system, without getting in anybody's way."""
