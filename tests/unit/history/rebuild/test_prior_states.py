"""The starting state of a fragment: what the running system knows of it decides what of its history counts."""

from msgspec.structs import replace

from streams.domain.contact import ContactState, decode, encode, fold
from streams.domain.contact.facts.command_details import ForgetProvenance, Suppress
from streams.domain.contact.identity.identity_edges import told
from streams.domain.contact.identity.identity_status import CarriedIdentifiers, Erasure, IdentityStatus
from streams.domain.contact.state import Consent, Fact, Origin
from streams.history.rebuild.prior_states import starting_state
from streams.history.refold.contact_folding import fold_facts
from tests.unit.events.records import NOW

EARLIER, LATER = Erasure(NOW, "office/desk", "1"), Erasure(NOW + 1, "office/desk", "2")
FACT = Fact("form.submitted", NOW, "team/a", "1", NOW)


def erased(by: Erasure, **more: object) -> ContactState:
    place = IdentityStatus(told=5, erased=by, marks=True, swept=5, shown="erased")
    return ContactState(version=7, place=replace(place, **more))


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
