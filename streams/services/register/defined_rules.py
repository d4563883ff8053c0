"""Segments and experiments that are defined, each with its rule as its author wrote it."""

import json
from collections.abc import Mapping

from events.experiments.definition import ExperimentDefinition
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_files import definition_table
from streams.domain.segments.resolution import leaves, references
from streams.services.register.scores import DefinedRule, Definitions

SPECIAL = frozenset({"support", "tag"})
"""Heads of conditions that go by opinion, or may: what a tag means its author knows."""


def defined_rules(
    segments: Mapping[str, SegmentDefinition], experiments: Mapping[str, ExperimentDefinition]
) -> Definitions:
    """Both, by name."""
    return Definitions(
        tuple(
            DefinedRule(name, json.dumps(definition_table(one), ensure_ascii=False), _is_special(name, segments))
            for name, one in sorted(segments.items())
        ),
        tuple(
            DefinedRule(name, one.model_dump_json(by_alias=True, exclude_defaults=True))
            for name, one in sorted(experiments.items())
        ),
    )


def _is_special(name: str, segments: Mapping[str, SegmentDefinition], within: frozenset[str] = frozenset()) -> bool:
    """Whether a segment goes by opinion, or refers to one that does."""
    if name in within or name not in segments:
        return False
    conditions = segments[name].conditions
    if any(condition.head in SPECIAL for condition in leaves(conditions)):
        return True
    return any(_is_special(other, segments, within | {name}) for other in references(conditions))
