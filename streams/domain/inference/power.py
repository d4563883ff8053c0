"""How many people an experiment needs to find a difference, before it begins. Pure."""

from math import ceil
from statistics import NormalDist
from typing import NamedTuple

SURE, FOUND = 0.95, 0.8
"""The level of an interval, and the share of experiments in which a difference that is there is found."""
LOOKED_AT_ANY_TIME = 1.75
"""How many times as many people it takes where one may look at any time, as Harmonia's intervals let one.

Measured by `benchmarks/experiments`: the table of docs/experiments.md.
"""


class PeopleNeeded(NamedTuple):
    """People in both variants together: of a test that is looked at once, and where one may look at any time."""

    looked_at_once: int
    looked_at_any_time: int


def people_needed(usual: float, changed: float, usual_share: float = 0.5) -> PeopleNeeded:
    """People to tell a rate `changed` from a `usual` one, both of 0 to 1 and different.

    `usual_share`: the share of these people who are in the usual variant. Two-sided z-test of two proportions with
    unequal parts: Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, third edition (2003), section
    4.2, without its correction for continuity.
    """
    normal = NormalDist()
    quantiles = normal.inv_cdf((1 + SURE) / 2) + normal.inv_cdf(FOUND)
    spread = usual * (1 - usual) / usual_share + changed * (1 - changed) / (1 - usual_share)
    once = spread * (quantiles / (changed - usual)) ** 2
    return PeopleNeeded(ceil(once), ceil(LOOKED_AT_ANY_TIME * once))
