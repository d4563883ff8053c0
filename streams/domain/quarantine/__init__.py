"""A source that floods: what of it can wait is held, whole, until somebody has looked. Pure; `streams.worker.agents` acts."""
