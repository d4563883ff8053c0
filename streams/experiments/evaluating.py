"""From the sums of many experiments to what may be said of each: of all at once, since one by one takes seconds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.experiments.given import GROUPS
from streams.experiments.metrics import HARM, METRICS, PLACE
from streams.experiments.plans import Plan
from streams.experiments.totals import (
    CONTAMINATED,
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
    Arm,
    Ints,
    N,
    Totals,
    X,
    Y,
    rows,
)
from streams.inference import arms as inference
from streams.inference.clusters import Groups, clustered, spread
from streams.inference.comparing import Compared, compare
from streams.inference.contacted import OnContacted, Reached, on_contacted, reached, reached_in_groups
from streams.inference.enough import MIN_GROUPS, MIN_PEOPLE
from streams.inference.harm import harm
from streams.inference.split import log_bayes_factor

LEVEL = 0.95
CLOSED, EVERYBODY, HARMED = range(3)
"""Places of the largest e-values so far: over closed days, over everybody, and of guardrails."""
_PEAKS = 3, len(METRICS)

Table: TypeAlias = list[list[float]]
"""By pair and metric."""


class Case(Struct, frozen=True):
    """An experiment to be looked at. `peaks`: of the largest logarithms of e-values so far, as bytes, by variant."""

    experiment: str
    plan: Plan
    totals: Totals
    peaks: Mapping[str, bytes] = {}
    split_peak: float = 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """Sums of all arms; of those that were assigned in households and turfs also `groups`, each in its `place`."""

    rows: Ints
    groups: NDArray[np.float64]
    place: NDArray[np.intp]

    def groups_of(self, arms: NDArray[np.intp]) -> NDArray[np.float64]:
        """Shape [arms, GROUPS, OF_A_GROUP]."""
        return self.groups[self.place[arms]]


@dataclass(frozen=True, slots=True)
class Scope:
    """Comparisons over closed days, or over everybody; `peaks`: the largest logarithm of the e-value so far."""

    effect: Table
    low: Table
    high: Table
    log_e: Table
    peaks: Table
    raw_effect: Table
    people: Table
    enough: list[list[bool]]
    too_few: list[bool]
    """By pair: fewer people than an interval takes."""
    too_few_groups: list[bool]


@dataclass(frozen=True, slots=True)
class Harms:
    """Guardrails, over everybody."""

    effect: Table
    low: Table
    peaks: Table
    enough: list[list[bool]]


@dataclass(frozen=True, slots=True)
class OfContacted:
    """The effect on those who were reached, by pair that has any; NaN where nothing bounds it."""

    place: dict[int, int]
    effect: Table
    low: Table
    high: Table
    rate: Table
    baseline_rate: Table
    enough: list[list[bool]]


@dataclass(frozen=True, slots=True)
class Looked:
    """One case: its variants, and which pairs of all are its own. `first`: of its variants among all arms."""

    variants: Sequence[str]
    baseline: str | None
    first: int
    pairs: Mapping[str, int]
    shares: Mapping[str, float] | None
    split_peak: float


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Of all cases. By arm `assigned`, `closed`, `contaminated` and `sums` (of whole amounts, by metric)."""

    looked: list[Looked]
    assigned: list[int]
    closed: list[int]
    contaminated: list[int]
    sums: list[list[int]]
    over_closed: Scope
    over_all: Scope
    harms: Harms
    contacted_closed: OfContacted
    contacted_all: OfContacted
    peaks: list[bytes]


def evaluate(cases: Sequence[Case]) -> Evaluated:
    """What may be said now."""
    field = _Field(cases)
    over_closed, closed_peaks = field.compared(field.closed, CLOSED)
    over_all, all_peaks = field.compared(field.all, EVERYBODY)
    harms, harm_peaks = field.harms()
    peaks = np.stack([closed_peaks, all_peaks, harm_peaks], axis=1)
    return Evaluated(
        looked=field.looked(),
        assigned=field.all.rows[:, N].tolist(),
        closed=field.closed.rows[:, N].tolist(),
        contaminated=field.all.rows[:, CONTAMINATED].tolist(),
        sums=_by_metric(field.all.rows)[:, :, RAW].tolist(),
        over_closed=over_closed,
        over_all=over_all,
        harms=harms,
        contacted_closed=field.on_contacted(field.closed),
        contacted_all=field.on_contacted(field.all),
        peaks=[each.tobytes() for each in peaks],
    )


class _Field:
    """All arms and pairs of the cases, as arrays."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = cases
        self._variants = [case.plan.variants(_seen(case.totals)) for case in cases]
        self._firsts = np.cumsum([0, *map(len, self._variants)]).tolist()
        held = [
            case.totals.arms.get(name, Arm())
            for case, names in zip(cases, self._variants, strict=True)
            for name in names
        ]
        self._grouped = np.array([case.plan.rule.unit != "contact" for case in cases], np.bool_)
        wide = np.repeat(self._grouped, list(map(len, self._variants)))
        self.closed = _held([[arm.closed] for arm in held], wide)
        self.all = _held([[arm.closed, *arm.days.values()] for arm in held], wide)
        self._pair()

    def _pair(self) -> None:
        treated: list[int] = []
        baseline: list[int] = []
        case_of: list[int] = []
        self._baselines: list[str | None] = []
        self._pairs: list[dict[str, int]] = []
        peaks: list[bytes] = []
        for number, (case, names) in enumerate(zip(self._cases, self._variants, strict=True)):
            base = case.plan.baseline if case.plan.baseline in names else min(names, default=None)
            self._baselines.append(base)
            mine: dict[str, int] = {}
            for place, name in enumerate(names):
                if base is not None and name != base:
                    mine[name] = len(treated)
                    treated.append(self._firsts[number] + place)
                    baseline.append(self._firsts[number] + names.index(base))
                    case_of.append(number)
                    peaks.append(case.peaks.get(name, b"") or _NO_PEAKS)
            self._pairs.append(mine)
        self._treated, self._baseline = np.array(treated, np.intp), np.array(baseline, np.intp)
        self._case_of = np.array(case_of, np.intp)
        self._peaks = np.frombuffer(b"".join(peaks), np.float64).reshape(-1, *_PEAKS)
        tuned = np.array([case.plan.tuned_for for case in self._cases], np.int64)
        self._tuned_for = tuned[self._case_of] if case_of else np.zeros(0, np.int64)
        self._in_groups = self._grouped[self._case_of] if case_of else np.zeros(0, np.bool_)

    def compared(self, held: Held, scope: int) -> tuple[Scope, NDArray[np.float64]]:
        treated, baseline = self._arms(held)
        found = self._compared(treated, baseline)
        shape = len(self._treated), len(METRICS)
        log_e = found.log_e.reshape(shape)
        peaks = np.maximum(self._peaks[:, scope], log_e)
        n = held.rows[:, N]
        raw = _by_metric(held.rows)[:, :, RAW] / np.maximum(n, 1)[:, None]
        people = np.minimum(n[self._treated], n[self._baseline])
        groups = np.minimum(treated.groups, baseline.groups).reshape(shape)
        return Scope(
            effect=found.effect.reshape(shape).tolist(),
            low=found.low.reshape(shape).tolist(),
            high=found.high.reshape(shape).tolist(),
            log_e=log_e.tolist(),
            peaks=peaks.tolist(),
            raw_effect=(raw[self._treated] - raw[self._baseline]).tolist(),
            people=found.people.reshape(shape).tolist(),
            enough=found.enough.reshape(shape).tolist(),
            too_few=(people < MIN_PEOPLE).tolist(),
            too_few_groups=(groups.min(axis=1) < MIN_GROUPS).tolist(),
        ), peaks

    def harms(self) -> tuple[Harms, NDArray[np.float64]]:
        treated, baseline = self._arms(self.all)
        places = sorted(PLACE[metric] for metric in HARM)
        shape = len(self._treated), len(METRICS)
        chosen = (np.arange(shape[0])[:, None] * shape[1] + np.array(places)).ravel()
        found = harm(_at(treated, chosen), _at(baseline, chosen), level=LEVEL)

        def spread_out(values: NDArray[np.float64]) -> NDArray[np.float64]:
            whole = np.zeros(shape)
            whole[:, places] = values.reshape(-1, len(places))
            return whole

        peaks = np.maximum(self._peaks[:, HARMED], spread_out(found.log_e))
        enough = spread_out(found.enough.astype(np.float64)) > 0
        return Harms(
            spread_out(found.effect).tolist(), spread_out(found.low).tolist(), peaks.tolist(), enough.tolist()
        ), peaks

    def on_contacted(self, held: Held) -> OfContacted:
        contacted = held.rows[:, SUMS + OF_A_METRIC * PLACE["contacted"] + Y]
        chosen = np.flatnonzero(contacted[self._treated] + contacted[self._baseline]) if self._treated.size else None
        if chosen is None or not chosen.size:
            return OfContacted({}, [], [], [], [], [], [])
        part = _Part(self, held, chosen)
        found = part.on_contacted()
        shape = len(chosen), len(METRICS)
        return OfContacted(
            {pair: place for place, pair in enumerate(chosen.tolist())},
            found.effect.reshape(shape).tolist(),
            found.low.reshape(shape).tolist(),
            found.high.reshape(shape).tolist(),
            found.rate.reshape(shape).tolist(),
            found.baseline_rate.reshape(shape).tolist(),
            found.enough.reshape(shape).tolist(),
        )

    def looked(self) -> list[Looked]:
        shares = [
            case.plan.shares([name for place, name in enumerate(names) if self.all.rows[first + place, N] > 0])
            for case, names, first in zip(self._cases, self._variants, self._firsts, strict=False)
        ]
        peaks = self._split_peaks(shares)
        return [
            Looked(self._variants[number], self._baselines[number], self._firsts[number], self._pairs[number], *each)
            for number, each in enumerate(zip(shares, peaks, strict=True))
        ]

    def _split_peaks(self, shares: Sequence[Mapping[str, float] | None]) -> list[float]:
        most = max(map(len, self._variants), default=0)
        counts, planned = np.zeros((len(self._cases), most)), np.zeros((len(self._cases), most))
        planned[:, :1] = 1.0  # where nothing is planned, so that nothing is divided by 0
        deff = np.ones(len(self._cases))
        for number, (names, share) in enumerate(zip(self._variants, shares, strict=True)):
            if share is not None:
                first = self._firsts[number]
                planned[number] = 0.0
                planned[number, : len(names)] = [share.get(name, 0.0) for name in names]
                mine = np.arange(first, first + len(names))
                counts[number, : len(names)] = self.all.rows[mine, N]
                if self._grouped[number]:
                    deff[number] = spread(self.all.groups_of(mine)[None, :, :, 0])[0]
        before = [case.split_peak for case in self._cases]
        if not most:
            return before
        return list(np.maximum(before, log_bayes_factor(counts, planned, deff)).tolist())

    def _arms(self, held: Held) -> tuple[inference.Arm, inference.Arm]:
        return _Part(self, held, np.arange(len(self._treated))).arms()

    def _compared(self, treated: inference.Arm, baseline: inference.Arm) -> Compared:
        tuned = np.repeat(self._tuned_for, len(METRICS))
        kinds = np.unique(tuned).tolist()
        if len(kinds) <= 1:
            return compare(treated, baseline, level=LEVEL, tuned_for=kinds[0] if kinds else 1)
        parts = {}
        for kind in kinds:
            chosen = np.flatnonzero(tuned == kind)
            parts[kind] = chosen, compare(_at(treated, chosen), _at(baseline, chosen), level=LEVEL, tuned_for=kind)
        return _joined(parts.values(), len(tuned))

    def sides(self, chosen: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        """Rows of the treated and of the baselines of some pairs, and whether those are of households or turfs."""
        return self._treated[chosen], self._baseline[chosen], self._in_groups[chosen]


class _Part:
    """Some of the pairs, over some days."""

    def __init__(self, field: _Field, held: Held, chosen: NDArray[np.intp]) -> None:
        self._held = held
        self._treated, self._baseline, in_groups = field.sides(chosen)
        self._pairs = np.flatnonzero(in_groups)
        self._places = (self._pairs[:, None] * len(METRICS) + np.arange(len(METRICS))).ravel()

    def arms(self) -> tuple[inference.Arm, inference.Arm]:
        """Of each pair and metric."""
        treated, baseline = _arm(self._held.rows[self._treated]), _arm(self._held.rows[self._baseline])
        if not self._pairs.size:
            return treated, baseline
        one, other = clustered(
            _at(treated, self._places),
            _at(baseline, self._places),
            self._groups(self._treated),
            self._groups(self._baseline),
        )
        return _with(treated, one, self._places), _with(baseline, other, self._places)

    def on_contacted(self) -> OnContacted:
        """Of each pair and metric."""
        treated, baseline = self.arms()
        sides = [self._reached(arm, where) for arm, where in ((treated, self._treated), (baseline, self._baseline))]
        return on_contacted(sides[0], sides[1], level=LEVEL)

    def _reached(self, arm: inference.Arm, where: NDArray[np.intp]) -> Reached:
        held = _by_metric(self._held.rows[where])
        contacted = held[:, PLACE["contacted"], Y].astype(np.float64)
        d = np.repeat(contacted, len(METRICS))
        found = reached(arm, d, held[:, :, YD].ravel().astype(np.float64))
        if not self._pairs.size:
            return found
        groups = self._groups(where)
        contacts = np.repeat(groups.y.reshape(-1, len(METRICS), GROUPS)[:, PLACE["contacted"]], len(METRICS), axis=0)
        inner = reached_in_groups(
            _at(arm, self._places), d[self._places], groups, Groups(n=groups.n, y=contacts, x=groups.x)
        )
        for name in ("variance", "variance_d", "covariance"):
            getattr(found, name)[self._places] = getattr(inner, name)
        return found

    def _groups(self, where: NDArray[np.intp]) -> Groups:
        held = self._held.groups_of(where[self._pairs])
        values = held[:, :, 1:].reshape(-1, GROUPS, len(METRICS), 2).transpose(0, 2, 1, 3).reshape(-1, GROUPS, 2)
        return Groups(n=np.repeat(held[:, :, 0], len(METRICS), axis=0), y=values[:, :, 0], x=values[:, :, 1])


_NO_PEAKS = np.zeros(_PEAKS).tobytes()


def _seen(totals: Totals) -> list[str]:
    return [name for name, arm in totals.arms.items() if arm.closed or arm.days]


def _by_metric(held: Ints) -> Ints:
    return held[:, SUMS:WIDTH].reshape(-1, len(METRICS), OF_A_METRIC)


def _arm(held: Ints) -> inference.Arm:
    sums = _by_metric(held).reshape(-1, OF_A_METRIC).astype(np.float64)
    n = np.repeat(held[:, N].astype(np.float64), len(METRICS))
    return inference.of_people(np.column_stack([n, sums[:, [Y, YY, X, XX, XY]]]))


def _at(arm: inference.Arm, chosen: NDArray[np.intp]) -> inference.Arm:
    return inference.Arm(**{name: getattr(arm, name)[chosen] for name in inference.Arm.__dataclass_fields__})


def _with(arm: inference.Arm, other: inference.Arm, places: NDArray[np.intp]) -> inference.Arm:
    deff, groups = arm.deff.copy(), arm.groups.copy()
    deff[places], groups[places] = other.deff, other.groups
    return replace(arm, deff=deff, groups=groups)


def _joined(parts: Collection[tuple[NDArray[np.intp], Compared]], size: int) -> Compared:
    whole: dict[str, Any] = {}
    for name in Compared.__dataclass_fields__:
        values = [(chosen, getattr(found, name)) for chosen, found in parts]
        whole[name] = np.zeros(size, values[0][1].dtype)
        for chosen, some in values:
            whole[name][chosen] = some
    return Compared(**whole)


def _held(parts: Sequence[Sequence[bytes]], wide: NDArray[np.bool_]) -> Held:
    arms = np.flatnonzero(wide)
    groups = rows([parts[arm] for arm in arms.tolist()], GROUPED_WIDTH)[:, WIDTH:]
    return Held(
        rows(parts),
        groups.reshape(-1, GROUPS, OF_A_GROUP).astype(np.float64),
        np.where(wide, np.cumsum(wide) - 1, -1),
    )
