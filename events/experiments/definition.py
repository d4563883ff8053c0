"""One experiment as it is planned: the value of `experiment-definitions`, and a table `[[experiment]]` of a file.

Weights are whole numbers, since a strategist says "half and half" or "45, 45 and 10", and thirds have no decimal form.
Those who get nothing are a share of everybody, as they are spoken of, and the weights part the rest.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from events.experiment_results import Unit
from events.experiments.metrics import METRICS, Metric
from events.experiments.parts import Exclusion, Part, Share, Split, Strata, Window, window_ms, wrong
from events.fields import Id, Text, Timestamp
from events.times import parse_time

HOLDOUT = "holdout"
"""The variant of those who get nothing."""

DEFAULT_METRICS: tuple[Metric, ...] = ("donated", *(metric for metric in METRICS if metric != "donated"))


def _each_once(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    twice = next((metric for place, metric in enumerate(metrics) if metric in metrics[:place]), None)
    if twice is not None:
        raise wrong(f"names {twice} twice", "name each metric once")
    return metrics


def _not_the_holdout(variants: dict[str, int]) -> dict[str, int]:
    if HOLDOUT in variants:
        raise wrong(
            f"{HOLDOUT} is the name of those who get nothing",
            f"take it out of variants and give their share of everybody, such as {HOLDOUT} = 0.1",
        )
    return variants


def _baseline(found: Mapping[str, Any]) -> str:
    return HOLDOUT if found.get("holdout") else next(iter(found.get("variants", {"": 1})))


Metrics = Annotated[tuple[Metric, ...], Field(max_length=len(METRICS)), AfterValidator(_each_once)]


class ExperimentDefinition(Part):
    """What is tried, on whom, and how it is judged. Times are RFC 3339 with an offset; a day is 24 hours.

    `variants`: by name the weight, for those who are not held out. `holdout`: the share of everybody that gets nothing,
    a variant of that name. `baseline`: what all others are compared with; the holdout if there is one, else the first
    variant. `unit`: what is assigned; all of a household or turf get the same. `metrics`: what is judged, the primary
    one first. `window`: how long after assignment outcomes count. `winsorise`: what one person's amount counts at most
    in comparisons, minor units of `currency`. `covariate_days`: days before assignment that comparisons are adjusted
    by. `rollout`: since `rollout_since` everybody gets `rollout_variant`, and nobody is counted who is assigned then.
    `start`, `end`: who is assigned before or from then on is not counted. `salt`: the same salt and unit, the same
    people in the same variants. `tuned_for`: how many people are expected; intervals are narrowest there.
    `guardrails`: what is watched for harm while it goes out.
    """

    id: Id
    variants: Annotated[Split, AfterValidator(_not_the_holdout)]
    holdout: Annotated[Share, Field(json_schema_extra={"exclusiveMaximum": 1})] = 0.0
    baseline: Id = Field(default_factory=_baseline)
    unit: Unit = "contact"
    metrics: Annotated[Metrics, Field(min_length=1)] = DEFAULT_METRICS
    window: Window = "7d"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    winsorise: Annotated[int, Field(ge=1, le=1_000_000)] = 500_000
    covariate_days: Annotated[int, Field(ge=0, le=365)] = 28
    exclusion: Exclusion | None = None
    strata: Strata | None = None
    phase: Literal["test", "rollout"] = "test"
    rollout_variant: Id | None = None
    rollout_since: Timestamp | None = None
    start: Timestamp | None = None
    end: Timestamp | None = None
    salt: Id = Field(default_factory=lambda found: str(found.get("id", "")))
    tuned_for: Annotated[int, Field(ge=100, le=10**9)] = 20_000
    guardrails: Metrics = ("unsubscribed", "complained")
    owner: Text = ""
    hypothesis: Text = ""

    @property
    def arms(self) -> tuple[str, ...]:
        """Every variant, the holdout last if there is one."""
        return (*self.variants, HOLDOUT) if self.holdout else tuple(self.variants)

    @property
    def window_ms(self) -> int:
        """The window in milliseconds."""
        return window_ms(self.window)

    def ms(self, field: Literal["start", "end", "rollout_since"]) -> int | None:
        """One of the times in milliseconds since 1970; None where it is not given."""
        text: str | None = getattr(self, field)
        return None if text is None else parse_time(text)

    @model_validator(mode="after")
    def _has_something_to_compare(self) -> Self:
        if self.holdout == 1:
            raise wrong("holdout is everybody", "give a share below 1, such as 0.1 for 10 %")
        if len(self.arms) < 2:
            raise wrong("there is one variant and no holdout", "give another variant, or a share such as holdout = 0.1")
        if self.baseline not in self.arms:
            raise wrong("baseline is no variant", f"give one of {', '.join(self.arms)}")
        return self

    @model_validator(mode="after")
    def _splits_its_own_variants(self) -> Self:
        for stratum, split in (self.strata.splits if self.strata else {}).items():
            if unknown := sorted(set(split) - set(self.variants)):
                raise wrong(
                    f"strata.splits.{stratum} names {unknown[0]}, which is no variant",
                    f"give weights for {', '.join(self.variants)} alone",
                )
        return self

    @model_validator(mode="after")
    def _is_of_one_phase(self) -> Self:
        if self.phase == "test":
            for field in ("rollout_variant", "rollout_since"):
                if getattr(self, field) is not None:
                    raise wrong(
                        f'{field} is of a rollout, and phase is "test"', 'give phase = "rollout", or leave it out'
                    )
        elif self.rollout_variant not in self.arms:
            raise wrong("rollout_variant is no variant", f"give one of {', '.join(self.arms)}")
        elif self.rollout_since is None:
            raise wrong("rollout_since is missing", "give the time since which everybody gets the variant")
        return self

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        start, end = self.ms("start"), self.ms("end")
        if start is not None and end is not None and end <= start:
            raise wrong("end is not after start", "give a later end")
        return self
