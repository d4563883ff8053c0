"""Always-valid intervals, e-values and p-values: how far an estimate may stray at any time if there is no effect.

The boundary is the normal mixture: Robbins, "Statistical methods related to the law of the iterated logarithm" (1970);
that it holds for averages of any figures from some number of them on: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas,
"Time-uniform central limit theory and asymptotic confidence sequences" (Annals of Statistics 52, 2024), theorem 2.2.

With z the estimate in standard errors and r = people * rho2:

    e     = exp(z^2 / 2 * r / (1 + r)) / sqrt(1 + r)
    |z|  <= sqrt((1 + r) / r * (log(1 + r) + 2 log(1 / alpha)))     the same, solved for e = 1 / alpha

rho2 decides for how many people the interval is narrowest. It is fixed beforehand; to choose it by the data would be to
look at the result.
"""

import numpy as np

from streams.domain.inference.arms import Floats


def rho2(level: float, tuned_for: int) -> float:
    """The parameter rho2 with which the interval is narrowest at `tuned_for` people.

    The minimum over r of the limit: 1 + r = -W(-alpha^2 / e), of Lambert's function the lower branch.
    """
    from scipy.special import lambertw

    alpha = 1.0 - level
    return float(-lambertw(-alpha * alpha / np.e, -1).real - 1.0) / tuned_for


def log_e(z2: Floats, people: Floats, rho2: float) -> Floats:
    """The logarithm of the e-value of estimates that lie `z2` squared standard errors from what is tested."""
    r = people * rho2
    return 0.5 * (z2 * r / (1.0 + r) - np.log1p(r))


def squared_limit(level: float, people: Floats, rho2: float) -> Floats:
    """The half width of the interval in squared standard errors; of nobody as of one person."""
    r = np.maximum(people, 1.0) * rho2
    limit: Floats = (1.0 + r) / r * (np.log1p(r) - 2.0 * np.log(1.0 - level))
    return limit


def as_normal(t2: Floats, degrees: Floats) -> Floats:
    """z^2 that is as rare as t^2 by Student's law, where the variance was told from few groups.

    Wallace, "Bounds on normal approximations to Student's and the chi-square distributions" (1959).
    """
    finite = np.where(np.isfinite(degrees), degrees, 1.0)
    return np.where(np.isfinite(degrees), finite * np.log1p(t2 / finite) * _wallace(finite), t2)


def as_student(z2: Floats, degrees: Floats) -> Floats:
    """The inverse of `as_normal`."""
    finite = np.where(np.isfinite(degrees), degrees, 1.0)
    return np.where(np.isfinite(degrees), finite * np.expm1(np.minimum(z2 / _wallace(finite) / finite, 300.0)), z2)


def _wallace(degrees: Floats) -> Floats:
    return ((8.0 * degrees + 1.0) / (8.0 * degrees + 3.0)) ** 2


def always_valid_p(log_e_max: Floats) -> Floats:
    """The always-valid p-value: 1 over the largest e-value so far, at most 1; the caller keeps the largest logarithm.

    Johari, Koomen, Pekelis & Walsh, "Always valid inference" (Operations Research 70, 2022); Ville (1939): the chance
    that an e-value that starts at 1 ever reaches 1 / p is at most p.
    """
    return np.exp(-np.maximum(log_e_max, 0.0))
