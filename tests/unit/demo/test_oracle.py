"""The oracle on cases small enough to work out by hand from the contract, at least one for each field of a profile."""

from itertools import count

import pytest

from streams.demo.oracle import recount
from streams.demo.recount import Profile
from streams.demo.truth import ContactFields, Fields, Sent

ANN: ContactFields = {"external": {"fec": "ann"}}
BOB: ContactFields = {"external": {"fec": "bob"}}
_ids = count(1)


def sent(type_: str, time: str, fields: Fields | None = None, **envelope: str) -> Sent:
    """`time`: day and hour of February 2012, such as `22T10`."""
    id_ = envelope.get("id") or f"id-{next(_ids):04d}"
    return Sent("topic", type_, envelope.get("source", "app"), id_, f"2012-02-{time}:00:00Z", ANN, fields or {})


def at(time: str) -> str:
    return f"2012-02-{time}:00:00.000Z"


def of_ann(*these: Sent) -> Profile:
    profiles = recount(these, lambda contact: contact["external"]["fec"])
    assert list(profiles) == ["ann"]
    return profiles["ann"]


def part(name: str, *these: Sent) -> Profile:
    found = of_ann(*these)[name]
    assert isinstance(found, dict)
    return found


def gift(time: str, gift_id: str, amount: int, extra: Fields | None = None, **envelope: str) -> Sent:
    fields: Fields = {"donation_id": f"p:{gift_id}", "amount": amount, "currency": "USD"}
    return sent("donation.made", time, {**fields, **(extra or {})}, **envelope)


def refund(time: str, refund_id: str, amount: int, extra: Fields | None = None) -> Sent:
    fields: Fields = {"refund_id": refund_id, "amount": amount, "currency": "USD"}
    return sent("donation.refunded", time, {**fields, **(extra or {})})


def report(time: str, extra: Fields | None = None, **envelope: str) -> Sent:
    fields: Fields = {"method": "door", "outcome": "contacted"}
    return sent("canvass.reported", time, {**fields, **(extra or {})}, **envelope)


def test_a_whole_profile_of_one_gift() -> None:
    assert of_ann(gift("22T10", "1", 5_000, {"committee": "C004"})) == {
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


def retract(id_: str, source: str = "app") -> Sent:
    return sent("interaction.retracted", "23T10", {"retracts": {"source": source, "id": id_}})


def test_what_is_retracted_never_happened_even_if_the_retraction_came_first() -> None:
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


def test_canvass_reports_are_attempts_and_some_of_them_contacts() -> None:
    canvass = part(
        "canvass",
        report("22T10", {"method": "phone", "outcome": "no_answer"}),
        report("21T10"),
        report("20T10", {"outcome": "not_home"}),
    )
    assert (canvass["attempts"], canvass["contacts"]) == (3, 1)
    assert (canvass["last_at"], canvass["last_method"], canvass["last_outcome"]) == (at("22T10"), "phone", "no_answer")


def test_a_report_that_is_told_twice_is_one() -> None:
    canvass = part(
        "canvass",
        report("21T10", {"report_id": "r", "outcome": "refused"}),
        report("20T10", {"report_id": "r"}),
        report("22T10", {"report_id": None}),
        report("23T10"),
    )
    assert (canvass["attempts"], canvass["contacts"], canvass["last_at"]) == (3, 3, at("23T10"))


def test_support_is_the_latest_that_was_given() -> None:
    given = report("21T10", {"support": 2}, id="two")
    canvass = part("canvass", given, report("20T10", {"support": 5}), report("22T10"))
    assert (canvass["support"], canvass["support_at"]) == (2, at("21T10"))
    assert canvass["support_by"] == {"source": "app", "id": "two"}


def test_answers_are_kept_by_question_the_latest_of_each() -> None:
    canvass = part(
        "canvass",
        report("21T10", {"answers": {"van:1": "new", "van:3": None}}),
        report("20T10", {"answers": {"van:1": "old", "van:2": "kept", "van:3": "kept too"}}),
    )
    assert canvass["answers"] == {"van:1": "new", "van:2": "kept", "van:3": "kept too"}


def test_equal_times_are_settled_by_the_larger_source_and_id() -> None:
    canvass = part("canvass", report("21T10", {"support": 1}, source="b"), report("21T10", {"support": 5}, source="a"))
    assert canvass["support"] == 1


def test_tags_are_on_or_off_by_the_latest_report() -> None:
    profile = of_ann(
        report("22T10", {"tags_added": ["host"], "tags_removed": ["volunteer"]}),
        report("21T10", {"tags_added": ["volunteer", "absentee"]}),
        report("23T10", {"tags_added": ["both"], "tags_removed": ["both"]}),
    )
    assert profile["tags"] == ["absentee", "host"]


def test_a_ballot_is_known_by_election() -> None:
    ballot = part(
        "ballot",
        sent("ballot.reported", "22T10", {"election": "primary", "status": "voted"}, id="v"),
        sent("ballot.reported", "20T10", {"election": "primary", "status": "sent"}),
        sent("ballot.reported", "21T10", {"election": "general", "status": "requested"}, id="r"),
    )
    assert ballot == {
        "primary": {"status": "voted", "at": at("22T10"), "source": "app", "id": "v"},
        "general": {"status": "requested", "at": at("21T10"), "source": "app", "id": "r"},
    }


def test_each_zone_is_the_latest_that_was_told() -> None:
    older: ContactFields = {**ANN, "region": "US-NY", "time_zone": "America/New_York", "postal_code": "10001"}
    newer: ContactFields = {**ANN, "region": "US-CA"}
    told = [
        Sent("t", "rsvp.made", "app", str(day), f"2012-02-{day}T00:00:00Z", who, {})
        for day, who in ((21, newer), (20, older))
    ]
    assert part("zones", *told) == {"time_zone": "America/New_York", "region": "US-CA", "postal_code": "10001"}


def consent(time: str, channel: str, granted: bool, **extra: str) -> Sent:
    fields: Fields = {"channel": channel, "granted": granted}
    if "list_id" in extra:
        fields["list_id"] = extra["list_id"]
    if "sender" in extra:
        fields["sender"] = extra["sender"]
    return sent("consent.changed", time, fields)


def test_a_suppression_is_not_in_the_counts_and_is_no_sight_of_the_person() -> None:
    profile = of_ann(sent("rsvp.made", "20T10"), sent("contact.suppressed", "22T10"))
    assert (profile["counts"], profile["last_seen"]) == ({"rsvp.made": 1}, at("20T10"))


def test_who_has_nothing_but_a_suppression_has_a_profile_until_it_is_taken_back() -> None:
    stop, given = sent("contact.suppressed", "22T10", id="s"), gift("20T10", "1", 9, id="g")
    profile, empty = of_ann(stop), of_ann(retract("nothing"))
    why = {"reason": "suppressed", "at": at("22T10"), "source": "app", "id": "s"}
    assert profile == empty | {"stops": {"all": why, "senders": {}, "lists": {}}}
    assert known(stop, retract("s")) == known(retract("s"), stop) == []
    assert known(stop, retract("s"), sent("contact.suppressed", "23T10")) == ["ann"]
    assert known(stop, retract("s"), given, retract("g")) == ["ann"]
    assert known(sent("contact.linked", "22T10")) == []


def known(*these: Sent) -> list[str]:
    return list(recount(these, lambda contact: contact["external"]["fec"]))


UNSUBSCRIBED, COMPLAINED, STOP = "email.unsubscribed", "email.complained", "text.opted_out"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([sent(UNSUBSCRIBED, "20T10")], {"email": False}),
        ([sent(COMPLAINED, "20T10")], {"email": False}),
        ([sent(STOP, "20T10")], {"text": False}),
        ([consent("20T10", "door", True)], {"door": True}),
        ([sent(UNSUBSCRIBED, "20T10"), consent("21T10", "email", True)], {"email": True}),
        ([consent("21T10", "email", True), sent(UNSUBSCRIBED, "20T10")], {"email": True}),
        ([sent(STOP, "20T10"), consent("21T10", "text", True)], {"text": True}),
        ([sent(COMPLAINED, "20T10"), consent("21T10", "email", True)], {"email": False}),
        ([consent("20T10", "email", True), sent(UNSUBSCRIBED, "20T10")], {"email": False}),
        ([consent("20T10", "text", False), consent("20T10", "text", True)], {"text": False}),
        (
            [consent("20T10", "all", False), consent("21T10", "phone", True)],
            {"email": False, "text": False, "phone": True, "door": False, "letter": False},
        ),
        ([sent(UNSUBSCRIBED, "20T10", {"list_id": "news"})], {}),
        ([sent(COMPLAINED, "20T10", {"list_id": "news"}), consent("21T10", "email", True)], {"email": True}),
        ([sent(STOP, "20T10", {"sender": "62012"})], {}),
        ([consent("20T10", "email", False, list_id="news"), consent("20T10", "text", False, sender="62012")], {}),
    ],
)
def test_consent_is_the_latest_word_on_each_channel(told: list[Sent], expected: dict[str, bool]) -> None:
    profile = of_ann(*told)
    assert profile["consent"] == expected
    assert part("email", *told)["subscribed"] is expected.get("email", True)
