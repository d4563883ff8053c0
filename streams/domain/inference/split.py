"""Sample ratio test: whether people are assigned in the planned proportions, valid after every one of them.

Lindon & Malek, "Anytime-valid inference for multinomial count data" (NeurIPS 2022): counts under proportions drawn from
a Dirichlet distribution around the planned ones, against the planned ones themselves.
"""

import numpy as np

from streams.domain.inference.arms import Floats

FINE, COARSE = 20_000.0, 200.0
"""Concentrations: where the true proportions are looked for, within about 1 % and within about 10 % of the planned.

`FINE` finds 50.5 where 50 was planned within 200,000 people; `COARSE` a broken assignment within hundreds."""

_FINE_SHARE = 0.9
THRESHOLD = 0.01
"""A split whose always-valid p is below this is broken."""


def log_bayes_factor(counts: Floats, planned: Floats, deff: Floats | None = None) -> Floats:
    """Logarithm of the evidence that the split is not as planned, now. Shape [K]; an e-value.

    `counts`: [K, V] people by variant. `planned`: [K, V], adding up to 1, 0 where an experiment has fewer variants;
    people in a variant with no plan are left out. `deff`: [K], see `split_design_effect`, where people were assigned
    together.
    """
    counts = np.where(planned > 0, counts, 0.0)
    if deff is not None:
        counts = counts / deff[:, None]
    fine = np.log(_FINE_SHARE) + _mixture(counts, planned, FINE)
    coarse = np.log1p(-_FINE_SHARE) + _mixture(counts, planned, COARSE)
    evidence: Floats = np.logaddexp(fine, coarse)
    return evidence


def _mixture(counts: Floats, planned: Floats, concentration: float) -> Floats:
    from scipy.special import gammaln, xlogy

    prior = np.where(planned > 0, concentration * planned, 1.0)
    total = gammaln(concentration) - gammaln(concentration + counts.sum(axis=1))
    parts = gammaln(prior + counts) - gammaln(prior) - xlogy(counts, np.where(planned > 0, planned, 1.0))
    evidence: Floats = total + parts.sum(axis=1)
    return evidence
