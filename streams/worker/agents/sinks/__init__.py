"""The agents that feed sinks from output topics."""
