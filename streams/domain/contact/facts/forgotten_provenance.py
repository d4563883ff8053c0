"""Forgetting what came from one source, while the person stays: what is left of a fact that it covers.

A function of the fact and the command alone, so it does not matter which of them comes first, or how often. No
retraction takes such a command back: what is gone is gone, and what would come late must not count either.
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from streams.domain.contact.facts.command_details import ForgetProvenance
from streams.domain.contact.facts.mandatory_facts import binds
from streams.domain.contact.state import CanvassReport, Fact


def forgetting_commands(commands: Iterable[Fact]) -> Sequence[Fact]:
    """Those of `commands` that forget a source."""
    return [fact for fact in commands if fact.detail.__class__ is ForgetProvenance]


def what_is_left(fact: Fact, sources: Collection[Fact]) -> Fact | None:
    """The fact itself where none of `sources` covers it; else None, or that somebody is to be left alone."""
    if fact.origin is None or not any(_covers(command, fact) for command in sources):
        return fact
    if not binds(fact):
        return None
    detail = fact.detail
    if isinstance(detail, CanvassReport):
        detail = replace(detail, support=None, answers=None, tags_added=(), tags_removed=())
    return replace(fact, zones=None, detail=detail, arm=None, origin=None)


def _covers(command: Fact, fact: Fact) -> bool:
    source, origin = command.detail, fact.origin
    if not isinstance(source, ForgetProvenance) or origin is None or fact.time > command.time:
        return False
    return origin.kind == source.kind and source.file in (None, origin.file)
