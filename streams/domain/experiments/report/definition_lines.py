"""A definition in lines for people: a table would break names and times where a terminal is narrow."""

from collections.abc import Iterator

from events.experiments import ExperimentDefinition
from streams.domain.experiments.definition_records import planned_shares

_MIDNIGHT = "00:00"


def definition_lines(definition: ExperimentDefinition) -> Iterator[str]:
    """Lines with its id, its variants, how it is judged, when, and its owner; defaults are left out."""
    yield definition.id
    yield f"    {_variants(definition)}"
    yield f"    {'; '.join(_facts(definition))}"


def _facts(definition: ExperimentDefinition) -> Iterator[str]:
    yield f"judged by {definition.metrics[0]} within {definition.window}"
    if definition.unit != "contact":
        yield f"by {definition.unit}"
    if definition.phase == "rollout":
        yield f"rollout of {definition.rollout_variant} since {_time(definition.rollout_since or '')} UTC"
    times = [f"{word} {_time(time)}" for word, time in (("from", definition.start), ("until", definition.end)) if time]
    if times:
        yield f"{' '.join(times)} UTC"
    if definition.owner:
        yield f"owner {definition.owner}"


def _time(text: str) -> str:
    """The day alone where it is the beginning of one."""
    day, at = text[:10], text[11:16]
    return day if at == _MIDNIGHT else f"{day} {at}"


def _variants(definition: ExperimentDefinition) -> str:
    shares = planned_shares(definition)
    if shares is None:
        return f"{', '.join(definition.arms)}: by {definition.strata.column if definition.strata else ''}"
    return ", ".join(f"{variant} {share:.1%}" for variant, share in shares.items())
