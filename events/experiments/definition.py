"""One experiment as it is planned: the value of `experiment-definitions`, and a table `[[experiment]]` of a file.

Weights are whole numbers, since a strategist says "half and half" or "45, 45 and 10", and thirds have no decimal form.
Those who get nothing are a share of everybody, as they are spoken of, and the weights part the rest.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails

from events.experiment_results import Unit
from events.experiments.metrics import DEFAULT_METRICS, GUARDRAILS, METRICS, Metric
from events.experiments.parts import (
    Currency,
    Exclusion,
    Part,
    Share,
    Split,
    Strata,
    Window,
    definition_mistake,
    window_ms,
)
from events.fields import Id, Text, Timestamp
from events.times import parse_time

HOLDOUT = "holdout"
"""The variant of those who get nothing."""


def _each_once(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    twice = next((metric for place, metric in enumerate(metrics) if metric in metrics[:place]), None)
    if twice is not None:
        raise definition_mistake(f"names {twice} twice", "name each metric once")
    return metrics


def _not_the_holdout(variants: dict[str, int]) -> dict[str, int]:
    if HOLDOUT in variants:
        raise definition_mistake(
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
    holdout: Annotated[Share, Field(json_schema_extra={"exclusiveMaximum": 1}, validate_default=True)] = 0.0
    baseline: Id = Field(default_factory=_baseline)
    unit: Unit = "contact"
    metrics: Annotated[Metrics, Field(min_length=1)] = DEFAULT_METRICS
    window: Window = "7d"
    currency: Currency = "USD"
    winsorise: Annotated[int, Field(ge=1, le=1_000_000)] = 500_000
    covariate_days: Annotated[int, Field(ge=0, le=365)] = 28
    exclusion: Exclusion | None = None
    strata: Strata | None = None
    phase: Literal["test", "rollout"] = "test"
    rollout_variant: Annotated[Id | None, Field(validate_default=True)] = None
    rollout_since: Annotated[Timestamp | None, Field(validate_default=True)] = None
    start: Timestamp | None = None
    end: Timestamp | None = None
    salt: Id = Field(default_factory=lambda found: str(found.get("id", "")))
    tuned_for: Annotated[int, Field(ge=100, le=10**9)] = 20_000
    guardrails: Metrics = GUARDRAILS
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

    # Of several fields, but checked with one of them: all is told at once, whatever else is wrong.

    @field_validator("holdout")
    @classmethod
    def _leaves_something_to_compare(cls, holdout: float, others: ValidationInfo) -> float:
        if holdout == 1:
            raise definition_mistake("is everybody", "give a share below 1, such as 0.1 for 10 %")
        if not holdout and len(others.data.get("variants", "ab")) < 2:
            raise definition_mistake(
                "there is one variant and no holdout", "give another variant, or a share such as holdout = 0.1"
            )
        return holdout

    @field_validator("baseline", "rollout_variant")
    @classmethod
    def _is_a_variant(cls, variant: str | None, others: ValidationInfo) -> str | None:
        if variant is not None and {"variants", "holdout"} <= others.data.keys():
            arms = [*others.data["variants"], *([HOLDOUT] if others.data["holdout"] else [])]
            if variant not in arms:
                raise definition_mistake("is no variant", f"give one of {', '.join(arms)}")
        return variant

    @field_validator("strata")
    @classmethod
    def _splits_its_own_variants(cls, strata: Strata | None, others: ValidationInfo) -> Strata | None:
        variants = others.data.get("variants")
        if strata is not None and variants and (mistakes := list(_unknown_in(strata, variants))):
            raise ValidationError.from_exception_data("strata", mistakes)
        return strata

    @field_validator("rollout_variant", "rollout_since")
    @classmethod
    def _is_of_its_phase(cls, value: str | None, others: ValidationInfo) -> str | None:
        phase = others.data.get("phase")
        if phase == "test" and value is not None:
            raise definition_mistake('is of a rollout, and phase is "test"', 'give phase = "rollout", or leave it out')
        if phase == "rollout" and value is None:
            raise definition_mistake("is missing", "a rollout has a variant, and a time since which everybody gets it")
        return value

    @field_validator("end")
    @classmethod
    def _ends_after_it_starts(cls, end: str | None, others: ValidationInfo) -> str | None:
        start = others.data.get("start")
        if start is not None and end is not None and (parse_time(end) or 0) <= (parse_time(start) or 0):
            raise definition_mistake("is not after start", "give a later end")
        return end


def _unknown_in(strata: Strata, variants: Mapping[str, int]) -> Iterator[InitErrorDetails]:
    for stratum, split in strata.splits.items():
        if unknown := sorted(set(split) - set(variants)):
            problem = f"names {', '.join(unknown)}, which is no variant"
            mistake = definition_mistake(problem, f"give weights for {', '.join(variants)} alone")
            yield InitErrorDetails(type=mistake, loc=("splits", stratum), input=split)
