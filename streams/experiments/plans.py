"""What is judged, and how: of the definition, or the defaults of an experiment that nobody has defined."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from msgspec import Struct

from events.experiments import DEFAULT_METRICS, ExperimentDefinition
from events.refusal import Refusal
from streams.experiments.defined import planned, read_definition, rule_of
from streams.experiments.metrics import Metric
from streams.experiments.rules import DEFAULT, Rule
from streams.inference.comparing import TUNED_FOR

MOST_PLANS = 10_000
"""As many as there may be experiments: with less room each round of all of them would push out what the next needs."""
USUAL_GUARDRAILS: tuple[Metric, ...] = ("unsubscribed", "complained")


class Plan(Struct, frozen=True):
    """`arms`: variants that are planned, in order; `baseline` empty: the first that is seen. `split`: their shares.

    `is_split_known`: whether a share is planned for every variant. `ended`: since when (ms) nobody is assigned for a
    test any more.
    """

    rule: Rule = DEFAULT
    arms: tuple[str, ...] = ()
    baseline: str = ""
    metrics: tuple[Metric, ...] = DEFAULT_METRICS
    guardrails: tuple[Metric, ...] = USUAL_GUARDRAILS
    split: Mapping[str, float] = {}
    is_split_known: bool = True
    tuned_for: int = TUNED_FOR
    ended: int | None = None

    def variants(self, seen: Collection[str]) -> list[str]:
        """Those that are planned, and behind them those that were seen."""
        return [*self.arms, *sorted(set(seen).difference(self.arms))]

    def shares(self, seen: Collection[str]) -> Mapping[str, float] | None:
        """The planned part of each variant; equal parts of those that were seen if there is no plan.

        None: nobody can say whether people were assigned as planned.
        """
        if not self.is_split_known:
            return None
        if self.split:
            return self.split
        return dict.fromkeys(sorted(seen), 1 / len(seen)) if len(seen) > 1 else None


DEFAULTS = Plan()


@lru_cache(maxsize=MOST_PLANS)
def plan_of(experiment: str, definition: bytes | None) -> Plan:
    """The plan of a record of `experiment-definitions`; the defaults of none, or of one that says nothing.

    Kept, since it is asked for at each look, of which to read it would be a tenth.
    """
    read = read_definition(experiment.encode(), definition)
    if isinstance(read, Refusal) or read[1] is None:
        return DEFAULTS
    return _plan(read[1])


def _plan(definition: ExperimentDefinition) -> Plan:
    split = planned(definition)
    ends = [end for end in (definition.ms("end"), definition.ms("rollout_since")) if end is not None]
    return Plan(
        rule=rule_of(definition),
        arms=definition.arms,
        baseline=definition.baseline,
        metrics=definition.metrics,
        guardrails=definition.guardrails,
        split=split or {},
        is_split_known=split is not None,
        tuned_for=definition.tuned_for,
        ended=min(ends, default=None),
    )
