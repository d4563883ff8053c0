"""Whether the statistics of experiments keep what they promise: `python -m benchmarks.experiments`.

Thousands of simulated experiments, each looked at after every batch. What comes out is in docs/experiments.md.
"""
