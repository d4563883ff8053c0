"""`history`: what each interaction has changed in a profile."""

from streams.domain.contact.profile_history import history
from tests.unit.domain.contact.said import DONOR, HOUR, NOON, Arrival, appended, gift, retracted, said


def told(*arrivals: Arrival) -> list[tuple[str, dict[str, tuple[object, object]]]]:
    """The id of each step, and what it changed but for the times and counts that everything changes."""
    steps = history(DONOR, [arrival.fact() for arrival in arrivals])
    usual = ("first_seen", "last_seen", "last_active_at", "counts.")
    return [
        (step.fact.id, {path: change for path, change in step.changed.items() if not path.startswith(usual)})
        for step in steps
    ]


def test_interactions_come_in_the_order_in_which_they_happened_each_once() -> None:
    second, first = said("text.replied", "2", NOON + HOUR), said("text.replied", "1", NOON)

    assert [id_ for id_, _ in told(second, first, second)] == ["1", "2"]


def test_a_gift_changes_its_sums_and_its_refund_the_net() -> None:
    steps = dict(
        told(gift("1", 500), said("donation.refunded", "2", NOON + HOUR, refund_id="r", amount=200, currency="USD"))
    )

    assert steps["1"]["donations.net.USD"] == (None, 500)
    assert steps["2"]["donations.net.USD"] == (500, 300)
    assert steps["2"].keys() == {"donations.net.USD", "donations.refunded.USD"}


def test_a_retraction_takes_back_what_was_shown_until_then() -> None:
    steps = dict(told(gift("1", 500), appended(NOON + 2 * HOUR, retracted("1"))))

    assert steps["r"]["donations.count"] == (1, 0)


def test_what_changes_nothing_else_is_a_step_all_the_same() -> None:
    assert told(said("rsvp.made", "1", event_id="e")) == [("1", {})]
