"""From evidence to p-values that hold at every look."""

import numpy as np

from streams.domain.inference.arms import Floats


def always_valid_p(log_e_max: Floats) -> Floats:
    """1 over the largest e-value so far, at most 1, by its logarithm; the caller keeps the largest.

    Johari, Koomen, Pekelis & Walsh, "Always valid inference" (Operations Research 70, 2022); Ville (1939): the chance
    that an e-value that starts at 1 ever reaches 1 / p is at most p.
    """
    return np.exp(-np.maximum(log_e_max, 0.0))
