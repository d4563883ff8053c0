"""Measurements behind the metrics of a worker: lag, take-overs, Redis and disk, what campaigns count, teams' hours."""
