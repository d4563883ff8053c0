"""The view that a state object in memory may hold: whose it is, and when it goes."""

import pytest
from msgspec.structs import replace

from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.derived_view import MOST_DEEDS, attach, derive, expect_more, give_up, nobody, view_of
from streams.domain.contact.person_view import overview
from tests.unit.domain.contact.said import DONOR, NOON, folded, gift, retracted, said

KNOWN = folded(said("email.sent", "1", message_id="m"), gift("2", 500))


def held() -> ContactState:
    """A state object that holds its view."""
    state = replace(KNOWN)
    view = derive(DONOR, state)
    assert view is not None
    attach(state, view)
    return state


def test_a_state_that_was_read_from_the_store_holds_no_view() -> None:
    assert view_of(DONOR, decode(encode(held()))) is None


def test_the_view_of_nobody_is_that_of_an_empty_state_but_for_addresses() -> None:
    view, whole = view_of(DONOR, nobody()), derive(DONOR, ContactState())
    assert view is not None
    assert whole is not None
    assert replace(view, addresses=whole.addresses, status=whole.status, email=whole.email) == whole


def test_a_view_is_made_when_it_is_asked_for_where_more_is_expected() -> None:
    state = replace(KNOWN)
    expect_more(state, overview(state))
    assert view_of(DONOR, state) == derive(DONOR, KNOWN)


def test_nothing_more_is_expected_of_a_state_in_which_something_was_taken_back() -> None:
    state = folded(gift("1", 500), retracted("1"))
    expect_more(state, overview(state))
    assert view_of(DONOR, state) is None


def test_a_view_that_was_given_up_is_made_again_once_more_is_expected() -> None:
    state = held()
    give_up(state)
    assert encode(state) == encode(KNOWN)
    assert view_of(DONOR, state) is None
    expect_more(state, overview(state))
    assert view_of(DONOR, state) == derive(DONOR, KNOWN)


def opened(number: int) -> ContactState:
    return folded(*(said("email.opened", f"{at}", NOON + at, message_id="m") for at in range(number)))


def test_a_state_with_more_opens_than_are_looked_through_each_time_holds_no_view() -> None:
    for state, has_one in ((opened(MOST_DEEDS), True), (opened(MOST_DEEDS + 1), False)):
        expect_more(state, overview(state))
        assert (view_of(DONOR, state) is not None) is has_one
        view = derive(DONOR, state)
        assert view is not None
        other = replace(state)
        attach(other, view)
        assert (view_of(DONOR, other) is not None) is has_one


@pytest.mark.parametrize("facts", [0, 15, 16, 300])
def test_a_state_is_encoded_alike_with_its_view_and_without(facts: int) -> None:
    state = folded(*(said("rsvp.made", f"{at}", NOON + at, event_id="e") for at in range(facts)))
    without = encode(state)
    assert view_of(DONOR, state) is None or not facts
    view = derive(DONOR, state)
    assert view is not None
    attach(state, view)
    assert encode(state) == without
