"""Which entries of a profile's `provenance` a rule about a source is about."""

from typing import NamedTuple

from events.interactions.base import ProvenanceKind
from events.outputs import ProvenanceItem
from events.times import render_time


class ProvenanceRule(NamedTuple):
    """What is to go: all from this kind of source, of one `file` or of any, that happened up to `until` (ms)."""

    kind: ProvenanceKind
    file: str | None
    until: int


def is_due(item: ProvenanceItem, rule: ProvenanceRule) -> bool:
    """Whether an interaction of the entry is due, the first one at least."""
    is_from = item["kind"] == rule.kind and rule.file in (None, item.get("file"))
    return is_from and item["first_at"] <= render_time(rule.until)
