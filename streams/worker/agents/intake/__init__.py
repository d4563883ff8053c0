"""The intake agent, which reads the input topics, and the dead letters it makes of refused records."""
