"""Which of thousands of experiments found something, if few of the finds may be false.

e-BH: Wang & Ramdas, "False discovery rate control with e-values" (JRSS B 84, 2022). Holds however the experiments
depend on each other, and at any time, for e-values of that time (not for the largest so far).
"""

import numpy as np

from streams.domain.inference.arms import Bools, Floats

LEVEL = 0.10


def discoveries(log_e: Floats, level: float = LEVEL) -> Bools:
    """Those that are found: expected, at most the part `level` of them are false. Shape [K], logarithms of e-values.

    The k largest, for the largest k whose smallest e-value is at least K / (k * level).
    """
    ranks = np.arange(1, log_e.size + 1)
    order = np.argsort(-log_e, kind="stable")
    passed = np.flatnonzero(log_e[order] + np.log(ranks * level / max(log_e.size, 1)) >= 0.0)
    found = np.zeros(log_e.shape, dtype=np.bool_)
    if passed.size:
        found[order[: passed[-1] + 1]] = True
    return found
