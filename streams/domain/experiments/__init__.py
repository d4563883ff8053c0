"""Experiments: who was given which variant, what became of them, and what may be said of it while it runs. All pure."""
