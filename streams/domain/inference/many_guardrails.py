"""When one of thousands of guardrails is worth an alert, so that nobody learns to pass over alerts.

An e-value that starts at 1 ever reaches x with a chance of 1 / x at most (Ville 1939). So of K guardrails that are
watched together the chance that even one without harm ever reaches K / level is at most `level`, however they depend on
each other, as the same people do who are in many experiments (Bonferroni: chances add up).

This is stricter than e-BH (Wang & Ramdas, JRSS B 84, 2022; see `discoveries`), and is meant to be: e-BH says how many
of the finds of one moment are false, by e-values of that moment. An alert is sent once and never taken back, so
what counts is all moments together, which e-BH promises nothing of. Levels that are spent over all experiments that
will ever come (e-LOND: Xu & Ramdas, "Online multiple testing with e-values", AISTATS 2024) do, and rise for ever.

It costs little, since the evidence of a disaster grows with each case: docs/experiments.md says how much.
"""

from math import log

LEVEL = 0.05


def least_evidence(watched: int, level: float = LEVEL) -> float:
    """The logarithm of the e-value from which on one is alerted, of so many guardrails that are watched."""
    return log(max(watched, 1) / level)
