"""The oracle on gifts, refunds, committees, elections and pledges, worked out by hand from the contract."""

from streams.demo.truth import Fields, Sent
from tests.unit.demo.of_ann import ANN, at, gift, of_ann, part, refund, sent


def test_each_sum_of_donations_shows_every_currency() -> None:
    euros: Fields = {"currency": "EUR"}
    donations = part("donations", gift("20T10", "1", 100), gift("21T10", "2", 50), refund("22T10", "r", 30, euros))
    assert donations["count"] == 2
    assert donations["gross"] == {"USD": 150, "EUR": 0}
    assert donations["refunded"] == {"USD": 0, "EUR": 30}
    assert donations["net"] == {"USD": 150, "EUR": -30}


def test_the_times_of_donations_are_those_of_gifts() -> None:
    donations = part(
        "donations", refund("10T10", "r", 1), gift("20T10", "1", 1), gift("21T10", "2", 1), refund("24T10", "s", 1)
    )
    assert (donations["first_at"], donations["last_at"]) == (at("20T10"), at("21T10"))


def test_of_several_versions_the_smallest_by_time_source_and_id_counts() -> None:
    versions = (
        gift("22T10", "1", 300, source="b", id="1"),
        gift("22T10", "1", 200, source="a", id="9"),
        gift("22T10", "1", 100, source="a", id="1"),
        gift("23T10", "1", 400, source="a", id="0"),
    )
    profile = of_ann(*versions, refund("24T10", "r", 10), refund("25T10", "r", 99))
    assert profile["counts"] == {"donation.made": 4, "donation.refunded": 2}
    assert profile["last_seen"] == at("25T10")
    donations = part("donations", *versions, refund("24T10", "r", 10), refund("25T10", "r", 99))
    assert (donations["count"], donations["gross"], donations["net"]) == (1, {"USD": 100}, {"USD": 90})
    assert donations["last_at"] == at("22T10")


def test_a_later_version_of_a_gift_tells_no_zone() -> None:
    first, again = gift("22T10", "1", 5), gift("23T10", "1", 5)
    moved = Sent("topic", again.type, again.source, again.id, again.time, {**ANN, "region": "US-AK"}, again.fields)
    assert part("zones", first, moved)["region"] is None


def test_a_refund_takes_the_committee_of_its_gift() -> None:
    donations = part(
        "donations",
        gift("20T10", "1", 500, {"committee": "C1"}),
        gift("21T10", "2", 70),
        refund("22T10", "r1", 100, {"donation_id": "p:1"}),
        refund("23T10", "r2", 1, {"donation_id": "p:1", "committee": "C2"}),
        refund("24T10", "r3", 7, {"donation_id": "p:unknown"}),
    )
    assert donations["by_committee"] == {
        "C1": {"net": {"USD": 400}, "last_at": at("20T10"), "elections": {}},
        "C2": {"net": {"USD": -1}, "last_at": None, "elections": {}},
    }
    assert donations["refunded"] == {"USD": 108}


def test_a_committee_shows_its_net_by_election_and_a_refund_is_in_that_of_its_gift() -> None:
    primary: Fields = {"committee": "C1", "election": "P2012"}
    donations = part(
        "donations",
        gift("20T10", "1", 500, primary),
        gift("21T10", "2", 70, {"committee": "C1", "election": "G2012", "currency": "EUR"}),
        gift("21T11", "3", 9, {"committee": "C1"}),
        gift("21T12", "4", 8, {"election": "P2012"}),
        refund("22T10", "r1", 100, {"donation_id": "p:1"}),
        refund("22T11", "r2", 50, {"donation_id": "p:1", "committee": "C1"}),
        refund("22T12", "r3", 3, {"donation_id": "p:1", "currency": "EUR"}),
        refund("22T13", "r4", 2, {"donation_id": "p:3"}),
        refund("22T14", "r5", 7, {"donation_id": "p:unknown", "committee": "C1"}),
        refund("22T15", "r6", 4, {"committee": "C1"}),
        refund("22T16", "r7", 1, {"donation_id": "p:4"}),
    )
    assert donations["by_committee"] == {
        "C1": {
            "net": {"USD": 346, "EUR": 67},
            "last_at": at("21T11"),
            "elections": {"P2012": {"USD": 350, "EUR": -3}, "G2012": {"EUR": 70}},
        }
    }


def test_an_election_in_which_all_was_given_back_stays_with_nothing() -> None:
    donations = part(
        "donations",
        gift("20T10", "1", 500, {"committee": "C1", "election": "P2012"}),
        refund("19T10", "r", 500, {"donation_id": "p:1"}),
    )
    assert donations["by_committee"] == {
        "C1": {"net": {"USD": 0}, "last_at": at("20T10"), "elections": {"P2012": {"USD": 0}}}
    }


def test_the_election_of_a_gift_is_that_of_the_version_that_counts() -> None:
    donations = part(
        "donations",
        gift("21T10", "1", 500, {"committee": "C1", "election": "G2012"}),
        gift("20T10", "1", 400, {"committee": "C1", "election": "P2012"}),
        refund("22T10", "r", 100, {"donation_id": "p:1"}),
    )
    assert donations["by_committee"] == {
        "C1": {"net": {"USD": 300}, "last_at": at("20T10"), "elections": {"P2012": {"USD": 300}}}
    }


def test_a_pledge_shows_its_latest_gift_and_its_latest_news() -> None:
    monthly: Fields = {"pledge_id": "b", "period": "monthly"}
    donations = part(
        "donations",
        gift("20T10", "1", 500, monthly),
        gift("22T10", "2", 600, monthly),
        sent("donation.charge_failed", "21T10", {"pledge_id": "b"}),
        sent("donation.charge_failed", "21T10", {"pledge_id": "a"}),
        gift("23T10", "3", 50, {"pledge_id": "c", "period": "weekly"}),
        sent("donation.pledge_cancelled", "24T10", {"pledge_id": "c"}),
    )
    assert donations["pledges"] == [
        {"id": "a", "amount": None, "currency": None, "period": None, "status": "failing"},
        {"id": "b", "amount": 600, "currency": "USD", "period": "monthly", "status": "active"},
        {"id": "c", "amount": 50, "currency": "USD", "period": "weekly", "status": "cancelled"},
    ]


def test_the_news_of_a_pledge_at_one_time_is_that_of_the_larger_source_and_id() -> None:
    failed = sent("donation.charge_failed", "21T10", {"pledge_id": "p"}, id="1")
    cancelled = sent("donation.pledge_cancelled", "21T10", {"pledge_id": "p"}, id="2")
    for order in ((failed, cancelled), (cancelled, failed)):
        (pledge,) = part("donations", *order)["pledges"]  # type: ignore[misc]
        assert pledge["status"] == "cancelled"  # type: ignore[has-type]
