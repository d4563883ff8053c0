"""The oracle on cases small enough to work out by hand from the contract, at least one for each field of a profile.

Money, canvassing and consent have files of their own beside it.
"""

from events.outputs import ContactProfile
from streams.demo.oracle import recount
from streams.demo.truth import ContactFields, Sent
from tests.unit.demo.of_ann import ANN, BOB, at, gift, of_ann, part, report, retract, sent

OF_ONE_GIFT: dict[str, object] = {
    "contact_id": "ann",
    "first_seen": at("22T10"),
    "last_seen": at("22T10"),
    "counts": {"donation.made": 1},
    "email": {
        "subscribed": True,
        "status": "ok",
        "last_opened_at": None,
        "last_clicked_at": None,
        "opens_human": 0,
        "clicks_human": 0,
    },
    "donations": {
        "count": 1,
        "gross": {"USD": 5_000},
        "refunded": {"USD": 0},
        "net": {"USD": 5_000},
        "first_at": at("22T10"),
        "last_at": at("22T10"),
        "pledges": [],
        "by_committee": {"C004": {"net": {"USD": 5_000}, "last_at": at("22T10"), "elections": {}}},
    },
    "canvass": {
        "attempts": 0,
        "contacts": 0,
        "last_at": None,
        "last_method": None,
        "last_outcome": None,
        "support": None,
        "support_at": None,
        "support_by": None,
        "answers": {},
    },
    "ballot": {},
    "tags": [],
    "experiments": [],
    "addresses": [],
    "zones": {"time_zone": None, "region": None, "postal_code": None},
    "touches": [],
    "stops": {"senders": {}, "lists": {}},
    "pressure": {"points": {}, "as_of": None},
    "consent": {},
    "merged_from": [],
}
"""Sections with a file of tests of their own need not be here."""


def test_a_whole_profile_of_one_gift() -> None:
    found = of_ann(gift("22T10", "1", 5_000, {"committee": "C004"}))

    assert {*found} == ContactProfile.__required_keys__ - {"version"} | {"last_active_at"}
    assert {key: value for key, value in found.items() if key in OF_ONE_GIFT} == OF_ONE_GIFT


def test_every_contact_has_a_profile_of_its_own() -> None:
    bob = Sent("topic", "form.submitted", "app", "1", "2012-02-22T10:00:00Z", BOB, {"form_id": "f"})
    profiles = recount([gift("22T10", "1", 100, id="1"), bob], lambda contact: contact["external"]["fec"])
    assert {name: profile["counts"] for name, profile in profiles.items()} == {
        "ann": {"donation.made": 1},
        "bob": {"form.submitted": 1},
    }


def test_a_repeat_counts_once_and_the_first_published_wins() -> None:
    profile = of_ann(
        gift("22T10", "1", 500, id="1"), gift("21T10", "1", 900, id="1"), gift("22T10", "2", 7, source="b", id="1")
    )
    assert profile["counts"] == {"donation.made": 2}
    assert profile["first_seen"] == at("22T10")


def test_first_and_last_seen_are_times_of_what_happened() -> None:
    profile = of_ann(sent("rsvp.made", "22T10"), sent("rsvp.made", "20T10"), sent("rsvp.made", "21T10"))
    assert (profile["first_seen"], profile["last_seen"]) == (at("20T10"), at("22T10"))


def test_times_are_read_in_any_zone_and_cut_to_milliseconds() -> None:
    odd = Sent("topic", "rsvp.made", "app", "1", "2012-02-21T17:00:00.123999-07:00", ANN, {})
    assert of_ann(odd)["last_seen"] == "2012-02-22T00:00:00.123Z"


def test_a_retracted_interaction_never_happened_even_if_the_retraction_came_first() -> None:
    kept, taken = gift("20T10", "1", 100), gift("22T10", "2", 900, id="x")
    for order in ([kept, taken, retract("x")], [retract("x"), kept, taken, taken]):
        profile = of_ann(*order)
        assert profile["counts"] == {"donation.made": 1}
        assert profile["last_seen"] == at("20T10")


def test_a_retraction_is_of_one_source_and_cannot_itself_be_retracted() -> None:
    taken = sent("interaction.retracted", "23T10", {"retracts": {"source": "app", "id": "x"}}, id="r")
    assert of_ann(gift("22T10", "1", 9, id="x"), taken, retract("r"))["counts"] == {}
    assert of_ann(gift("22T10", "1", 9, id="x"), retract("x", "other"))["counts"] == {"donation.made": 1}


def test_an_empty_profile_stays_when_all_was_retracted() -> None:
    profile = of_ann(retract("nothing"))
    assert (profile["first_seen"], profile["last_seen"], profile["counts"]) == (None, None, {})


def test_opens_and_clicks_show_their_latest_time() -> None:
    email = part(
        "email",
        *(sent("email.opened", time, {"message_id": "m"}) for time in ("21T10", "22T10", "20T10")),
        *(sent("email.clicked", time, {"message_id": "m"}) for time in ("19T10", "18T10")),
    )
    assert (email["last_opened_at"], email["last_clicked_at"]) == (at("22T10"), at("19T10"))


def test_of_opens_at_equal_times_the_larger_source_and_id_is_the_latest() -> None:
    canvass = part("canvass", report("21T10", {"support": 1}, source="b"), report("21T10", {"support": 5}, source="a"))
    assert canvass["support"] == 1


def test_each_zone_is_the_latest_that_was_told() -> None:
    older: ContactFields = {**ANN, "region": "US-NY", "time_zone": "America/New_York", "postal_code": "10001"}
    newer: ContactFields = {**ANN, "region": "US-CA"}
    told = [
        Sent("t", "rsvp.made", "app", str(day), f"2012-02-{day}T00:00:00Z", who, {})
        for day, who in ((21, newer), (20, older))
    ]
    assert part("zones", *told) == {"time_zone": "America/New_York", "region": "US-CA", "postal_code": "10001"}
