"""Evaluates experiments at a tick and publishes their results and alerts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import exp

import orjson
from msgspec import Struct
from msgspec.structs import replace

from events.experiment_results import ExperimentResult, Guardrail, Status
from events.experiments.metrics import GUARDRAILS
from events.outputs import SystemAlert
from events.times import render_time
from events.topics import EXPERIMENT_RESULTS, SYSTEM_ALERTS
from sinks.keys import partition_of
from streams.domain.experiments.analysis_plan import MOST_PLANS, AnalysisPlan, hypothesis_of, plan_of
from streams.domain.experiments.comparison_arrays import first_day
from streams.domain.experiments.comparison_history import StoredSeries as Moments
from streams.domain.experiments.comparison_history import moments_allowed, with_result
from streams.domain.experiments.counting_rules import DAY_MS
from streams.domain.experiments.evaluation import EvaluationCase, evaluate
from streams.domain.experiments.evaluation_results import CaseEvaluation, Evaluation
from streams.domain.experiments.experiment_table import Experiment, IndexEntry, TableRecord, watched_guardrails
from streams.domain.experiments.lifecycle import NO_TOTALS, is_recounted, shown_totals
from streams.domain.experiments.result_documents import discoverable, guardrails_of, result_of
from streams.domain.experiments.row_table import RowTable
from streams.domain.experiments.totals import with_closed_days
from streams.domain.inference.multiple_testing import guardrail_alert_threshold
from streams.engine.decoded_states import States
from streams.engine.writer import Output
from streams.worker.agents.experiments.alerts import Rule, alarms_of, new_alerts, with_alerted

_HISTORY, _LAST = b"history/", b"moment/"
_place_of = lru_cache(maxsize=MOST_PLANS)(partition_of)


class _Seen(Struct, gc=False):
    """An evaluated experiment, to be published once it is known what the others are."""

    experiment: str
    plan: AnalysisPlan
    looked: CaseEvaluation
    guardrails: list[Guardrail]


class ResultPublisher:
    """Publishes at one tick, at `now` (ms). `outputs` and `beside`: what is to be written; `results`: how many.

    Parameters:
        rows: of experiments whose sums are there and nowhere else.
        is_recounted: whether some partition counts everybody anew.
    """

    def __init__(
        self, states: States[TableRecord], rows: RowTable, partitions: int, now: int, *, is_recounted: bool
    ) -> None:
        self._states = states
        self._rows = rows
        self._partitions = partitions
        self._now = now
        self._as_of = render_time(now)
        self._is_recounted = is_recounted
        self._looks: list[tuple[list[_Seen], Evaluation]] = []
        self.outputs: list[Output] = []
        self.beside: dict[bytes, bytes | None] = {}
        self.alerts: Counter[str] = Counter()
        self.results = 0

    def look(
        self, experiments: Mapping[str, Experiment], lines: Mapping[str, IndexEntry]
    ) -> dict[str, tuple[Experiment, IndexEntry]]:
        """Close the days that are over and evaluate: returns the experiments after that, and their index entries.

        `lines`: of all experiments, before that.
        """
        plans = [plan_of(name, each.definition) for name, each in experiments.items()]
        held = {
            name: self._closed(name, each, plan) for (name, each), plan in zip(experiments.items(), plans, strict=True)
        }
        cases = [
            EvaluationCase(name, plan, self._rows.get(name) or shown_totals(each), each.peaks, each.split_peak)
            for (name, each), plan in zip(held.items(), plans, strict=True)
        ]
        found = evaluate(cases, self._rows.array)
        mine = len(GUARDRAILS) * sum(len(seen.pairs) for seen in found.looked)
        most_p = exp(-guardrail_alert_threshold(mine + watched_guardrails(lines, but=experiments)))
        looked: dict[str, tuple[Experiment, IndexEntry]] = {}
        shown_later: list[_Seen] = []
        for (name, each), plan, seen in zip(held.items(), plans, found.looked, strict=True):
            status, after = self._status(each, plan), each
            guardrails = guardrails_of(plan, seen, found)
            if status != "recounting":  # else some are counted and some not yet, which is not what was looked at
                peaks = {variant: found.peaks[pair] for variant, pair in seen.pairs.items()}
                after = replace(each, peaks=peaks, split_peak=seen.split_peak)
                after, alerts = new_alerts(name, after, alarms_of(seen, found, guardrails, most_p), self._as_of)
                for alert in alerts:
                    self._alert(name, *alert)
            is_judged = not self._is_recounted and "ended" not in {status} & {lines[name].status}
            log_e = tuple(discoverable(plan, seen, found)) if is_judged else None
            looked[name] = after, IndexEntry(due=self._due(name, after, plan), log_e=log_e, status=status)
            shown_later.append(_Seen(name, plan, seen, with_alerted(after, guardrails)))
        self._looks.append((shown_later, found))
        return looked

    def write(self, lines: Mapping[str, IndexEntry]) -> None:
        """Write the results of all experiments that were evaluated."""
        most = moments_allowed(len(lines))
        for looked, found in self._looks:
            histories = self._histories([each.experiment for each in looked])
            for each, before in zip(looked, histories, strict=True):
                line = lines[each.experiment]
                result = result_of(
                    each.experiment,
                    each.plan,
                    each.looked,
                    found,
                    each.guardrails,
                    as_of=self._as_of,
                    status=line.status,
                    found=line.found,
                )
                self._write(each.experiment, result, before, most)

    def _histories(self, names: Sequence[str]) -> list[Moments]:
        held = iter(self._states.beside_many([key for name in names for key in history_keys(name)]))
        return [Moments(stays, last) for stays, last in zip(held, held, strict=True)]

    def _write(self, name: str, result: ExperimentResult, before: Moments, most: int) -> None:
        after, history = with_result(name, before, result, self._now, most)
        stays, last = history_keys(name)
        if after.stays != before.stays:
            self.beside[stays] = after.stays
        if after.last != before.last:
            self.beside[last] = after.last
        value: object = result if history is None else {**result, "history": history}
        place = _place_of(name, self._partitions)
        self.outputs.append(Output(EXPERIMENT_RESULTS, place, name.encode(), orjson.dumps(value)))
        self.results += 1

    def _closed(self, name: str, experiment: Experiment, plan: AnalysisPlan) -> Experiment:
        """The experiment with the days closed whose windows are over; the peaks are those of its present hypothesis."""
        until = (self._now - plan.rule.window_ms) // DAY_MS
        before = experiment.totals.get(experiment.edition, NO_TOTALS)
        if name in self._rows:
            self._rows.close(name, until)
        elif (after := with_closed_days(before, until)) is not before:
            experiment = replace(experiment, totals={**experiment.totals, experiment.edition: after})
        of = f"{experiment.edition}/{hypothesis_of(name, experiment.definition)}"
        if of != experiment.peaks_of:
            return replace(experiment, peaks={}, split_peak=0.0, peaks_of=of)
        return experiment

    def _status(self, experiment: Experiment, plan: AnalysisPlan) -> Status:
        if is_recounted(experiment) or self._is_recounted:
            return "recounting"
        ends = None if plan.ended is None else plan.ended + plan.rule.window_ms
        return "ended" if ends is not None and ends <= self._now else "running"

    def _due(self, name: str, experiment: Experiment, plan: AnalysisPlan) -> int | None:
        """When the next day closes, or the experiment ends."""
        first = first_day(self._rows.get(name) or experiment.totals.get(experiment.edition, NO_TOTALS))
        closes = None if first is None else (first + 1) * DAY_MS + plan.rule.window_ms
        if plan.ended is None or plan.ended + plan.rule.window_ms <= self._now:
            return closes
        ends = plan.ended + plan.rule.window_ms
        return ends if closes is None else min(closes, ends)

    def _alert(self, name: str, rule: Rule, alert: SystemAlert) -> None:
        place = _place_of(name, self._partitions)
        self.outputs.append(Output(SYSTEM_ALERTS, place, name.encode(), orjson.dumps(alert)))
        self.alerts[rule] += 1


def history_keys(name: str) -> tuple[bytes, bytes]:
    """Keys beside the experiments: of what stays of a result's history, and of its last moments."""
    return _HISTORY + name.encode(), _LAST + name.encode()
