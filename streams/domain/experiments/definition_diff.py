"""What a definition changes beside the one that is there, in words for whoever is about to write it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from events.experiments import ExperimentDefinition
from streams.domain.experiments.definition_records import ASSIGNING, changed_fields, planned, rule_of


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """`recounts`: people are counted otherwise than before; `resplits`: other parts of them are planned."""

    definition: ExperimentDefinition
    outcome: Literal["new", "changed", "unchanged"]
    fields: tuple[str, ...]
    recounts: bool
    resplits: bool = False


def change_of(before: ExperimentDefinition | None, definition: ExperimentDefinition) -> DefinitionChange:
    """Against what is defined so far; without that it is counted by the defaults so far."""
    recounts = rule_of(before).edition != rule_of(definition).edition
    if before is None:
        return DefinitionChange(definition, "new", (), recounts)
    fields = changed_fields(before, definition)
    resplits = planned(before) != planned(definition)
    return DefinitionChange(definition, "changed" if fields else "unchanged", fields, recounts, resplits)


def told(change: DefinitionChange) -> Iterator[str]:
    """Lines. Of a new one nobody was ever told, so nothing becomes of anybody."""
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
