"""The analysis plan of an experiment: which metrics are compared and how, by its definition or by defaults."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from zlib import crc32

import orjson
from msgspec import Struct

from events.experiments import DEFAULT_METRICS, ExperimentDefinition
from events.experiments.metrics import GUARDRAILS, Metric
from events.refusal import Refusal
from streams.domain.experiments.counting_rules import DEFAULT_RULE, CountingRule
from streams.domain.experiments.definition_records import planned_shares, read_definition, rule_of
from streams.domain.inference.comparing import TUNED_FOR
from streams.domain.messages import english, message

MOST_PLANS = 10_000
"""As many as there may be experiments: with less room each round of all of them would push out what the next needs."""
UNDEFINED = english(message("experiment.nobody_defined"))
DIFFERS = english(message("experiment.strata_differ"))


class AnalysisPlan(Struct, frozen=True):
    """How an experiment is analysed.

    `arms`: variants that are planned, in order; `baseline` empty: the first that is seen. `split`: their shares.
    `split` is empty where none are planned for all together: without a definition, or where it `differs_by_stratum`.
    `ended`: since when (ms) nobody is assigned for a test any more.
    """

    rule: CountingRule = DEFAULT_RULE
    arms: tuple[str, ...] = ()
    baseline: str = ""
    metrics: tuple[Metric, ...] = DEFAULT_METRICS
    guardrails: tuple[Metric, ...] = GUARDRAILS
    split: Mapping[str, float] = {}
    differs_by_stratum: bool = False
    tuned_for: int = TUNED_FOR
    ended: int | None = None

    def variants(self, seen: Collection[str]) -> list[str]:
        """Those that are planned, and behind them those that were seen."""
        return [*self.arms, *sorted(set(seen).difference(self.arms))]

    @property
    def why_unchecked(self) -> str:
        """Why nobody can say whether people were assigned as planned; empty where that is checked.

        Without a definition equal parts would be a guess, and every misspelt variant a false alarm.
        """
        if self.split:
            return ""
        return DIFFERS if self.differs_by_stratum else UNDEFINED


DEFAULTS = AnalysisPlan()


@lru_cache(maxsize=MOST_PLANS)
def plan_of(experiment: str, definition: bytes | None) -> AnalysisPlan:
    """The plan of a record of `experiment-definitions`; the defaults of none, or of one that says nothing.

    Kept, since it is asked for at each look, of which to read it would be a tenth.
    """
    read = read_definition(experiment.encode(), definition)
    if isinstance(read, Refusal) or read[1] is None:
        return DEFAULTS
    return _plan(read[1])


@lru_cache(maxsize=MOST_PLANS)
def hypothesis_of(experiment: str, definition: bytes | None) -> str:
    """A key of the tested hypothesis: where it differs, the largest e-values of one plan say nothing of another.

    A plan that is corrected is another hypothesis, and so is the evidence against it.
    """
    plan = plan_of(experiment, definition)
    said = [plan.baseline, plan.tuned_for, sorted(plan.split.items()), not plan.differs_by_stratum]
    return f"{crc32(orjson.dumps(said)):08x}"


def _plan(definition: ExperimentDefinition) -> AnalysisPlan:
    split = planned_shares(definition)
    ends = [end for end in (definition.ms("end"), definition.ms("rollout_since")) if end is not None]
    return AnalysisPlan(
        rule=rule_of(definition),
        arms=definition.arms,
        baseline=definition.baseline,
        metrics=definition.metrics,
        guardrails=definition.guardrails,
        split=split or {},
        differs_by_stratum=split is None,
        tuned_for=definition.tuned_for,
        ended=min(ends, default=None),
    )
