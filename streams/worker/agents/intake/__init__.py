"""Intake: what producers sent becomes one stream, keyed by person; what is no interaction becomes a dead letter."""
