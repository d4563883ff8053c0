"""The starting state of a fragment: what the running system knows of it decides what of its history counts."""

from msgspec.structs import replace

from streams.domain.contact import ContactState, decode, encode, fold
from streams.domain.contact.facts.command_details import Erase, ForgetProvenance, Suppress
from streams.domain.contact.identity.identity_edges import told
from streams.domain.contact.identity.identity_status import CarriedIdentifiers, Erasure, IdentityStatus
from streams.domain.contact.state import Consent, ErasureIfInactive, Fact, Origin
from streams.history.rebuild.prior_states import starting_state
from streams.history.refold.contact_folding import fold_facts
from tests.unit.events.records import NOW

EARLIER, LATER = Erasure(NOW, "office/desk", "1"), Erasure(NOW + 1, "office/desk", "2")
FACT = Fact("form.submitted", NOW, "team/a", "1", NOW)
FOLDED = ContactState(facts={FACT.key: FACT}, version=1)


def erased(by: Erasure, **more: object) -> ContactState:
    place = IdentityStatus(told=5, erased=by, marks=True, swept=5, shown="erased")
    return ContactState(version=7, place=replace(place, **more))


def test_a_fragment_of_which_nothing_is_known_starts_with_an_empty_state() -> None:
    assert starting_state(None, [], None).state == ContactState()


def test_a_starting_state_takes_the_version_of_the_running_state_and_not_its_facts() -> None:
    assert starting_state(None, [replace(FOLDED, version=7)], None).state == ContactState(version=7)


def test_a_rebuilt_state_stays_where_nothing_was_erased() -> None:
    assert starting_state(FOLDED, [replace(FOLDED, version=7)], None).state == replace(FOLDED, version=7)


def test_an_erasure_after_a_rebuild_empties_the_rebuilt_state() -> None:
    state = starting_state(FOLDED, [erased(LATER)], None).state
    assert not state.facts
    assert state.place is not None
    assert (state.place.erased, state.place.marks, state.place.swept) == (LATER, True, 5)


def test_an_erasure_known_to_the_rebuild_removes_nothing_more() -> None:
    made = starting_state(None, [erased(EARLIER)], None).state
    made = replace(made, facts=FOLDED.facts)
    assert starting_state(made, [erased(EARLIER)], None).state.facts == FOLDED.facts


def test_what_was_forgotten_by_its_source_stays_so_and_so_does_whom_it_named() -> None:
    """Although the lake has lost the row: a no under the other identifier has to bind after the rebuild, too."""
    email = CarriedIdentifiers((("email:" + "0" * 31 + "e", ""),), exclusive="voter:NY")
    row = replace(FACT, type="provenance.reported", origin=Origin("voter_list"), carried=email)
    forget = Fact("contact.provenance_forgotten", NOW, "office/desk", "f", NOW, detail=ForgetProvenance("voter_list"))
    suppressed = Fact("contact.suppressed", NOW, "office/desk", "s", NOW, detail=Suppress(None))
    mailed = replace(FACT, id="2", carried=CarriedIdentifiers((("crm.bo", ""),)))
    known = fold(ContactState(), [mailed, row, forget, suppressed])[0]

    state = starting_state(None, [known], None).state

    assert (state.facts, {*state.commands}, {*state.forgotten}) == ({}, {forget.key}, {row.key})
    assert (state.carried, state.exclusive) == ((email,), "voter:NY")
    assert state == decode(encode(state))
    assert starting_state(state, [known], None).state == state
    assert told("crm.ada", fold_facts("crm.ada", [mailed, forget], state).state) == told("crm.ada", known)
    forgotten = starting_state(None, [known], NOW).state
    assert (forgotten.commands, forgotten.forgotten) == ({}, {})


def test_that_somebody_is_too_young_outlives_its_row_with_whom_that_named_and_nothing_else_does() -> None:
    """Of a no of the same source the lake keeps the row."""
    email, phone = (CarriedIdentifiers(((f"{kind}:" + "0" * 32, ""),)) for kind in ("email", "phone"))
    young = Origin("rented", of_age=False)
    row = replace(FACT, type="provenance.reported", id="2", origin=young, carried=phone)
    no = replace(
        FACT, type="consent.changed", id="3", origin=young, carried=email, detail=Consent("text", granted=False)
    )
    forget = Fact("contact.provenance_forgotten", NOW, "office/desk", "f", NOW, detail=ForgetProvenance("rented"))
    known = fold(ContactState(), [FACT, no, row, forget])[0]

    state = starting_state(None, [known], None).state

    left = Fact("provenance.reported", NOW, "team/a", "2", NOW, origin=Origin("forgotten", of_age=False), carried=1)
    assert (state.facts, state.carried) == ({row.key: left}, (phone,))
    assert state == decode(encode(state)) == starting_state(state, [known], None).state
    assert fold_facts("crm.ada", [row, forget], state).state == state, "where the lake has the row, it is the same"
    rebuilt = fold_facts("crm.ada", [FACT, no], state).state
    assert (rebuilt.facts, told("crm.ada", rebuilt)) == (known.facts, told("crm.ada", known))
    assert starting_state(None, [known], NOW).state.facts == {}
    assert starting_state(state, [erased(LATER)], None).state.facts == {}


def test_the_later_erasure_of_a_trace_and_the_lakes_list_binds() -> None:
    trace = ContactState(version=3, place=IdentityStatus(erased=EARLIER))
    for until, expected in ((NOW - 1, NOW), (NOW + 9, NOW + 9)):
        place = starting_state(None, [trace], until).state.place
        assert place is not None
        assert place.erased is not None
        assert place.erased.time == expected


def test_an_identifier_that_only_the_lakes_list_knows_is_marked_as_erased() -> None:
    place = starting_state(None, [], NOW).state.place
    assert place == IdentityStatus(erased=Erasure(NOW, "", ""), marks=True)


def test_an_erasure_stays_marked_if_either_a_trace_or_the_lakes_list_marks_it() -> None:
    """A version before wrote traces without it, so that the person would be open again under this identifier."""
    trace = ContactState(version=3, place=IdentityStatus(erased=EARLIER))
    for until in (NOW - 1, NOW, NOW + 1):
        place = starting_state(None, [trace], until).state.place
        assert place is not None
        assert place.marks
        assert place.erased is not None
        assert place.erased.time == max(until, NOW)


def test_an_erasure_stays_marked_if_either_a_rebuilt_state_or_the_running_system_marks_it() -> None:
    marked, unmarked = erased(EARLIER), erased(EARLIER, marks=False)
    for rebuilt, known in ((marked, unmarked), (unmarked, marked), (marked, erased(LATER, marks=False))):
        place = starting_state(rebuilt, [known], None).state.place
        assert place is not None
        assert place.marks


def test_a_fragment_of_a_cluster_may_have_a_record_begun_under_another_fragment() -> None:
    assert not starting_state(None, [erased(EARLIER)], None).begun
    assert starting_state(None, [erased(EARLIER, roof="crm.bo")], None).begun
    assert starting_state(None, [erased(EARLIER, parts=("email:1",))], None).begun


def test_a_starting_state_keeps_that_a_profile_is_published() -> None:
    known = ContactState(version=2, place=IdentityStatus(shown="merged", roof="crm.bo", linked=True))
    place = starting_state(None, [known], None).state.place
    assert place == IdentityStatus(shown="profile", linked=True)


def test_what_came_before_an_erasure_for_doing_nothing_is_not_rebuilt_if_it_was_carried_out() -> None:
    letter = Fact("email.sent", NOW + 1, "team/a", "1", NOW + 5)
    command = ErasureIfInactive("contact.erased_if_inactive", NOW + 6, "office/desk", "1", NOW + 6, since=NOW)
    anew = Fact("form.submitted", NOW + 2, "team/a", "2", NOW + 7)
    carried_out = starting_state(None, [erased(Erasure(NOW, "office/desk", "1"))], None).state
    assert fold_facts("c1", [letter, command, anew], carried_out).state.facts.keys() == {anew.key}
    assert fold_facts("c1", [letter, command, anew]).state.facts.keys() == {letter.key, anew.key}


def test_interactions_that_came_before_an_erasure_command_are_not_rebuilt_whatever_time_they_name() -> None:
    asked_at, gave, gave_again = NOW, NOW + 1, NOW + 2
    facts = [
        Fact("form.submitted", gave, "team/a", "1", NOW + 5),
        Fact("contact.erased", asked_at, "office/desk", "1", NOW + 6, detail=Erase()),
    ]
    anew = Fact("form.submitted", gave_again, "team/a", "2", NOW + 7)
    running = fold(ContactState(), facts)[0]
    assert not running.facts

    before = starting_state(None, [running], None).state

    assert not fold_facts("c1", facts, before).state.facts
    assert fold_facts("c1", [*facts, anew], before).state.facts.keys() == {anew.key}
