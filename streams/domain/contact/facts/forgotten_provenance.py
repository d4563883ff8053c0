"""Forgetting what came from one source, or was collected for one purpose, while the person stays: what is left of it.

A function of the fact and the command alone, so it does not matter which of them comes first, or how often. No
retraction takes such a command back: what is gone is gone, and what would come late must not count either.

The key stays, with whom it named: else a copy that says less would bring it back, and a no under one identifier of a
person would no longer bind the others.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from events.channels import plain_purpose
from events.provenance_kinds import FORGOTTEN
from streams.domain.contact.facts.command_details import (
    FORGETTING,
    ForgetProvenance,
    ForgetPurpose,
    ForgottenInteraction,
)
from streams.domain.contact.facts.mandatory_facts import protects, says_too_young
from streams.domain.contact.state import CanvassReport, Consent, Fact, Key, Origin

Facts: TypeAlias = dict[Key, Fact]
_NOTHING_ELSE = "provenance.reported"
"""The type of what says where something comes from, and nothing else."""


def forgetting_commands(commands: Iterable[Fact]) -> Sequence[Fact]:
    """The commands of `commands` that forget a source or a purpose."""
    return [fact for fact in commands if fact.detail.__class__ in FORGETTING]


def what_is_left(fact: Fact, commands: Collection[Fact]) -> Fact:
    """The fact itself where none of `commands` covers it; else its `bare_form`."""
    return bare_form(fact) if any(_covers(command, fact) for command in commands) else fact


def bare_form(fact: Fact) -> Fact:
    """All that stays of a fact whose source is forgotten: that somebody is to be left alone, or a bare key.

    That they are too young is left too, without its source: else an earlier word would have them of age again.
    """
    origin = Origin(FORGOTTEN, of_age=False) if says_too_young(fact) else None
    if not protects(fact):
        if origin is not None:
            bare = Fact(_NOTHING_ELSE, fact.time, fact.source, fact.id, fact.appended_at, carried=fact.carried)
            return replace(bare, origin=origin)
        return Fact("", fact.time, fact.source, fact.id, fact.appended_at, None, ForgottenInteraction(), fact.carried)
    detail = fact.detail
    if isinstance(detail, CanvassReport):
        detail = replace(detail, support=None, answers=None, tags_added=(), tags_removed=())
    return replace(fact, zones=None, detail=detail, arm=None, origin=origin)


def is_forgotten(fact: Fact) -> bool:
    """Whether it is no more than the key of something that was forgotten."""
    return fact.detail.__class__ is ForgottenInteraction


def is_bare_word(fact: Fact) -> bool:
    """Whether it is all that is left of something that was forgotten and said that the person is too young.

    A no of the same source is not: it is kept as a no.
    """
    return fact.type == _NOTHING_ELSE and fact.origin is not None and fact.origin.kind == FORGOTTEN


def is_first(key: Fact, copy: Fact, commands: Iterable[Fact]) -> bool:
    """Whether the copy that was forgotten, of which `key` is left, counts and not this `copy`, which is not covered.

    The forgotten copy counts where it was appended first. It also counts where it is earlier and `copy` is only too
    late for one of `commands`: of copies that differ in time alone the earliest counts.
    """
    if key.appended_at <= copy.appended_at:
        return True
    return key.time < copy.time and any(_is_meant(command, copy) for command in commands)


def without_forgotten(facts: Facts, forgotten: Facts, commands: Iterable[Fact]) -> tuple[Facts, Facts]:
    """Facts and keys of what was forgotten, once these `commands` were heard. Of copies the first one counts."""
    forgetting = forgetting_commands(commands)
    if both := facts.keys() & forgotten.keys():
        late = {key for key in both if is_first(forgotten[key], facts[key], forgetting)}
        facts, forgotten = _but(facts, late), _but(forgotten, both - late)
    if not forgetting:
        return facts, forgotten
    left = [what_is_left(fact, forgetting) for fact in facts.values()]
    gone = {fact.key: fact for fact in left if is_forgotten(fact)}
    return {fact.key: fact for fact in left if not is_forgotten(fact)}, {**forgotten, **gone}


def _but(group: Facts, keys: Collection[Key]) -> Facts:
    return {key: fact for key, fact in group.items() if key not in keys}


def _covers(command: Fact, fact: Fact) -> bool:
    return fact.time <= command.time and _is_meant(command, fact)


def _is_meant(command: Fact, fact: Fact) -> bool:
    """Whether a fact is of the source or purpose that a command forgets, whenever it happened."""
    origin = fact.origin
    match command.detail:
        case ForgetProvenance(kind=kind, file=file):
            return origin is not None and origin.kind == kind and file in (None, origin.file)
        case ForgetPurpose(purpose=purpose):
            return any(plain_purpose(each) == purpose for each in _purposes(fact))
        case _:
            return False


def _purposes(fact: Fact) -> Iterable[str]:
    """The purposes for which the fact was collected, and for which it is a yes. A no for a purpose is kept."""
    if fact.origin is not None and fact.origin.purpose is not None:
        yield fact.origin.purpose
    if isinstance(fact.detail, Consent) and fact.detail.granted and fact.detail.purpose is not None:
        yield fact.detail.purpose
