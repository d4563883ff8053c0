"""A policy tried on the past: what it would have said to every touch there was, and what became of those people.

`counting` takes out what does not count, `past` finds each touch and what was known just before it, `judging` asks the
policies, `outcomes` and `tally` count what followed, `people` brings a person's rows together, `run` does it all with
several processes, and `shown` tells it.
"""
