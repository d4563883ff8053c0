"""What of a profile a rule about a source, or about a purpose, has forgotten."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from events.channels import plain_purpose
from events.interactions.base import ProvenanceKind
from events.outputs import ConsentWord, ContactProfile, ProvenanceItem
from events.times import render_time


class ProvenanceRule(NamedTuple):
    """What is to go: all from this kind of source, of one `file` or of any, that happened up to `until` (ms)."""

    kind: ProvenanceKind
    file: str | None
    until: int


class PurposeRule(NamedTuple):
    """What is to go: all that was collected for this purpose, and each yes for it, that happened up to `until` (ms)."""

    purpose: str
    until: int


ForgettingRule: TypeAlias = ProvenanceRule | PurposeRule


def is_for(purpose: str | None, rule: PurposeRule) -> bool:
    """Whether a purpose, as somebody wrote it, is the one of the rule."""
    return purpose is not None and plain_purpose(purpose) == plain_purpose(rule.purpose)


def due_entries(profile: ContactProfile, rule: ForgettingRule) -> Sequence[ProvenanceItem]:
    """The entries of `provenance` of which an interaction is due, the first one at least."""
    end = render_time(rule.until)
    return [item for item in profile.get("provenance", ()) if _is_of(item, rule) and item["first_at"] <= end]


def due_words(profile: ContactProfile, rule: ForgettingRule) -> Sequence[ConsentWord]:
    """Each yes of `consent_ledger` that is due by its own purpose: none by a rule about a source."""
    if not isinstance(rule, PurposeRule):
        return ()
    end = render_time(rule.until)
    words = profile.get("consent_ledger", ())
    return [word for word in words if word["granted"] and is_for(word.get("purpose"), rule) and word["at"] <= end]


def names_beside(profile: ContactProfile, rule: ForgettingRule) -> Iterable[str]:
    """What a profile names of the kind that a rule is about: purposes, or files of its kind of source."""
    entries = profile.get("provenance", ())
    if isinstance(rule, PurposeRule):
        words = [word.get("purpose") for word in profile.get("consent_ledger", ()) if word["granted"]]
        names = [*(item.get("purpose") for item in entries), *words]
    else:
        names = [item.get("file") for item in entries if item["kind"] == rule.kind]
    return [name for name in names if name is not None]


def _is_of(item: ProvenanceItem, rule: ForgettingRule) -> bool:
    if isinstance(rule, PurposeRule):
        return is_for(item.get("purpose"), rule)
    return item["kind"] == rule.kind and rule.file in (None, item.get("file"))
