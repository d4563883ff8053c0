"""Every metric of experiments and what is true of it: the one table from which all other lists of metrics are derived.

A new metric is its name and one entry here. One that counts that something happened needs no more code; of one that
goes by what an interaction says, `streams/domain/experiments/outcomes.py` says when it is so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Metric: TypeAlias = Literal[
    "opened",
    "clicked",
    "replied",
    "donated",
    "net_amount",
    "contacted",
    "support",
    "voted",
    "unsubscribed",
    "complained",
]
Counting = Literal["happened", "says", "human_acts", "money"]
MetricUnit = Literal["part", "thousandths", "money"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One outcome of a person within the window after assignment.

    `id`: its place in the rows that are stored, for ever; ids are 0, 1, 2, … without a gap. `name`: in definitions,
    results and JSON. `label`: of a person, in words: "gave". `counts`: what counts, a cell of a table for people.
    `types`: the interactions that it counts. `counting`: whether one of them `happened`; what one of them `says`; how
    many `human_acts` they show; or how much `money` they move.
    `unit`: of a person. `part`: 0 or 1, shown as a part of all people; `thousandths` of an act, 1,000 at most; `money`:
    minor units of the experiment's currency.
    `more_is`: whether a greater figure is better or worse than the baseline. `is_guardrail`: it is watched for harm
    while messages go out, in every experiment that names no guardrails of its own.
    """

    id: int
    name: Metric
    label: str
    counts: str
    types: frozenset[str]
    counting: Counting = "happened"
    unit: MetricUnit = "part"
    more_is: Literal["better", "worse"] = "better"
    is_guardrail: bool = False


_ACTS = (
    "the expected number of human {} ([human.md](human.md)), 1 at most: not raw events. By whole hours: from the hour "
    "of the assignment, up to but without the hour in which the window ends"
)

METRIC_SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id=0,
        name="opened",
        label="opened, by people and not machines",
        counts=_ACTS.format("opens"),
        types=frozenset({"email.opened"}),
        counting="human_acts",
        unit="thousandths",
    ),
    MetricSpec(
        id=1,
        name="clicked",
        label="clicked, by people and not machines",
        counts=_ACTS.format("clicks"),
        types=frozenset({"email.clicked"}),
        counting="human_acts",
        unit="thousandths",
    ),
    MetricSpec(
        id=2, name="replied", label="answered a text", counts="`text.replied`", types=frozenset({"text.replied"})
    ),
    MetricSpec(
        id=3,
        name="donated",
        label="gave",
        counts="a gift, in any currency, given back or not",
        types=frozenset({"donation.made"}),
    ),
    MetricSpec(
        id=4,
        name="net_amount",
        label="money given less refunds, by person",
        counts="gifts less refunds, in the experiment's currency; of one person at most 10^14 minor units, the largest "
        "gift that is taken in. A refund counts where its gift does, whenever it comes; one whose gift is not known "
        "counts by its own time",
        types=frozenset({"donation.made", "donation.refunded"}),
        counting="money",
        unit="money",
    ),
    MetricSpec(
        id=5,
        name="contacted",
        label="was spoken to",
        counts="a canvass report with outcome `contacted`",
        types=frozenset({"canvass.reported"}),
        counting="says",
    ),
    MetricSpec(
        id=6,
        name="support",
        label="was last found to be a supporter",
        counts="the latest report with a `support` says 1 or 2",
        types=frozenset({"canvass.reported"}),
        counting="says",
    ),
    MetricSpec(
        id=7,
        name="voted",
        label="voted",
        counts="a ballot report with status `voted`",
        types=frozenset({"ballot.reported"}),
        counting="says",
    ),
    MetricSpec(
        id=8,
        name="unsubscribed",
        label="unsubscribed or opted out",
        counts="`email.unsubscribed` and `text.opted_out`, be it of one list or sender alone, since that is harm too; "
        "`consent.changed` to no, of a channel or all",
        types=frozenset({"email.unsubscribed", "text.opted_out", "consent.changed"}),
        counting="says",
        more_is="worse",
        is_guardrail=True,
    ),
    MetricSpec(
        id=9,
        name="complained",
        label="complained",
        counts="`email.complained`",
        types=frozenset({"email.complained"}),
        more_is="worse",
        is_guardrail=True,
    ),
)
"""All metrics, by id."""

PRIMARY: Metric = "donated"
"""By which an experiment is judged that names no metrics."""

METRICS: tuple[Metric, ...] = tuple(spec.name for spec in METRIC_SPECS)
"""All names, in the order in which their sums are kept."""
PLACE: Mapping[Metric, int] = {spec.name: spec.id for spec in METRIC_SPECS}
LABELS: Mapping[str, str] = {spec.name: spec.label for spec in METRIC_SPECS}
UNITS: Mapping[str, MetricUnit] = {spec.name: spec.unit for spec in METRIC_SPECS}
DEFAULT_METRICS: tuple[Metric, ...] = (PRIMARY, *(metric for metric in METRICS if metric != PRIMARY))


def metrics_that(is_true: Callable[[MetricSpec], object]) -> tuple[Metric, ...]:
    """The metrics of which something is true, by id."""
    return tuple(spec.name for spec in METRIC_SPECS if is_true(spec))


HARM: frozenset[Metric] = frozenset(metrics_that(lambda spec: spec.more_is == "worse"))
"""Of which more is worse."""
GUARDRAILS = metrics_that(lambda spec: spec.is_guardrail)
"""All that can be watched for harm, which is what is watched where nothing else is named."""
THOUSANDTHS: frozenset[Metric] = frozenset(metrics_that(lambda spec: spec.unit == "thousandths"))


def _counted(counting: Counting) -> Mapping[str, tuple[int, ...]]:
    types = {type_ for spec in METRIC_SPECS if spec.counting == counting for type_ in sorted(spec.types)}
    return {
        type_: tuple(spec.id for spec in METRIC_SPECS if spec.counting == counting and type_ in spec.types)
        for type_ in types
    }


HAPPENED = _counted("happened")
"""By type of interaction the ids of the metrics for which it is enough that it happened."""
COUNTED_TYPES: frozenset[str] = frozenset().union(*(spec.types for spec in METRIC_SPECS))
"""Types of interactions that any metric counts."""
