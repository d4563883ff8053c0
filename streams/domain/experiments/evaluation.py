"""Evaluates many experiments at once from their sums: one after the other it would take seconds."""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from events.experiments.metrics import GUARDRAILS, METRICS, PLACE
from streams.domain.experiments.analysis_plan import AnalysisPlan
from streams.domain.experiments.comparison_arrays import (
    ArmSums,
    ComparisonSides,
    at,
    joined,
    over_all,
    over_closed,
    seen_in,
    whole_and_unknown,
)
from streams.domain.experiments.evaluation_results import (
    CaseEvaluation,
    ContactedComparisons,
    Evaluation,
    GuardrailResults,
    ScopeComparisons,
)
from streams.domain.experiments.row_layout import CONTAMINATED, OF_A_METRIC, SUMS, Ints, N, Y
from streams.domain.experiments.row_table import NO_ROWS, LiveExperiment
from streams.domain.experiments.totals import ExperimentTotals
from streams.domain.inference import arms as inference
from streams.domain.inference.arms import MIN_GROUPS, MIN_PEOPLE
from streams.domain.inference.boundary import always_valid_p
from streams.domain.inference.comparing import MeanComparison, compare_means
from streams.domain.inference.estimation import split_design_effect
from streams.domain.inference.harm import harm_test
from streams.domain.inference.split import log_bayes_factor

LEVEL = 0.95
CLOSED, EVERYBODY, HARMED = range(3)
"""Places of the largest e-values so far: over closed days, over everybody, and of guardrails."""
_PEAKS = 3, len(METRICS)
_NO_PEAKS = np.zeros(_PEAKS).tobytes()


def _peaks_known(data: bytes) -> bytes:
    """Peaks as they were stored, with 0 for metrics that were added since and without those that are not known."""
    if len(data) == len(_NO_PEAKS):
        return data
    found = np.zeros(_PEAKS)
    held = np.frombuffer(data, np.float64).reshape(_PEAKS[0], -1)[:, : _PEAKS[1]]
    found[:, : held.shape[1]] = held
    return found.tobytes()


def _peaks_written(now: NDArray[np.float64], before: bytes) -> bytes:
    if len(before) <= len(_NO_PEAKS):
        return now.tobytes()
    more = np.frombuffer(before, np.float64).reshape(_PEAKS[0], -1)[:, _PEAKS[1] :]
    return np.hstack([now, more]).tobytes()


class EvaluationCase(Struct, frozen=True):
    """An experiment to be evaluated, whose sums are `totals` or rows of an array.

    `peaks`: of the largest logarithms of e-values so far, as bytes, by variant.
    """

    experiment: str
    plan: AnalysisPlan
    totals: ExperimentTotals | LiveExperiment
    peaks: Mapping[str, bytes] = {}
    split_peak: float = 0.0


def evaluate(cases: Sequence[EvaluationCase], array: Ints = NO_ROWS) -> Evaluation:
    """The results of all cases now. `array`: the rows of cases whose sums are in it."""
    field = _Field(cases, array)
    over_closed, closed_peaks = field.compared(field.closed, CLOSED)
    over_all, all_peaks = field.compared(field.all, EVERYBODY)
    harms, harm_peaks = field.harms()
    peaks = np.stack([closed_peaks, all_peaks, harm_peaks], axis=1)
    sums, unknown = whole_and_unknown(field.all.rows)
    return Evaluation(
        looked=field.looked(),
        assigned=field.all.rows[:, N].tolist(),
        closed=field.closed.rows[:, N].tolist(),
        contaminated=field.all.rows[:, CONTAMINATED].tolist(),
        sums=sums.tolist(),
        unknown=unknown.tolist(),
        over_closed=over_closed,
        over_all=over_all,
        harms=harms,
        contacted_closed=field.on_contacted(field.closed),
        contacted_all=field.on_contacted(field.all),
        peaks=field.peaks_of(peaks),
    )


class _Field:
    """Arms and pairs of all cases, as arrays."""

    def __init__(self, cases: Sequence[EvaluationCase], array: Ints) -> None:
        self._cases = cases
        self._variants = [
            case.plan.variants(seen)
            for case, seen in zip(cases, seen_in([case.totals for case in cases], array), strict=True)
        ]
        self._firsts = np.cumsum([0, *map(len, self._variants)]).tolist()
        held = [case.totals.arms.get(name) for case, names in zip(cases, self._variants, strict=True) for name in names]
        self._grouped = np.array([case.plan.rule.unit != "contact" for case in cases], np.bool_)
        wide = np.repeat(self._grouped, list(map(len, self._variants)))
        self.closed, self.all = over_closed(held, wide, array), over_all(held, wide, array)
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
                    peaks.append(case.peaks.get(name, b""))
            self._pairs.append(mine)
        self._treated, self._baseline = np.array(treated, np.intp), np.array(baseline, np.intp)
        self._case_of = np.array(case_of, np.intp)
        self._peaks_before = peaks
        self._peaks = np.frombuffer(b"".join(map(_peaks_known, peaks)), np.float64).reshape(-1, *_PEAKS)
        tuned = np.array([case.plan.tuned_for for case in self._cases], np.int64)
        self._tuned_for = tuned[self._case_of] if case_of else np.zeros(0, np.int64)
        self._in_groups = self._grouped[self._case_of] if case_of else np.zeros(0, np.bool_)

    def peaks_of(self, peaks: NDArray[np.float64]) -> list[bytes]:
        """By pair the bytes of its peaks, with those of metrics that only a newer version knows as they were."""
        return [_peaks_written(now, before) for now, before in zip(peaks, self._peaks_before, strict=True)]

    def compared(self, held: ArmSums, scope: int) -> tuple[ScopeComparisons, NDArray[np.float64]]:
        treated, baseline = self._arms(held)
        found = self._compared(treated, baseline)
        shape = len(self._treated), len(METRICS)
        log_e = found.log_e.reshape(shape)
        peaks = np.maximum(self._peaks[:, scope], log_e)
        n = held.rows[:, N]
        raw = whole_and_unknown(held.rows)[0] / np.maximum(n, 1)[:, None]
        people = np.minimum(n[self._treated], n[self._baseline])
        groups = np.minimum(treated.groups, baseline.groups).reshape(shape)
        asked = slice(None if found.enough.any() else 0)
        return ScopeComparisons(
            log_e=found.log_e.tolist(),
            enough=found.enough.tolist(),
            effect=found.effect[asked].tolist(),
            low=found.low[asked].tolist(),
            high=found.high[asked].tolist(),
            p=always_valid_p(peaks).ravel()[asked].tolist(),
            raw_effect=(raw[self._treated] - raw[self._baseline]).ravel()[asked].tolist(),
            people=found.people[asked].tolist(),
            too_few=(people < MIN_PEOPLE).tolist(),
            too_few_groups=(groups.min(axis=1) < MIN_GROUPS).tolist(),
        ), peaks

    def harms(self) -> tuple[GuardrailResults, NDArray[np.float64]]:
        treated, baseline = self._arms(self.all)
        places = [PLACE[metric] for metric in GUARDRAILS]
        shape = len(self._treated), len(METRICS)
        chosen = (np.arange(shape[0])[:, None] * shape[1] + np.array(places)).ravel()
        found = harm_test(at(treated, chosen), at(baseline, chosen), level=LEVEL)

        def spread_out(values: NDArray[np.float64]) -> NDArray[np.float64]:
            whole = np.zeros(shape)
            whole[:, places] = values.reshape(-1, len(places))
            return whole

        peaks = np.maximum(self._peaks[:, HARMED], spread_out(found.log_e))
        enough = spread_out(found.enough.astype(np.float64)) > 0
        return GuardrailResults(
            effect=spread_out(found.effect).ravel().tolist(),
            low=spread_out(found.low).ravel().tolist(),
            p=always_valid_p(peaks).ravel().tolist(),
            enough=enough.ravel().tolist(),
        ), peaks

    def on_contacted(self, held: ArmSums) -> ContactedComparisons:
        contacted = held.rows[:, SUMS + OF_A_METRIC * PLACE["contacted"] + Y]
        chosen = np.flatnonzero(contacted[self._treated] + contacted[self._baseline]) if self._treated.size else None
        if chosen is None or not chosen.size:
            return ContactedComparisons({}, [], [], [], [], [], [], [])
        found = self._sides(held, chosen).on_contacted(LEVEL)
        return ContactedComparisons(
            {pair: place for place, pair in enumerate(chosen.tolist())},
            found.effect.tolist(),
            found.low.tolist(),
            found.high.tolist(),
            found.rate.tolist(),
            found.baseline_rate.tolist(),
            found.enough.tolist(),
            np.any(found.enough.reshape(-1, len(METRICS)), axis=1).tolist(),
        )

    def looked(self) -> list[CaseEvaluation]:
        peaks = self._split_peaks()
        return [
            CaseEvaluation(
                self._variants[number], self._baselines[number], self._firsts[number], self._pairs[number], *each
            )
            for number, each in enumerate(zip(peaks.tolist(), always_valid_p(peaks).tolist(), strict=True))
        ]

    def _split_peaks(self) -> NDArray[np.float64]:
        most = max(map(len, self._variants), default=0)
        counts, planned = np.zeros((len(self._cases), most)), np.zeros((len(self._cases), most))
        planned[:, :1] = 1.0  # where nothing is planned, so that nothing is divided by 0
        deff = np.ones(len(self._cases))
        n = self.all.rows[:, N].astype(np.float64).tolist()
        for number, (case, names) in enumerate(zip(self._cases, self._variants, strict=True)):
            if split := case.plan.split:
                first = self._firsts[number]
                rest = [0.0] * (most - len(names))
                planned[number] = [*(split.get(name, 0.0) for name in names), *rest]
                counts[number] = [*n[first : first + len(names)], *rest]
                if self._grouped[number]:
                    mine = np.arange(first, first + len(names))
                    deff[number] = split_design_effect(self.all.groups_of(mine)[None, :, :, 0])[0]
        before = np.array([case.split_peak for case in self._cases])
        return np.maximum(before, log_bayes_factor(counts, planned, deff)) if most else before

    def _arms(self, held: ArmSums) -> tuple[inference.Arm, inference.Arm]:
        return self._sides(held, np.arange(len(self._treated))).arms()

    def _compared(self, treated: inference.Arm, baseline: inference.Arm) -> MeanComparison:
        tuned = np.repeat(self._tuned_for, len(METRICS))
        kinds = np.unique(tuned).tolist()
        if len(kinds) <= 1:
            return compare_means(treated, baseline, level=LEVEL, tuned_for=kinds[0] if kinds else 1)
        parts = {}
        for kind in kinds:
            chosen = np.flatnonzero(tuned == kind)
            parts[kind] = chosen, compare_means(at(treated, chosen), at(baseline, chosen), level=LEVEL, tuned_for=kind)
        return joined(parts.values(), len(tuned))

    def _sides(self, held: ArmSums, chosen: NDArray[np.intp]) -> ComparisonSides:
        return ComparisonSides(held, self._treated[chosen], self._baseline[chosen], self._in_groups[chosen])
