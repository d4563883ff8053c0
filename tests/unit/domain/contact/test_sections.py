"""Sections of a profile by example; ties, copies and versions are generated in `tests/property/domain/contact`."""

from itertools import permutations

import pytest

from events.times import render_time
from streams.domain.contact import ContactState, FoldOutcome, merge, profile
from streams.domain.contact.profile_history import history
from tests.unit.domain.contact.said import (
    DAY,
    DONOR,
    HOUR,
    NOON,
    Arrival,
    appended,
    folded,
    gift,
    outcomes,
    profile_of,
    refund,
    report,
    retracted,
    said,
)


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


# `donations`: sums, refunds and committees; ties and versions are generated in `tests/property/domain/contact`.
def test_each_sum_shows_every_currency_of_any() -> None:
    given = profile_of(gift("1", 500), refund("2", 70, currency="EUR"))["donations"]
    assert given["gross"] == {"USD": 500, "EUR": 0}
    assert given["refunded"] == {"USD": 0, "EUR": 70}
    assert given["net"] == {"USD": 500, "EUR": -70}


def test_every_kind_of_refund_counts_its_gift_known_or_not() -> None:
    given = profile_of(
        refund("1", 1, kind="refund"),
        refund("2", 20, kind="chargeback", donation_id="actblue:gone"),
        refund("3", 300, kind="void"),
        refund("4", 4000),
    )["donations"]
    assert (given["refunded"], given["net"]) == ({"USD": 4321}, {"USD": -4321})


def test_a_committee_has_its_gifts_and_refunds_and_the_time_of_its_last_gift() -> None:
    given = profile_of(
        gift("1", 500, committee="C1"),
        gift("2", 300, NOON + HOUR, committee="C1", currency="EUR"),
        gift("3", 10, NOON + 2 * HOUR, committee="C2"),
        gift("4", 1, NOON + 3 * HOUR),
        refund("5", 200, NOON + 4 * HOUR, committee="C1"),
    )["donations"]
    assert given["by_committee"] == {
        "C1": {"net": {"USD": 300, "EUR": 300}, "last_at": "2012-03-01T13:00:00.000Z", "elections": {}},
        "C2": {"net": {"USD": 10}, "last_at": "2012-03-01T14:00:00.000Z", "elections": {}},
    }


def test_a_committee_shows_its_net_by_election_and_a_refund_is_in_that_of_its_gift() -> None:
    given = profile_of(
        gift("1", 500, committee="C1", election="P2012"),
        gift("2", 70, NOON + 1, committee="C1", election="G2012", currency="EUR"),
        gift("3", 9, NOON + HOUR, committee="C1"),
        gift("4", 8, NOON + 2 * HOUR, election="P2012"),
        refund("r1", 100, donation_id="actblue:1"),
        refund("r2", 50, donation_id="actblue:1", committee="C1"),
        refund("r3", 3, donation_id="actblue:1", currency="EUR"),
        refund("r4", 2, donation_id="actblue:3"),
        refund("r5", 7, donation_id="actblue:unknown", committee="C1"),
        refund("r6", 4, committee="C1"),
        refund("r7", 1, donation_id="actblue:4"),
    )["donations"]
    assert given["by_committee"] == {
        "C1": {
            "net": {"USD": 346, "EUR": 67},
            "last_at": "2012-03-01T13:00:00.000Z",
            "elections": {"P2012": {"USD": 350, "EUR": -3}, "G2012": {"EUR": 70}},
        }
    }


# What touches cost, and how it wears off.
def sent(id_: str, time: int = NOON, purpose: str = "fundraising") -> Arrival:
    return said("email.sent", id_, time, message_id=id_, purpose=purpose)


@pytest.mark.parametrize(
    ("arrival", "points"),
    [
        (report("1", method="door"), {"door": 3000}),
        (report("1", method="phone"), {"phone": 2000}),
        (report("1", method="text"), {"text": 1500}),
        (said("text.sent", message_id="m"), {"text": 1500}),
        (report("1", method="letter"), {"letter": 500}),
        (sent("1"), {"email": 1000}),
        (sent("1", purpose="transactional"), {"email": 0}),
    ],
)
def test_each_channel_has_its_cost(arrival: Arrival, points: dict[str, int]) -> None:
    assert profile_of(arrival)["pressure"] == {"points": points, "as_of": "2012-03-01T12:00:00.000Z"}


@pytest.mark.parametrize(
    ("age", "left"),
    [
        (28 * DAY, 188),  # 187.5 goes up
        (DAY, 2717),  # 2717.17
        (HOUR // 60, 3000),  # 2999.79
        (84 * HOUR, 2121),  # half a week: 3000 / √2 = 2121.32
    ],
)
def test_what_a_touch_costs_is_halved_every_week_and_rounded(age: int, left: int) -> None:
    known = profile_of(report("1", NOON - age), sent("2"))["pressure"]
    assert known["points"] == {"door": left, "email": 1000}


# `history`: what each interaction has changed in a profile.
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


# One (source, id) is one interaction, however often it arrives; a retraction is as if it had never happened.
def test_where_copies_differ_the_first_appended_counts() -> None:
    first, second = appended(NOON, gift("1", 500)), appended(NOON + 1, gift("1", 900, NOON - HOUR))
    assert profile_of(first, second)["donations"] == profile_of(first)["donations"]
    assert profile_of(first, second)["first_seen"] == "2012-03-01T12:00:00.000Z"


def test_a_lifted_suppression_stays_lifted_whichever_copy_is_appended_first() -> None:
    stop = said("contact.suppressed", "0", NOON - HOUR)
    early, late = (said("contact.suppressed", "1", at, until=render_time(at)) for at in (NOON, NOON + HOUR))
    for arrivals in permutations([stop, appended(NOON + 1, early), late]):
        assert "all" not in profile_of(*arrivals)["stops"]


def test_where_copies_of_one_moment_differ_one_of_them_counts() -> None:
    assert profile_of(gift("1", 500), refund("1", 7, NOON + 1))["counts"] in (
        {"donation.made": 1},
        {"donation.refunded": 1},
    )


def test_the_weight_is_that_of_the_copy_that_counts() -> None:
    short, long = gift("1", 5), appended(NOON + 1, gift("1", 5, committee="C" * 100))
    assert folded(long, short).weight == folded(short, long).weight == folded(short).weight


def test_a_retraction_may_come_before_what_it_retracts() -> None:
    known = profile_of(retracted("1"), gift("1", 500), gift("2", 7, NOON + 1))
    assert known == profile_of(gift("2", 7, NOON + 1))


def test_a_copy_of_what_was_retracted_is_a_duplicate() -> None:
    assert outcomes(gift("1", 5), retracted("1"), gift("1", 5)) == [
        FoldOutcome.APPLIED,
        FoldOutcome.APPLIED,
        FoldOutcome.DUPLICATE,
    ]


def test_a_gift_is_retracted_however_late() -> None:
    late = appended(NOON + 400 * DAY, retracted("1"))
    assert folded(gift("1", 5), late).facts.keys() == {("team/a", "1"), ("team/a", "r")}
    assert profile_of(gift("1", 5), late) == profile_of()


def test_a_retraction_is_remembered_for_ever() -> None:
    late = appended(NOON + 400 * DAY, said("email.sent", "1", message_id="m"))
    assert profile_of(retracted("1"), late) == profile_of()


# `merge`: two halves of one person are that person.
def test_of_copies_in_both_halves_the_first_appended_is_kept() -> None:
    first, second = folded(gift("1", 500)), folded(appended(NOON + 1, gift("1", 900, committee="C1")))
    assert merge(first, second).facts == merge(second, first).facts == first.facts
    assert merge(first, second).weight == merge(second, first).weight == first.weight


def test_a_message_in_the_other_half_is_retracted_by_the_first_of_its_retractions() -> None:
    sent = folded(said("email.sent", "1", message_id="m"))
    in_time, too_late = appended(NOON + 7 * DAY, retracted("1", "r")), appended(NOON + 8 * DAY, retracted("1", "s"))
    assert profile(DONOR, merge(sent, folded(in_time, too_late))) == profile_of()
    assert profile(DONOR, merge(sent, folded(too_late))) == profile(DONOR, sent)


def test_what_has_settled_is_added_up() -> None:
    late = appended(NOON + 8 * DAY, said("text.replied", "9"))
    one = folded(said("email.opened", "1", NOON, message_id="m", region="US-NY"), late)
    other = folded(said("email.opened", "2", NOON + 1, message_id="m", region="US-CA"), late)
    known = profile(DONOR, merge(one, other))
    assert known["counts"] == {"email.opened": 2, "text.replied": 1}
    assert known["email"]["last_opened_at"] == "2012-03-01T12:00:00.001Z"
    assert known["zones"]["region"] == "US-CA"


def test_the_version_is_the_larger_one() -> None:
    assert merge(ContactState(version=3), ContactState(version=5)).version == 5


def test_a_settled_drop_takes_its_messages_variant_back_whichever_half_is_merged_into_the_other() -> None:
    later = appended(NOON + 8 * DAY, said("form.submitted", "late", form_id="f"))
    sent = said("email.sent", "1", message_id="m", experiment={"id": "x", "variant": "A"})
    of_arm, of_drop = (folded(each, later) for each in (sent, said("email.dropped", "2", message_id="m")))
    assert [arm.message_id for arm in of_arm.settled.arms] == ["m"]

    assert merge(of_arm, of_drop) == merge(of_drop, of_arm)
    assert merge(of_arm, of_drop).settled.arms == ()
