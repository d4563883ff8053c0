"""The value of `experiment-results`, of Redis `experiment:{id}` and of `GET /v1/experiments/{id}`.

The names of the contract, and beside them what a strategist needs to trust them. Results follow assignment (intention
to treat). Each figure of a metric is an integer sum over people; `opened` and `clicked` are expected human acts in
thousandths, `net_amount` is in minor units of the experiment's currency.
"""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

Unit = Literal["contact", "household", "turf"]
Status = Literal["running", "ended", "recounting"]
"""`recounting`: its definition was changed, and the figures are those of the one before until all is counted anew."""


class Metric(TypedDict):
    """`sum` is a count or an amount; `mean` is by assigned person of whom it is known, None of nobody.

    `unknown`: how many were assigned so long ago when they were counted that nobody knows it of them any more.
    """

    sum: int
    mean: float | None
    unknown: NotRequired[int]


class Variant(TypedDict):
    """One arm, by intention to treat. `closed`: those of `assigned` whose window has closed."""

    assigned: int
    metrics: dict[str, Metric]
    closed: NotRequired[int]


class Comparison(TypedDict):
    """A variant against the baseline. `low` and `high` hold at every look, not only at the last.

    `provisional`: over everybody, also those whose window is open; else over the days of assignment that are closed.
    `effect` is adjusted by what people did before (CUPED) and of winsorised amounts; `raw_effect` is neither.
    """

    metric: str
    variant: str
    baseline: str
    effect: float
    low: float
    high: float
    level: float
    p_always_valid: float
    e_value: float
    discovery: bool
    provisional: bool
    raw_effect: NotRequired[float]
    people: NotRequired[int]


class Withheld(TypedDict):
    """A comparison that is not made, with a word why."""

    metric: str
    variant: str
    why: str


class ContactedEffect(TypedDict):
    """The effect on those who were reached (CACE): a part `contact_rate` of the assigned, in variant and baseline."""

    metric: str
    variant: str
    baseline: str
    contact_rate: float
    baseline_contact_rate: float
    effect: float
    low: float | None
    high: float | None
    level: float
    provisional: bool


class SampleRatio(TypedDict):
    """Whether people were assigned in the planned proportions; `planned`: of each variant, adding up to 1.

    `not_checked`: why nobody can tell, as of an experiment that nobody has defined. Then `p_always_valid` is 1 and
    `broken` false, which says nothing.
    """

    p_always_valid: float
    broken: bool
    planned: NotRequired[dict[str, float]]
    not_checked: NotRequired[str]


class Guardrail(TypedDict):
    """Whether a variant does harm, looked at while it is still going out, so on everybody so far.

    `breached`: of this guardrail by itself; without harm one in twenty ever is. `alerted`: it stood out beside those of
    all other experiments as well, and an alert was sent. `known`: whether it can be said to hold where it is not
    breached; it cannot while there are few people, or nobody of either did it.
    """

    metric: str
    variant: str
    baseline: str
    effect: float
    low: float
    p_always_valid: float
    breached: bool
    alerted: NotRequired[bool]
    known: NotRequired[bool]


class Moment(TypedDict):
    """A comparison as it was at `as_of`; `people`: on whom it rested, None where that was not said."""

    as_of: str
    effect: float
    low: float
    high: float
    people: int | None
    provisional: bool


class History(TypedDict):
    """How the comparisons of the primary metric went, by variant: some 120 moments, of all together.

    Of each span of time the last moment is kept as it was, to six digits; spans grow as the experiment does.
    """

    metric: str
    baseline: str
    level: float
    variants: dict[str, list[Moment]]


class ExperimentResult(TypedDict):
    """The running result of one experiment.

    `winsorised_at`: what one person's amount counts at most in comparisons, either way; sums are whole. `definition`:
    the edition by which it was counted, empty for the defaults. `window_s`: how long after assignment outcomes count.
    `primary`: the metric by which it is judged. `warnings`: what no other field says, in sentences for people.
    """

    experiment: str
    as_of: str
    status: Status
    contaminated: int
    currency: str | None
    variants: dict[str, Variant]
    comparisons: list[Comparison]
    sample_ratio: SampleRatio
    guardrails: list[Guardrail]
    unit: NotRequired[Unit]
    baseline: NotRequired[str | None]
    window_s: NotRequired[int]
    winsorised_at: NotRequired[int]
    definition: NotRequired[str]
    withheld: NotRequired[list[Withheld]]
    contacted: NotRequired[list[ContactedEffect]]
    warnings: NotRequired[list[str]]
    primary: NotRequired[str]
    history: NotRequired[History]


class Headline(TypedDict):
    """What is known of one variant by the primary metric: the closed days, or where there are none everybody so far."""

    variant: str
    baseline: str
    effect: float
    low: float
    high: float
    level: float
    discovery: bool
    provisional: bool


class ExperimentSummary(TypedDict):
    """An item of `GET /v1/experiments`.

    `assigned`: to all variants. `warnings`: how many. `primary`: its metric.

    `broken_split`: people were not assigned in the planned proportions, so trust no headline. `breached`: the variants
    that drive people away; absent in what was written before it was known. `withheld`: why a variant is not
    compared by the primary metric; absent where none is.
    """

    experiment: str
    as_of: str
    status: Status
    assigned: int
    warnings: int
    broken_split: bool
    breached: NotRequired[list[str]]
    currency: str | None
    primary: str | None
    headlines: list[Headline]
    withheld: NotRequired[list[str]]


class ExperimentList(TypedDict):
    """The answer of `GET /v1/experiments`, by id."""

    experiments: list[ExperimentSummary]
