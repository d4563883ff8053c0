"""Erasing who has done nothing for years: a command with a condition, judged by the whole person where it is heard."""

from collections.abc import Mapping

from streams.domain.contact.facts.command_details import Erase
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.merging import person
from streams.domain.contact.person_view import Overview, overview
from streams.domain.contact.sections.activity import last_act
from streams.domain.contact.sections.totals import add, total
from streams.domain.contact.state import ContactState, ErasureIfInactive, Fact


def judged(command: Fact, contact_id: str, state: ContactState, parts: Mapping[str, ContactState]) -> Fact:
    """An erasure where its condition holds of the person as known before it; else the command itself, which is in vain.

    `parts`: the person's other fragments, as far as they count. A fragment that another one speaks for knows them not,
    so there the condition never holds; nor does one by a time that had not come when it was decided.

    It is later than any erasure of the person before it, or whatever that one has let begin since would stay.
    """
    if not isinstance(command, ErasureIfInactive) or place_of(state).roof is not None or command.since >= command.time:
        return command
    last = inactive_since(overview(person({contact_id: state, **parts})))
    if last is None or last > command.since:
        return command
    before = [each.place.erased.time for each in (state, *parts.values()) if each.place and each.place.erased]
    time = max([command.since, *(time + 1 for time in before)])
    said = command.type, time, command.source, command.id, command.appended_at
    return Fact(*said, detail=Erase(), carried=command.carried)


def inactive_since(known: Overview) -> int | None:
    """The last act of a person, ms, or else when the first thing is known of them; None: nothing is."""
    settled = known.state.settled
    act = last_act(known.facts, settled)
    return add(total(known.facts), settled.totals).first if act is None else act
