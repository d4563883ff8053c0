"""What a record costs in pure Python, agent by agent: no broker, no store, no Redis."""
