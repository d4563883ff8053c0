"""Forgetting by source and by purpose: what stays, whichever comes first, and what never comes back."""

from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from events.json_types import JSON
from events.outputs import ContactProfile
from streams.domain.contact import ContactState, FoldOutcome, decode, encode, fold, profile
from streams.domain.contact.fold import RESERVE, ROOM
from streams.domain.contact.identity.identity_edges import told
from streams.domain.contact.identity.identity_status import CarriedIdentifiers
from streams.domain.contact.merging import merge
from streams.domain.contact.state import Fact, Key
from tests.unit.domain.contact.said import DAY, DONOR, NOON, Arrival, appended, folded, gift, outcomes, said

RENTED: dict[str, JSON] = {"kind": "rented", "file": "list-1"}
FORGET = said("contact.provenance_forgotten", "forget", NOON + DAY, kind="rented")
EMAIL = "email:0000000000000000000000000000000e"


def shown(*arrivals: Arrival) -> ContactProfile:
    return profile(DONOR, folded(*arrivals))


def test_whom_it_named_stays_linked_whichever_comes_first() -> None:
    """Else a no under the other identifier would no longer bind this one."""
    fact = replace(
        said("provenance.reported", "1", provenance=RENTED).fact(), carried=CarriedIdentifiers(((EMAIL, ""),))
    )
    before, forget = fold(ContactState(), [fact])[0], FORGET.fact()
    orders = ([fact, forget], [forget, fact])

    for state in (*(fold(ContactState(), order)[0] for order in orders), merge(before, folded(FORGET))):
        assert told(DONOR, state) == told(DONOR, before) != {}
        assert (state.facts, "rented" in str(state.forgotten["team/a", "1"])) == ({}, False)


def test_that_somebody_is_too_young_stays_without_its_source_and_all_else() -> None:
    """Else an earlier word would have them of age again."""
    young: dict[str, JSON] = {**RENTED, "of_age": False, "age_band": "65+"}
    grown = said("form.submitted", "f", NOON - DAY, form_id="f", provenance={"kind": "self", "of_age": True})
    row = said("provenance.reported", "1", provenance=young)
    no = said("consent.changed", "2", channel="phone", granted=False, provenance=young)
    carrying = replace(row.fact(), carried=CarriedIdentifiers(((EMAIL, ""),)))
    forget = FORGET.fact()

    for order in permutations([grown.fact(), carrying, forget, no.fact(), gift("3", 500, provenance=young).fact()]):
        state, _ = fold(ContactState(), order)
        known = profile(DONOR, state)
        own, left = known["provenance"]
        assert (own["kind"], left["kind"], left["of_age"], left["count"]) == ("self", "forgotten", False, 3)
        assert not {"file", "age_band"} & left.keys()
        assert left["addresses"] == []
        assert (known["donations"]["count"], known["stops"]["phone"]["reason"]) == (0, "consent_withdrawn")
        assert told(DONOR, state) != {}
        assert "list-1" not in str(state.facts)


FORGET_PURPOSE = said("contact.purpose_forgotten", "forget", NOON + DAY, purpose="Petition-Water")


def test_a_no_for_a_purpose_that_is_forgotten_stays_with_its_words() -> None:
    """Else a yes of before would count again, and who refused would be reached."""
    no = said("consent.changed", "n", channel="email", granted=False, purpose="petition-water", proof="scan:1")

    for order in permutations([no, FORGET_PURPOSE]):
        [word] = shown(*order)["consent_ledger"]
        assert (word["granted"], word["purpose"], word["proof"]) == (False, "petition-water", "scan:1")


def test_a_copy_that_says_less_brings_nothing_back() -> None:
    first, copy = gift("1", 500, provenance=RENTED), appended(NOON + 1, gift("1", 500))

    for order in ((first, copy, FORGET), (first, FORGET, copy), (FORGET, first, copy), (FORGET, copy, first)):
        assert shown(*order)["donations"]["count"] == 0, order
    assert merge(folded(FORGET, first), folded(copy)).facts == {}


def test_a_first_copy_that_is_not_covered_counts_though_another_one_was_forgotten() -> None:
    first, copy = gift("1", 500), appended(NOON + 1, gift("1", 500, provenance=RENTED))

    for order in ((first, copy, FORGET), (copy, FORGET, first), (FORGET, copy, first), (FORGET, first, copy)):
        state = folded(*order)
        assert (profile(DONOR, state)["donations"]["count"], len(state.forgotten)) == (1, 0), order
    assert len(merge(folded(FORGET, copy), folded(first)).facts) == 1


def test_of_a_copy_before_a_command_and_one_after_it_the_earlier_counts() -> None:
    before = appended(NOON + 1, gift("1", 500, NOON, provenance=RENTED))
    after = gift("1", 500, NOON + 2 * DAY, provenance=RENTED)

    for order in permutations([before, after, FORGET]):
        assert shown(*order)["donations"]["count"] == 0, order


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("canvass.reported", {"method": "door", "outcome": "refused", "support": 5, "answers": {"v:1": "jobs"}}),
        ("canvass.reported", {"method": "phone", "outcome": "wrong_number", "tags_added": ["host"]}),
        ("consent.changed", {"channel": "email", "granted": False}),
        ("form.submitted", {"form_id": "f", "provenance": {**RENTED, "of_age": False, "age_band": "65+"}}),
    ],
    ids=["a refusal", "a wrong number", "a no", "too young"],
)
def test_of_copies_of_a_no_one_before_a_command_and_one_after_it_nothing_but_the_no_stays(
    type_: str, data: dict[str, JSON]
) -> None:
    """Whichever was appended first, and in whatever order they and the command are heard, in one part or several."""
    told: dict[str, JSON] = {"provenance": RENTED, "region": "US-NY", **data}
    alone = shown(said(type_, "1", NOON, **told), FORGET)
    for first, second in ((NOON, NOON + 1), (NOON + 1, NOON)):
        before, after = (
            appended(at, said(type_, "1", time, **told)) for at, time in ((first, NOON), (second, NOON + 2 * DAY))
        )
        for order in permutations([before, after, FORGET]):
            states = [folded(*order), merge(folded(*order[:2]), folded(*order[2:]))]
            states.append(merge(folded(order[0]), merge(folded(order[1]), folded(order[2]))))
            assert [profile(DONOR, state) for state in states] == [alone] * 3, order
            assert len({state.weight for state in states}) == 1
            assert {fact.appended_at for state in states for fact in state.facts.values()} == {NOON}


def test_a_command_stays_beside_an_interaction_of_the_same_source_and_id() -> None:
    """One source that numbers gifts and stops from 1 has both, and neither may take the place of the other."""
    rented = said("provenance.reported", "1", provenance=RENTED).fact()
    row = replace(rented, carried=CarriedIdentifiers(((EMAIL, ""),)))
    stop = replace(said("contact.suppressed", "1", NOON).fact(), source=row.source)
    forget = FORGET.fact()
    states = [fold(ContactState(), order)[0] for order in permutations([row, stop, forget])]
    states.append(merge(fold(ContactState(), [row, forget])[0], fold(ContactState(), [stop])[0]))

    for state in states:
        assert profile(DONOR, state)["stops"]["all"]["reason"] == "suppressed"
        assert told(DONOR, state) == told(DONOR, fold(ContactState(), [row])[0]) != {}
        assert decode(encode(state)) == state


def test_a_key_finds_room_where_the_state_is_full() -> None:
    """Its link would go, so a no under the other identifier would not bind."""
    rented = said("provenance.reported", "1", provenance=RENTED).fact()
    row = replace(rented, carried=CarriedIdentifiers(((EMAIL, ""),)))

    state, [outcome] = fold(replace(folded(FORGET), weight=ROOM), [row])

    assert (outcome, {*state.forgotten}) == (FoldOutcome.FORGOTTEN, {row.key})
    assert told(DONOR, state) == told(DONOR, fold(ContactState(), [row])[0])


def test_a_key_that_finds_no_room_is_told_to_be_left_out() -> None:
    """It leaves half of the reserve to what binds."""
    full = replace(folded(FORGET), weight=ROOM + RESERVE // 2)

    assert fold(full, [gift("1", 500, provenance=RENTED).fact()])[1] == [FoldOutcome.FULL]
    assert fold(full, [said("consent.changed", "n", channel="all", granted=False).fact()])[1] == [FoldOutcome.APPLIED]


def test_a_copy_that_finds_no_room_takes_no_key_away() -> None:
    copy = replace(gift("1", 500, provenance=RENTED).fact(), carried=CarriedIdentifiers(((EMAIL, ""),)))
    known = fold(ContactState(), [FORGET.fact(), copy])[0]
    first = replace(gift("1", 500, committee="c" * 200).fact(), appended_at=copy.appended_at - 5)

    state, [outcome] = fold(replace(known, weight=ROOM), [first])

    assert (outcome, state.forgotten, state.facts) == (FoldOutcome.FULL, known.forgotten, {})
    assert told(DONOR, state) == told(DONOR, known) != {}


class Looked(dict[Key, Fact]):
    """Counts how often it is gone through."""

    looks = 0

    def values(self) -> Any:
        self.looks += 1
        return super().values()


def test_commands_are_gone_through_once_however_many_late_rows_come() -> None:
    """Else a replay costs the square of them."""
    commands = Looked(folded(FORGET).commands)
    rows = [said("provenance.reported", f"{number}", provenance=RENTED).fact() for number in range(50)]

    state, _ = fold(ContactState(commands=commands), rows)

    assert (len(state.forgotten), commands.looks) == (50, 1)


def test_a_command_that_is_a_copy_of_another_one_forgets_nothing() -> None:
    """The first copy counts, and that is about another source."""
    fact = gift("1", 500, provenance=RENTED)
    other = said("contact.provenance_forgotten", "forget", NOON + DAY, kind="voter_list")

    assert outcomes(other, fact, appended(NOON + 1, FORGET))[-1] is FoldOutcome.DUPLICATE
    assert shown(other, fact, appended(NOON + 1, FORGET))["donations"]["count"] == 1


def test_a_command_that_finds_no_room_forgets_nothing() -> None:
    """Else what comes after it of the source would count, and what came before would not."""
    known = replace(folded(gift("1", 500, provenance=RENTED)), weight=ROOM + RESERVE)

    state, [outcome] = fold(known, [FORGET.fact()])

    assert (outcome, state.commands) == (FoldOutcome.FULL, {})
    assert profile(DONOR, state)["donations"]["count"] == 1


def test_after_an_erasure_only_a_yes_to_a_channel_begins_a_record() -> None:
    erased = said("contact.erased", "e", NOON)
    scopes: list[dict[str, JSON]] = [{"purpose": "fundraising"}, {"list_id": "news"}, {"sender": "desk"}]

    for scope in scopes:
        yes = said("consent.changed", "y", NOON + 1, channel="email", granted=True, **scope)
        assert outcomes(erased, yes)[-1] is FoldOutcome.IN_VAIN, scope
    assert outcomes(erased, said("consent.changed", "y", NOON + 1, channel="email", granted=True))[-1] is (
        FoldOutcome.APPLIED
    )
