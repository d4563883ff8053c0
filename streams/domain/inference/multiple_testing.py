"""False finds among thousands of experiments: which effects are discoveries, and when a guardrail is worth an alert.

Discoveries, by e-BH: Wang & Ramdas, "False discovery rate control with e-values" (JRSS B 84, 2022). It holds however
the experiments depend on each other, and at any time, for e-values of that time (not for the largest so far).

Alerts, so that nobody learns to pass over them: an e-value that starts at 1 ever reaches x with a chance of 1 / x at
most (Ville 1939). So of K guardrails that are watched together the chance that even one without harm ever reaches
K / level is at most `level`, however they depend on each other, as the same people do who are in many experiments
(Bonferroni: chances add up).

That is stricter than e-BH, and is meant to be: e-BH says how many of the finds of one moment are false, by e-values of
that moment. An alert is sent once and never taken back, so what counts is all moments together, which e-BH promises
nothing of. Levels that are spent over all experiments that will ever come (e-LOND: Xu & Ramdas, "Online multiple
testing with e-values", AISTATS 2024) do, and rise for ever. It costs little, since the evidence of a disaster grows
with each case: docs/experiments.md says how much.
"""

from math import log

import numpy as np

from streams.domain.inference.arms import Bools, Floats

FALSE_DISCOVERY_RATE = 0.10


def discoveries(log_e: Floats, level: float = FALSE_DISCOVERY_RATE) -> Bools:
    """Which of K effects are discoveries (e-BH): at most the part `level` of them is expected to be false.

    `log_e`: logarithms of their e-values, shape [K].

    The k largest, for the largest k whose smallest e-value is at least K / (k * level).
    """
    ranks = np.arange(1, log_e.size + 1)
    order = np.argsort(-log_e, kind="stable")
    passed = np.flatnonzero(log_e[order] + np.log(ranks * level / max(log_e.size, 1)) >= 0.0)
    found = np.zeros(log_e.shape, dtype=np.bool_)
    if passed.size:
        found[order[: passed[-1] + 1]] = True
    return found


FALSE_ALERT_CHANCE = 0.05


def guardrail_alert_threshold(watched: int, level: float = FALSE_ALERT_CHANCE) -> float:
    """The logarithm of the e-value from which on a guardrail is alerted, where so many are watched together."""
    return log(max(watched, 1) / level)
