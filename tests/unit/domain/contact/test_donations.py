"""`donations`: sums, refunds and committees; ties and versions are generated in `tests/property/domain/contact`."""

from tests.unit.domain.contact.said import HOUR, NOON, SECOND, by, gift, profile_of, refund, retracted


def test_gifts_are_counted_and_summed() -> None:
    given = profile_of(gift("1", 500), gift("2", 250, NOON + HOUR))["donations"]
    assert (given["count"], given["gross"], given["refunded"], given["net"]) == (
        2,
        {"USD": 750},
        {"USD": 0},
        {"USD": 750},
    )


def test_each_sum_shows_every_currency_of_any() -> None:
    given = profile_of(gift("1", 500), refund("2", 70, currency="EUR"))["donations"]
    assert given["gross"] == {"USD": 500, "EUR": 0}
    assert given["refunded"] == {"USD": 0, "EUR": 70}
    assert given["net"] == {"USD": 500, "EUR": -70}


def test_first_and_last_speak_of_gifts_only() -> None:
    given = profile_of(
        refund("1", 5, NOON - HOUR), gift("2", 9, NOON), gift("3", 9, NOON + SECOND), refund("4", 5, NOON + HOUR)
    )["donations"]
    assert (given["first_at"], given["last_at"]) == ("2012-03-01T12:00:00.000Z", "2012-03-01T12:00:01.000Z")


def test_of_one_gift_from_two_feeds_the_earliest_counts() -> None:
    given = profile_of(gift("1", 500, NOON + 1, donation_id="a:x"), gift("2", 900, donation_id="a:x"))["donations"]
    assert (given["count"], given["gross"], given["last_at"]) == (1, {"USD": 900}, "2012-03-01T12:00:00.000Z")


def test_of_one_gift_at_one_time_the_smaller_source_counts_then_the_smaller_id() -> None:
    from_b, from_c = by("b", gift("1", 1, donation_id="a:x")), by("c", gift("0", 2, donation_id="a:x"))
    assert profile_of(from_c, from_b)["donations"]["gross"] == {"USD": 1}
    assert profile_of(from_c, by("c", gift("00", 3, donation_id="a:x")))["donations"]["gross"] == {"USD": 2}


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


def test_a_refund_of_a_retracted_or_unknown_gift_is_of_no_committee() -> None:
    given = profile_of(gift("1", 500, committee="C1"), refund("2", 200, donation_id="actblue:1"), retracted("1"))
    assert given["donations"]["by_committee"] == {}
    assert given["donations"]["refunded"] == {"USD": 200}


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


def test_the_election_of_a_gift_is_that_of_the_version_that_counts() -> None:
    later = gift("1", 500, NOON + HOUR, donation_id="a:x", committee="C1", election="G2012")
    first = gift("2", 400, donation_id="a:x", committee="C1", election="P2012")
    given = profile_of(later, first, refund("r", 100, donation_id="a:x"))["donations"]
    assert given["by_committee"]["C1"]["elections"] == {"P2012": {"USD": 300}}
