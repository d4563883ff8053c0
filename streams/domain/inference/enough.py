"""From where on an average of skewed figures is as good as normal: found by simulation, see docs/experiments.md."""

import numpy as np

from streams.domain.inference.arms import Arm, Bools, Floats, ratio

MIN_PEOPLE = 100
"""In each arm, counted as if independent."""

MIN_POSITIVES = 20
"""People with an outcome, and people without, whom the smaller arm would have if both were alike."""

MIN_POSITIVES_CONTACTED = 100
"""The same for the effect on the contacted, whose variances are as they are (see `steady`)."""

MIN_COVARIATES = 100
"""People with a covariate, in both arms together."""

MIN_GROUPS = 30
"""Groups of households or turfs in each arm. Of fewer nobody can tell how far they differ."""


def positives(n: Floats, y: Floats, yy: Floats) -> Floats:
    """How many people carry the sum, or are missing from it, whichever are fewer (Kish's effective number).

    Of a rate exactly the people with the outcome, or those without. Of amounts fewer than there are donors, the more so
    the more a few large gifts make up: it is what tells how far their mean is from normal.
    """
    carrying = np.minimum(ratio(y * y, yy), n)
    return np.minimum(carrying, n - carrying)


def enough(treated: Arm, baseline: Arm, least: float = MIN_POSITIVES) -> Bools:
    """Whether an interval may be shown, if so many positives are the least.

    Positives are counted over both arms together, since to wait until one has them would be to look at the result.
    """
    n, y, yy = treated.n + baseline.n, treated.y + baseline.y, treated.yy + baseline.yy
    share = np.minimum(ratio(treated.n, n), ratio(baseline.n, n))
    expected = share * positives(n, y, yy) / np.maximum(treated.deff, baseline.deff)
    people = np.minimum(treated.people, baseline.people)
    groups = np.minimum(treated.groups, baseline.groups)
    return (people >= MIN_PEOPLE) & (expected >= least) & (groups >= MIN_GROUPS)
