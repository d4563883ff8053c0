"""Sections of a profile by example; ties, copies and versions are generated in `tests/property/domain/contact`."""

from tests.unit.domain.contact.said import HOUR, NOON, Arrival, gift, profile_of, report, retracted, said


def test_the_version_of_a_report_of_support_that_counts_is_named_and_of_none_nothing() -> None:
    first, second = report("1", report_id="r", support=1), report("2", NOON + 1, report_id="r", support=5)
    assert profile_of(first, second)["canvass"]["support_by"] == {"source": "team/a", "id": "1"}
    assert profile_of(first, second, retracted("1"))["canvass"]["support_by"] == {"source": "team/a", "id": "2"}
    assert profile_of(report("1"))["canvass"]["support_by"] is None


def test_each_answer_is_that_of_the_latest_report_that_has_it() -> None:
    seen = profile_of(
        report("1", answers={"van:17": "jobs", "van:18": 4, "van:19": True}),
        report("2", NOON + HOUR, answers={"van:17": "health", "van:20": 1.5}),
        report("3", NOON + 2 * HOUR, answers={"van:17": None}),
    )["canvass"]
    assert seen["answers"] == {"van:17": "health", "van:18": 4, "van:19": True, "van:20": 1.5}


def test_a_tag_is_held_if_it_was_added_last() -> None:
    assert profile_of(
        report("1", tags_added=["volunteer", "driver", "host"]),
        report("2", NOON + 1, tags_removed=["driver", "host"]),
        report("3", NOON + 2, tags_added=["host", "donor"]),
    )["tags"] == ["donor", "host", "volunteer"]


def pledge_statuses(*arrivals: Arrival) -> list[str]:
    return [pledge["status"] for pledge in profile_of(*arrivals)["donations"]["pledges"]]


def test_the_latest_of_gift_failure_and_cancellation_is_the_status_of_a_pledge() -> None:
    paid = gift("1", 500, NOON, pledge_id="p")
    failed = said("donation.charge_failed", "2", NOON + HOUR, pledge_id="p")
    cancelled = said("donation.pledge_cancelled", "3", NOON + 2 * HOUR, pledge_id="p")
    again = gift("4", 500, NOON + 3 * HOUR, pledge_id="p")
    assert pledge_statuses(paid, failed) == ["failing"]
    assert pledge_statuses(paid, failed, cancelled) == ["cancelled"]
    assert pledge_statuses(paid, failed, cancelled, again) == ["active"]


def test_at_equal_times_the_larger_source_and_id_is_the_status_of_a_pledge() -> None:
    failed = said("donation.charge_failed", "2", pledge_id="p")
    assert pledge_statuses(gift("1", 500, pledge_id="p"), failed) == ["failing"]
    assert pledge_statuses(gift("3", 500, pledge_id="p"), failed) == ["active"]


def test_of_a_pledge_that_was_only_cancelled_the_rest_is_unknown() -> None:
    given = profile_of(said("donation.pledge_cancelled", pledge_id="p"))["donations"]
    assert given["pledges"] == [{"id": "p", "amount": None, "currency": None, "period": None, "status": "cancelled"}]


def test_each_zone_is_the_latest_that_was_said() -> None:
    known = profile_of(
        said("email.sent", "1", message_id="m", region="US-NY", time_zone="America/New_York"),
        gift("2", 5, NOON + HOUR, region="US-CA", postal_code="90001"),
        report("3", NOON - HOUR, postal_code="10001", time_zone="America/Chicago"),
        said("form.submitted", "4", NOON + 2 * HOUR, form_id="f"),
    )
    assert known["zones"] == {"time_zone": "America/New_York", "region": "US-CA", "postal_code": "90001"}


def test_a_later_version_of_a_gift_is_counted_and_seen_and_nothing_else() -> None:
    known = profile_of(
        gift("1", 500, region="US-NY"),
        gift("2", 900, NOON + HOUR, donation_id="actblue:1", region="US-CA", committee="C9", pledge_id="p"),
    )
    assert known["counts"] == {"donation.made": 2}
    assert known["last_seen"] == "2012-03-01T13:00:00.000Z"
    assert known["zones"]["region"] == "US-NY"
    assert known["donations"] == profile_of(gift("1", 500))["donations"]
