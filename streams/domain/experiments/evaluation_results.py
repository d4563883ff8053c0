"""Results of evaluating many experiments: flat lists by arm, by pair of variant and baseline, and by metric.

One flat list of each figure: a list for each pair took twice as long, and the garbage collector walks over them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from events.experiments.metrics import METRICS

Table: TypeAlias = list[float]
"""By pair and metric, see `place_of`."""


def place_of(pair: int, metric: int) -> int:
    """Where in a table a pair and (by its place among all) a metric are."""
    return pair * len(METRICS) + metric


@dataclass(frozen=True, slots=True)
class ScopeComparisons:
    """Comparisons over closed days, or over everybody. `p`: of the largest e-value so far; it holds at every look.

    Where nothing at all is `enough`, as over closed days of young experiments, the tables below that are empty.
    """

    log_e: Table
    enough: list[bool]
    effect: Table
    low: Table
    high: Table
    p: Table
    raw_effect: Table
    people: Table
    too_few: list[bool]
    """By pair: fewer people than an interval takes."""
    too_few_groups: list[bool]


@dataclass(frozen=True, slots=True)
class GuardrailResults:
    """Guardrail tests by pair and metric, over everybody."""

    effect: Table
    low: Table
    p: Table
    enough: list[bool]


@dataclass(frozen=True, slots=True)
class ContactedComparisons:
    """Effects on the people who were contacted, by pair that has any; NaN where nothing bounds them.

    `any_enough`: by such a pair, whether anything is `enough`.
    """

    place: dict[int, int]
    effect: Table
    low: Table
    high: Table
    rate: Table
    baseline_rate: Table
    enough: list[bool]
    any_enough: list[bool]


@dataclass(frozen=True, slots=True)
class CaseEvaluation:
    """The evaluation of one case: its variants and which pairs of all are its own. `first`: its first arm of all.

    `split_peak`: the largest logarithm of the e-value against the planned split so far, and `split_p`: its p.
    """

    variants: Sequence[str]
    baseline: str | None
    first: int
    pairs: Mapping[str, int]
    split_peak: float
    split_p: float

    def arms_of(self, variant: str) -> tuple[int, int]:
        """The places of a variant and of the baseline among all arms; without a baseline the first."""
        names = list(self.variants)
        baseline = 0 if self.baseline is None else names.index(self.baseline)
        return self.first + names.index(variant), self.first + baseline


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The evaluation of all cases. By arm `assigned`, `closed`, `contaminated` and `sums` (whole amounts, by metric).

    `unknown`: by arm and metric of how many people nobody knows it any more.
    """

    looked: list[CaseEvaluation]
    assigned: list[int]
    closed: list[int]
    contaminated: list[int]
    sums: list[list[int]]
    unknown: list[list[int]]
    over_closed: ScopeComparisons
    over_all: ScopeComparisons
    harms: GuardrailResults
    contacted_closed: ContactedComparisons
    contacted_all: ContactedComparisons
    peaks: list[bytes]
