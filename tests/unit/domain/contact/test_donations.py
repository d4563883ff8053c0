"""`donations`: sums, refunds and committees; ties and versions are generated in `tests/property/domain/contact`."""

from tests.unit.domain.contact.said import HOUR, NOON, gift, profile_of, refund


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
