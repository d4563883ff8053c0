"""Definitions of experiments: their records in `experiment-definitions`, the counting rules, and what a change means.

Every partition of the topic has all of them: each partition of the contacts folds its own copy in its own order, and
tells by its own position which rule a person was counted by.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import orjson
from msgspec import structs
from pydantic import ValidationError

from events.experiments import HOLDOUT, ExperimentDefinition
from events.fields import MAX_ID
from events.refusal import Reason, Refusal
from streams.domain.experiments.counting_rules import DEFAULT_RULE, CountingRule
from streams.domain.file_mistakes import mistakes_in

REFERENCE = "see docs/experiments-running.md"

ASSIGNING = frozenset({"variants", "holdout", "unit", "exclusion", "strata", "salt", "phase", "rollout_variant"})
"""The fields by which `harmonia assign` decides who gets what."""


def definition_record(definition: ExperimentDefinition) -> tuple[bytes, bytes]:
    """Key and value; what has a default is written with it, so that no other version reads another one into it."""
    return definition.id.encode(), definition.model_dump_json(by_alias=True, exclude_none=True).encode()


def definition_version(definition: ExperimentDefinition | None) -> str:
    """Twelve hex digits by which one definition of an experiment is told from another; `none` without one."""
    if definition is None:
        return "none"
    return hashlib.blake2b(definition_record(definition)[1], digest_size=6).hexdigest()


def withdrawal_record(experiment: str) -> tuple[bytes, None]:
    """Key and value that take a definition back: what is seen of the experiment runs with the defaults again."""
    return experiment.encode(), None


def read_definition(key: bytes | None, value: bytes | None) -> tuple[str, ExperimentDefinition | None] | Refusal:
    """Experiment and definition, None where it was taken back; or why the record says nothing.

    Fields that this version does not know are left alone, and one that is null counts as absent.
    """
    experiment = (key or b"").decode(errors="replace")
    if not 1 <= len(experiment) <= MAX_ID:
        return Refusal(Reason.INVALID_DATA, f"key: give the experiment's id, 1 to {MAX_ID} characters")
    if value is None:
        return experiment, None
    try:
        said = orjson.loads(value)
    except orjson.JSONDecodeError:
        return Refusal(Reason.NOT_JSON, "value: not JSON: write definitions with `harmonia experiments define`")
    if not isinstance(said, dict):
        return Refusal(Reason.INVALID_DATA, "value: give an object with the fields of a definition")
    try:
        given = orjson.dumps({name: field for name, field in said.items() if field is not None})
    except orjson.JSONEncodeError:  # what is nested deeper than it writes, it reads all the same
        return Refusal(
            Reason.NOT_JSON, "value: nested too deeply: write definitions with `harmonia experiments define`"
        )
    try:
        definition = ExperimentDefinition.model_validate_json(given, extra="ignore")
    except ValidationError as error:
        return Refusal(Reason.INVALID_DATA, str(mistakes_in(error, REFERENCE).found[0]))
    if definition.id != experiment:
        return Refusal(Reason.INVALID_DATA, "id: is not the record's key: write the same in both")
    return experiment, definition


def rule_of(definition: ExperimentDefinition | None) -> CountingRule:
    """How people of an experiment are counted; the defaults without a definition."""
    if definition is None:
        return DEFAULT_RULE
    rule = CountingRule(
        window_ms=definition.window_ms,
        currency=definition.currency,
        winsorise=definition.winsorise,
        covariate_days=definition.covariate_days,
        unit=definition.unit,
        start=definition.ms("start"),
        end=definition.ms("end"),
        rollout=definition.ms("rollout_since"),
    )
    return structs.replace(rule, edition=edition_of(rule))


def edition_of(rule: CountingRule) -> str:
    """Eight hex digits that differ where anything does by which people are counted; empty where all is the default.

    Of what differs from the defaults alone, so that a field of a later version makes nobody be counted anew.
    """
    usual = structs.asdict(DEFAULT_RULE)
    fields = {name: value for name, value in structs.asdict(rule).items() if name != "edition" and value != usual[name]}
    if not fields:
        return ""
    return hashlib.blake2b(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), digest_size=4).hexdigest()


def planned_shares(definition: ExperimentDefinition) -> dict[str, float] | None:
    """The share of each variant among those who are in the experiment, adding up to 1.

    None where no shares are planned for all together: some strata have a split of their own.
    """
    if definition.strata is not None and definition.strata.splits:
        return None
    rest, weights = 1 - definition.holdout, definition.variants
    total = sum(weights.values())
    shares = {variant: rest * weight / total for variant, weight in weights.items()}
    return {**shares, HOLDOUT: definition.holdout} if definition.holdout else shares


def changed_fields(before: ExperimentDefinition, after: ExperimentDefinition) -> tuple[str, ...]:
    """The names of the fields in which two definitions differ, in the order of the reference."""
    return tuple(name for name in type(after).model_fields if getattr(before, name) != getattr(after, name))


def fold_definition(
    definitions: dict[str, ExperimentDefinition], key: bytes | None, value: bytes | None
) -> Refusal | None:
    """Apply a record to `definitions`, by experiment; the refusal of one that cannot be read, which changes nothing."""
    read = read_definition(key, value)
    if isinstance(read, Refusal):
        return read
    experiment, definition = read
    if definition is None:
        definitions.pop(experiment, None)
    else:
        definitions[experiment] = definition
    return None


def missing_definitions(
    wanted: Mapping[bytes, bytes | None], there: Mapping[bytes, bytes | None]
) -> list[tuple[bytes, bytes | None]]:
    """The records that a partition which holds `there` lacks to hold what is `wanted`, by key."""
    return [(key, value) for key, value in wanted.items() if there.get(key) != value]


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """What a new definition changes. `recounts`: how people are counted; `resplits`: the planned shares."""

    definition: ExperimentDefinition
    outcome: Literal["new", "changed", "unchanged"]
    fields: tuple[str, ...]
    recounts: bool
    resplits: bool = False


def definition_change(before: ExperimentDefinition | None, definition: ExperimentDefinition) -> DefinitionChange:
    """The change from the definition `before`; without one the experiment is counted by the defaults."""
    recounts = rule_of(before).edition != rule_of(definition).edition
    if before is None:
        return DefinitionChange(definition, "new", (), recounts)
    fields = changed_fields(before, definition)
    resplits = planned_shares(before) != planned_shares(definition)
    return DefinitionChange(definition, "changed" if fields else "unchanged", fields, recounts, resplits)


def change_lines(change: DefinitionChange) -> Iterator[str]:
    """Lines for whoever is about to write the definition; a new one needs no warning."""
    said = f"{change.definition.id}: {change.outcome}"
    yield f"{said}: {', '.join(change.fields)}" if change.fields else said
    if change.outcome != "changed":
        return
    if change.recounts:
        yield "    it counts people otherwise: all who were seen in it are counted anew"
    if change.resplits:
        yield (
            "    its split is judged by the new parts, of those who were assigned by the old ones too: "
            "it may be found broken"
        )
    if ASSIGNING & {*change.fields}:
        yield (
            "    it changes who gets what: results keep everybody in the variant that they were given first, and "
            "whoever is assigned again and gets another one is contaminated. Better define another experiment"
        )
