from streams.domain.contact import ContactState
from streams.domain.contact.derived_view import ATTACHED
from streams.domain.pressure import default_policy
from streams.engine.decoded_states import RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.view_budget import FIRST, FOR_EACH_USE, MOST, ONE_IN, ViewBudget
from tests.unit.worker.agents.contacts.interaction_records import AT, CONTACTS, PRINTER, encoded, said

PEOPLE = 5 * FIRST


def new_states() -> States[ContactState]:
    """Those of a partition in which nobody is known; whoever is stays at hand."""
    return States(MemoryStore(), CONTACTS, RecentStates(1 << 30))


def hear(states: States[ContactState], people: range, times: int) -> int:
    """One interaction after the other with each of these people. Returns how many of them have a view at last."""
    views = 0
    for who in people:
        for offset in range(times):
            folding = InteractionsHandler(states, PRINTER, AT, default_policy())
            folding.take([said(offset, "rsvp.made", f"c{who}", f"{who}-{offset}", event_id="e1")])
            states.commit(folding.effects.changes, encoded(folding), Position("topic", offset, 0))
        views += states.get(f"c{who}".encode()).__dict__.get(ATTACHED) is not None
    return views


def test_where_nobody_is_heard_of_again_few_views_are_made() -> None:
    assert hear(new_states(), range(PEOPLE), times=2) == FIRST + (PEOPLE - FIRST) // ONE_IN


def test_where_people_are_heard_of_again_and_again_each_has_a_view() -> None:
    assert hear(new_states(), range(PEOPLE), times=3) == PEOPLE


def test_views_are_made_again_once_they_would_be_used() -> None:
    states = new_states()
    hear(states, range(PEOPLE), times=2)

    hear(states, range(PEOPLE, 2 * PEOPLE), times=6)

    assert hear(states, range(2 * PEOPLE, 3 * PEOPLE), times=6) == PEOPLE


def test_a_partition_that_is_opened_anew_begins_as_any() -> None:
    states = new_states()
    hear(states, range(PEOPLE), times=2)

    states.forget()

    assert hear(states, range(PEOPLE, PEOPLE + FIRST), times=2) == FIRST


def test_each_use_pays_for_more_views_up_to_a_limit() -> None:
    budget = ViewBudget()
    for _ in range(2 * MOST):
        budget.used()
    assert [budget.may_make() for _ in range(MOST)] == [True] * MOST
    assert not budget.may_make()

    budget.used()

    assert [budget.may_make() for _ in range(FOR_EACH_USE + 1)] == [True] * FOR_EACH_USE + [False]
