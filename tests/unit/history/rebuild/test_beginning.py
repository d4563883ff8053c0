"""What the running system knows of a fragment decides what of its history counts, and nothing else of it does."""

from msgspec.structs import replace

from streams.domain.contact import ContactState, fold
from streams.domain.contact.facts.command_details import Erase
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.state import Fact
from streams.history.rebuild.history_beginning import beginning
from streams.history.refold.state_of_facts import lived
from tests.unit.events.records import NOW

EARLIER, LATER = Erasure(NOW, "office/desk", "1"), Erasure(NOW + 1, "office/desk", "2")
FACT = Fact("form.submitted", NOW, "team/a", "1", NOW)
FOLDED = ContactState(facts={FACT.key: FACT}, version=1)


def erased(by: Erasure, **more: object) -> ContactState:
    place = IdentityStatus(told=5, erased=by, marks=True, swept=5, shown="erased")
    return ContactState(version=7, place=replace(place, **more))


def test_of_whom_nothing_is_known_history_begins_with_nothing() -> None:
    assert beginning(None, [], None).state == ContactState()


def test_what_the_running_system_has_folded_does_not_count_but_its_version_does() -> None:
    assert beginning(None, [replace(FOLDED, version=7)], None).state == ContactState(version=7)


def test_what_was_made_anew_stays_where_nobody_was_erased() -> None:
    assert beginning(FOLDED, [replace(FOLDED, version=7)], None).state == replace(FOLDED, version=7)


def test_an_erasure_since_forgets_what_was_made_anew() -> None:
    state = beginning(FOLDED, [erased(LATER)], None).state
    assert not state.facts
    assert state.place is not None
    assert (state.place.erased, state.place.marks, state.place.swept) == (LATER, True, 5)


def test_an_erasure_that_was_known_when_it_was_made_anew_forgets_nothing_more() -> None:
    made = beginning(None, [erased(EARLIER)], None).state
    made = replace(made, facts=FOLDED.facts)
    assert beginning(made, [erased(EARLIER)], None).state.facts == FOLDED.facts


def test_the_later_of_a_trace_and_the_lakes_list_binds() -> None:
    trace = ContactState(version=3, place=IdentityStatus(erased=EARLIER))
    for until, expected in ((NOW - 1, NOW), (NOW + 9, NOW + 9)):
        place = beginning(None, [trace], until).state.place
        assert place is not None
        assert place.erased is not None
        assert place.erased.time == expected


def test_whoever_shares_a_person_may_have_a_record_that_begun_elsewhere() -> None:
    assert not beginning(None, [erased(EARLIER)], None).begun
    assert beginning(None, [erased(EARLIER, roof="crm.bo")], None).begun
    assert beginning(None, [erased(EARLIER, parts=("email:1",))], None).begun


def test_that_a_profile_is_out_is_not_forgotten() -> None:
    known = ContactState(version=2, place=IdentityStatus(shown="merged", roof="crm.bo", linked=True))
    place = beginning(None, [known], None).state.place
    assert place == IdentityStatus(shown="profile", linked=True)


def test_what_was_heard_before_the_command_of_an_erasure_does_not_come_back_whatever_time_it_bore() -> None:
    asked_at, gave, gave_again = NOW, NOW + 1, NOW + 2
    facts = [
        Fact("form.submitted", gave, "team/a", "1", NOW + 5),
        Fact("contact.erased", asked_at, "office/desk", "1", NOW + 6, detail=Erase()),
    ]
    anew = Fact("form.submitted", gave_again, "team/a", "2", NOW + 7)
    running = fold(ContactState(), facts)[0]
    assert not running.facts

    before = beginning(None, [running], None).state

    assert not lived("c1", facts, before).state.facts
    assert lived("c1", [*facts, anew], before).state.facts.keys() == {anew.key}
