"""One worker process: its agents, its metrics, and what looks after them."""
