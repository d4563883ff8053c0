"""The two sides of comparisons as arrays that statistics take: by pair and metric, and by group if there are any."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from events.experiments.metrics import METRICS, PLACE, THOUSANDTHS
from streams.domain.contact.contribution import GROUPS, UNKNOWN
from streams.domain.experiments.row_layout import (
    GROUPED_WIDTH,
    OF_A_GROUP,
    OF_A_METRIC,
    RAW,
    SUMS,
    WIDTH,
    XX,
    XY,
    YD,
    YY,
    Ints,
    N,
    X,
    Y,
)
from streams.domain.experiments.row_table import LiveArm, LiveExperiment
from streams.domain.experiments.totals import ExperimentTotals, VariantTotals, sum_rows
from streams.domain.inference import arms as inference
from streams.domain.inference.comparing import MeanComparison
from streams.domain.inference.contacted import (
    ContactedArm,
    ContactedEffect,
    contacted_arm,
    contacted_arm_of_groups,
    effect_on_contacted,
)
from streams.domain.inference.estimation import GroupSums, with_design_effects

_ACTS = sorted(PLACE[metric] for metric in THOUSANDTHS)


@dataclass(frozen=True, slots=True)
class ArmSums:
    """Sums of all arms as rows, and sums by group of arms that were assigned in households and turfs.

    `groups`: of those arms, each in its `place`.
    """

    rows: Ints
    groups: NDArray[np.float64]
    place: NDArray[np.intp]

    def groups_of(self, arms: NDArray[np.intp]) -> NDArray[np.float64]:
        """Shape [arms, GROUPS, OF_A_GROUP]."""
        return self.groups[self.place[arms]]


class ComparisonSides:
    """Both sides of some pairs of a variant and its baseline, over some days.

    Parameters:
        treated, baseline: their rows among all arms.
        in_groups: which pairs are of households or turfs.
    """

    def __init__(
        self, held: ArmSums, treated: NDArray[np.intp], baseline: NDArray[np.intp], in_groups: NDArray[np.bool_]
    ) -> None:
        self._held = held
        self._treated, self._baseline = treated, baseline
        self._pairs = np.flatnonzero(in_groups)
        self._places = (self._pairs[:, None] * len(METRICS) + np.arange(len(METRICS))).ravel()

    def arms(self) -> tuple[inference.Arm, inference.Arm]:
        """Of each pair and metric."""
        treated, baseline = arm_of(self._held.rows[self._treated]), arm_of(self._held.rows[self._baseline])
        if not self._pairs.size:
            return treated, baseline
        one, other = with_design_effects(
            at(treated, self._places),
            at(baseline, self._places),
            self._groups(self._treated),
            self._groups(self._baseline),
        )
        return with_groups(treated, one, self._places), with_groups(baseline, other, self._places)

    def on_contacted(self, level: float) -> ContactedEffect:
        """Of each pair and metric."""
        treated, baseline = self.arms()
        sides = [self._reached(arm, where) for arm, where in ((treated, self._treated), (baseline, self._baseline))]
        return effect_on_contacted(sides[0], sides[1], level=level)

    def _reached(self, arm: inference.Arm, where: NDArray[np.intp]) -> ContactedArm:
        held = by_metric(self._held.rows[where])
        contacted = held[:, PLACE["contacted"], Y].astype(np.float64)
        d = np.repeat(contacted, len(METRICS))
        found = contacted_arm(arm, d, held[:, :, YD].ravel().astype(np.float64))
        if not self._pairs.size:
            return found
        groups = self._groups(where)
        contacts = np.repeat(groups.y.reshape(-1, len(METRICS), GROUPS)[:, PLACE["contacted"]], len(METRICS), axis=0)
        inner = contacted_arm_of_groups(
            at(arm, self._places), d[self._places], groups, GroupSums(n=groups.n, y=contacts, x=groups.x)
        )
        for name in ("variance", "variance_d", "covariance"):
            getattr(found, name)[self._places] = getattr(inner, name)
        return found

    def _groups(self, where: NDArray[np.intp]) -> GroupSums:
        held = self._held.groups_of(where[self._pairs])
        values = held[:, :, 1:].reshape(-1, GROUPS, len(METRICS), 2).transpose(0, 2, 1, 3).reshape(-1, GROUPS, 2)
        return GroupSums(n=np.repeat(held[:, :, 0], len(METRICS), axis=0), y=values[:, :, 0], x=values[:, :, 1])


def by_metric(held: Ints) -> Ints:
    return held[:, SUMS:WIDTH].reshape(-1, len(METRICS), OF_A_METRIC)


def whole_and_unknown(held: Ints) -> tuple[Ints, Ints]:
    """By row and metric the sum of whole amounts, and of how many people the metric is not known any more.

    Acts are never winsorised: where their two sums differ, they do so by one for each whom nobody knows (`UNKNOWN`).
    """
    whole = by_metric(held)[:, :, RAW].copy()
    unknown = np.zeros_like(whole)
    acts = by_metric(held)[:, _ACTS, Y]
    unknown[:, _ACTS] = (acts - whole[:, _ACTS]) // UNKNOWN
    whole[:, _ACTS] = acts
    return whole, unknown


def arm_of(held: Ints) -> inference.Arm:
    sums = by_metric(held).reshape(-1, OF_A_METRIC).astype(np.float64)
    n = np.repeat(held[:, N].astype(np.float64), len(METRICS))
    return inference.arm_of_people(np.column_stack([n, sums[:, [Y, YY, X, XX, XY]]]))


def at(arm: inference.Arm, chosen: NDArray[np.intp]) -> inference.Arm:
    return inference.Arm(**{name: getattr(arm, name)[chosen] for name in inference.Arm.__dataclass_fields__})


def with_groups(arm: inference.Arm, other: inference.Arm, places: NDArray[np.intp]) -> inference.Arm:
    deff, groups = arm.deff.copy(), arm.groups.copy()
    deff[places], groups[places] = other.deff, other.groups
    return replace(arm, deff=deff, groups=groups)


def joined(parts: Collection[tuple[NDArray[np.intp], MeanComparison]], size: int) -> MeanComparison:
    whole: dict[str, Any] = {}
    for name in MeanComparison.__dataclass_fields__:
        values = [(chosen, getattr(found, name)) for chosen, found in parts]
        whole[name] = np.zeros(size, values[0][1].dtype)
        for chosen, some in values:
            whole[name][chosen] = some
    return MeanComparison(**whole)


def first_day(totals: ExperimentTotals | LiveExperiment) -> int | None:
    """Of those that are open."""
    if isinstance(totals, LiveExperiment):
        return totals.first_day
    return min((day for arm in totals.arms.values() for day in arm.days), default=None)


def seen_in(totals: Sequence[ExperimentTotals | LiveExperiment], array: Ints) -> list[list[str]]:
    """Of each of these the variants in which there is anything."""
    places = [arm.whole for each in totals if isinstance(each, LiveExperiment) for arm in each.arms.values()]
    found = iter(np.any(array[places], axis=1).tolist())
    return [
        [name for name in each.arms if next(found)]
        if isinstance(each, LiveExperiment)
        else [name for name, arm in each.arms.items() if arm.closed or arm.days]
        for each in totals
    ]


def over_closed(arms: Sequence[VariantTotals | LiveArm | None], wide: NDArray[np.bool_], array: Ints) -> ArmSums:
    """The sums of these arms over all days that are closed."""
    held = _held_of([[arm.closed] if isinstance(arm, VariantTotals) else [] for arm in arms], wide)
    return _with_rows(held, {place: arm.closed for place, arm in enumerate(arms) if isinstance(arm, LiveArm)}, array)


def over_all(arms: Sequence[VariantTotals | LiveArm | None], wide: NDArray[np.bool_], array: Ints) -> ArmSums:
    """The sums of these arms over all days."""
    held = _held_of([[arm.closed, *arm.days.values()] if isinstance(arm, VariantTotals) else [] for arm in arms], wide)
    return _with_rows(held, {place: arm.whole for place, arm in enumerate(arms) if isinstance(arm, LiveArm)}, array)


def _with_rows(held: ArmSums, places: Mapping[int, int], array: Ints) -> ArmSums:
    held.rows[list(places)] = array[list(places.values())]
    return held


def _held_of(parts: Sequence[Sequence[bytes]], wide: NDArray[np.bool_]) -> ArmSums:
    arms = np.flatnonzero(wide)
    groups = sum_rows([parts[arm] for arm in arms.tolist()], GROUPED_WIDTH)[:, WIDTH:]
    return ArmSums(
        sum_rows(parts),
        groups.reshape(-1, GROUPS, OF_A_GROUP).astype(np.float64),
        np.where(wide, np.cumsum(wide) - 1, -1),
    )
