"""The HTTP API: profiles, permissions, experiments and insights. Reads Redis, and records who asked in `audit-log`."""
