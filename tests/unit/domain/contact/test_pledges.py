"""`donations.pledges`: the status of what came last, the worth of the latest gift."""

from tests.unit.domain.contact.said import HOUR, NOON, Arrival, by, gift, profile_of, retracted, said


def statuses(*arrivals: Arrival) -> list[str]:
    return [pledge["status"] for pledge in profile_of(*arrivals)["donations"]["pledges"]]


def test_a_gift_makes_its_pledge_active() -> None:
    given = profile_of(gift("1", 500, pledge_id="p", period="monthly"))["donations"]
    assert given["pledges"] == [
        {"id": "p", "amount": 500, "currency": "USD", "period": "monthly", "status": "active"},
    ]


def test_a_gift_without_a_pledge_makes_none() -> None:
    assert statuses(gift("1", 500, period="once")) == []


def test_the_latest_of_gift_failure_and_cancellation_is_the_status() -> None:
    paid = gift("1", 500, NOON, pledge_id="p")
    failed = said("donation.charge_failed", "2", NOON + HOUR, pledge_id="p")
    cancelled = said("donation.pledge_cancelled", "3", NOON + 2 * HOUR, pledge_id="p")
    again = gift("4", 500, NOON + 3 * HOUR, pledge_id="p")
    assert statuses(paid, failed) == ["failing"]
    assert statuses(paid, failed, cancelled) == ["cancelled"]
    assert statuses(paid, failed, cancelled, again) == ["active"]


def test_at_equal_times_the_larger_source_and_id_is_the_status() -> None:
    failed = said("donation.charge_failed", "2", pledge_id="p")
    assert statuses(gift("1", 500, pledge_id="p"), failed) == ["failing"]
    assert statuses(gift("3", 500, pledge_id="p"), failed) == ["active"]
    assert statuses(by("team/b", gift("1", 500, pledge_id="p")), failed) == ["active"]


def test_of_a_pledge_that_was_only_cancelled_the_rest_is_unknown() -> None:
    given = profile_of(said("donation.pledge_cancelled", pledge_id="p"))["donations"]
    assert given["pledges"] == [{"id": "p", "amount": None, "currency": None, "period": None, "status": "cancelled"}]


def test_amount_and_currency_are_those_of_the_latest_gift_and_the_period_the_latest_known() -> None:
    given = profile_of(
        gift("1", 500, NOON, pledge_id="p", period="monthly"),
        gift("2", 700, NOON + HOUR, pledge_id="p", currency="EUR"),
        said("donation.charge_failed", "3", NOON + 2 * HOUR, pledge_id="p"),
    )["donations"]
    assert given["pledges"] == [{"id": "p", "amount": 700, "currency": "EUR", "period": "monthly", "status": "failing"}]


def test_pledges_are_listed_by_id() -> None:
    given = profile_of(
        gift("1", 5, pledge_id="c"),
        gift("2", 5, NOON + 1, pledge_id="a"),
        said("donation.charge_failed", "3", NOON - 1, pledge_id="b"),
    )["donations"]
    assert [pledge["id"] for pledge in given["pledges"]] == ["a", "b", "c"]


def test_a_later_version_of_a_gift_does_not_revive_a_pledge() -> None:
    cancelled = said("donation.pledge_cancelled", "2", NOON + HOUR, pledge_id="p")
    copy = gift("3", 500, NOON + 2 * HOUR, donation_id="actblue:1", pledge_id="p")
    assert statuses(gift("1", 500, pledge_id="p"), cancelled, copy) == ["cancelled"]


def test_a_retracted_failure_leaves_the_pledge_as_it_was() -> None:
    failed = said("donation.charge_failed", "2", NOON + HOUR, pledge_id="p")
    assert statuses(gift("1", 500, pledge_id="p"), failed, retracted("2")) == ["active"]
