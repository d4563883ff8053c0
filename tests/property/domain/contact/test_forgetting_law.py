"""Forgetting a source or a purpose: what is left is as if nothing of it had ever been said, but for what binds.

Whether the command or what it covers comes first, however often, and however they are dealt to parts.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from msgspec import structs

from events.interactions.base import Provenance
from events.json_types import JSON
from events.outputs import ContactProfile
from streams.domain.contact import ContactState, FoldOutcome, decode, encode, fold, merge, profile
from streams.domain.contact.merging import weigh
from tests.property.domain.contact.strategies import deliveries, few, fields, key, lives, parts
from tests.unit.domain.contact.said import DONOR, HOUR, NOON, Arrival, appended, by, said

STAYS = ("do_not_contact", "refused", "deceased", "wrong_number", "disconnected")
TOO_YOUNG = Provenance(kind="self", of_age=False).model_copy(update={"kind": "forgotten"})
OF_SOURCE = fields({"kind": few("self", "voter_list", "rented")}, {"file": few("rolls-2012", "other")})
OF_PURPOSE = fields({"purpose": few("newsletter", "FUNDRAISING", "online_ads")}, {})
COMMAND = st.one_of(OF_SOURCE, OF_PURPOSE)


@st.composite
def commands(draw: st.DrawFn) -> list[Arrival]:
    """Up to two, at moments among those of a life."""
    found = []
    for number in range(draw(st.integers(1, 2))):
        at = NOON + draw(st.integers(0, 4)) * HOUR + draw(st.sampled_from([-HOUR, 0, 40 * 24 * HOUR]))
        about = draw(COMMAND)
        type_ = "contact.purpose_forgotten" if "purpose" in about else "contact.provenance_forgotten"
        found.append(by("office/desk", said(type_, f"c{number}", at, **about)))
    return found


def plain(arrival: Arrival) -> dict[str, Any]:
    told: dict[str, Any] = arrival.interaction.data.plain()
    return told


def left_of(life: Sequence[Arrival], forgets: Sequence[Arrival]) -> list[Arrival]:
    """What was said, without what a command covers; of what binds no more than that."""
    found = []
    for each in life:
        covered = False
        for command in forgets:
            if each.interaction.time <= command.interaction.time and is_about(plain(command), plain(each)):
                covered = True
        if not covered:
            found.append(each)
        elif (left := bare(each)) is not None:
            found.append(left)
    return found


def is_about(command: dict[str, Any], told: dict[str, Any]) -> bool:
    """Whether what was told is of the source or the purpose, whatever its time."""
    source = told.get("provenance") or {}
    if "purpose" in command:
        purposes = [source.get("purpose"), told.get("purpose") if told.get("granted") is True else None]
        return command["purpose"].lower() in [each.lower() for each in purposes if each is not None]
    return source.get("kind") == command["kind"] and command.get("file") in (None, source.get("file"))


def bare(arrival: Arrival) -> Arrival | None:
    """A no, or a report that the person is to be left alone, without all else; None: it is neither.

    That they are too young is left of anything, without its source.
    """
    heard, told = arrival.interaction, plain(arrival)
    too_young = told.get("provenance", {}).get("of_age") is False
    if heard.type == "consent.changed" and told["granted"] is False:
        kept = {name: told[name] for name in told if name not in ("contact", "provenance")}
    elif heard.type == "canvass.reported" and told["outcome"] in STAYS:
        kept = {name: told[name] for name in told if name in ("method", "outcome", "report_id", "team")}
    elif too_young:
        row = by(heard.source, said("provenance.reported", heard.id, heard.time, provenance={"kind": "self"}))
        return twin(row, TOO_YOUNG)
    else:
        return None
    fresh: dict[str, JSON] = {**kept}
    left = by(heard.source, said(heard.type, heard.id, heard.time, **fresh))
    return twin(left, TOO_YOUNG) if too_young else left


def shown(arrivals: Sequence[Arrival]) -> ContactProfile:
    return profile(DONOR, fold(ContactState(), [each.fact() for each in arrivals])[0])


@given(lives(), commands(), st.data())
def test_what_is_left_is_as_if_nothing_of_the_source_had_been_said(
    life: list[Arrival], forgets: list[Arrival], data: st.DataObject
) -> None:
    delivered = data.draw(deliveries([*life, *forgets]))
    states = []
    for part in data.draw(parts(delivered)):
        state, _ = fold(ContactState(), [each.fact() for each in part])
        states.append(decode(encode(state)))
    whole = reduce(merge, states, ContactState())
    left = left_of(life, forgets)
    event(f"gone: {len(life) - len(left)}, bare: {sum(each not in life for each in left)}")
    assert profile(DONOR, whole) == shown(left)
    assert set(whole.facts) == {key(each) for each in left}
    assert whole.weight == weigh((whole.facts, whole.commands, whole.forgotten), whole.carried, whole.settled)


@given(lives(), commands(), st.data())
def test_it_does_not_matter_in_which_order_they_come(
    life: list[Arrival], forgets: list[Arrival], data: st.DataObject
) -> None:
    one, other = (data.draw(st.permutations([*life, *forgets])) for _ in range(2))
    states = [fold(ContactState(), [each.fact() for each in order])[0] for order in (one, other)]
    assert (states[0].facts, states[0].weight) == (states[1].facts, states[1].weight)
    assert [profile(DONOR, state) for state in states] == [shown(left_of(life, forgets))] * 2
    again, outcomes = fold(states[0], [each.fact() for each in other])
    assert profile(DONOR, again) == profile(DONOR, states[0])
    assert FoldOutcome.APPLIED not in outcomes


def twin(arrival: Arrival, source: Provenance | None) -> Arrival:
    """The same interaction, but that it says another source or none."""
    heard = arrival.interaction
    return replace(
        arrival, interaction=structs.replace(heard, data=heard.data.model_copy(update={"provenance": source}))
    )


@given(lives(), commands(), st.data())
def test_of_copies_that_say_another_source_the_first_counts_whenever_the_command_comes(
    life: list[Arrival], forgets: list[Arrival], data: st.DataObject
) -> None:
    """So no copy that says less brings back what was forgotten, and none that says more takes what was not."""
    first, copies = [], []
    for each in life:
        at = NOON + data.draw(st.integers(0, 48)) * HOUR
        first.append(appended(at, each))
        if each.interaction.type in ("form.submitted", "donation.made", "canvass.reported"):
            source = data.draw(st.sampled_from([None, Provenance(kind="rented"), Provenance(kind="self")]))
            copies.append(appended(at + data.draw(st.integers(1, 24)) * HOUR, twin(each, source)))
    delivered = data.draw(st.permutations([*first, *copies, *forgets]))
    states = [fold(ContactState(), [each.fact() for each in part])[0] for part in data.draw(parts(delivered))]
    whole = reduce(merge, states, ContactState())
    left = left_of(first, forgets)
    event(f"copies: {len(copies)}, gone: {len(first) - len(left)}")
    for state in (whole, fold(ContactState(), [each.fact() for each in delivered])[0]):
        assert set(state.facts) == {key(each) for each in left}
        assert profile(DONOR, state) == shown(left)
        assert state.weight == weigh((state.facts, state.commands, state.forgotten), state.carried, state.settled)
