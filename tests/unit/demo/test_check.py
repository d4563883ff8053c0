"""The self-check finds each kind of difference, and the oracle knows what the fold never sees."""

from collections.abc import Iterable
from copy import deepcopy
from itertools import count

import pytest

from streams.demo.check import ABSENT, Difference, Letter, compare_letters, compare_profiles
from streams.demo.oracle import all_closed_channels, closed_channels, is_known, profile_of, recount
from streams.demo.recount import Profile
from streams.demo.recount_humans import kind_of
from streams.demo.truth import ContactFields, Fields, Sent
from streams.domain.human import agent_of
from tests.unit.domain.human.people import APPLE, CHROME, GMAIL, GMAIL_PREFETCH, IPHONE, OUTLOOK, SAFARI, YAHOO

GIFT = Sent(
    "donation-events",
    "donation.made",
    "fec/2012",
    "1",
    "2012-02-22T00:00:00Z",
    {"external": {"fec": "ann"}, "region": "US-CA"},
    {"donation_id": "fec:1", "amount": 5_000, "currency": "USD", "committee": "C1", "pledge_id": "p"},
)


@pytest.fixture
def truth() -> dict[str, Profile]:
    return recount([GIFT], lambda contact: contact["external"]["fec"])


def planted(truth: dict[str, Profile], path: tuple[str | int, ...], value: object) -> dict[str, Profile]:
    found = deepcopy(truth)
    place: object = found["ann"]
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    return found


def test_equal_profiles_show_no_difference_whatever_their_version(truth: dict[str, Profile]) -> None:
    assert compare_profiles(truth, planted(truth, ("version",), 7), "redis") == []


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        (("donations", "net", "USD"), 4_999, "donations.net.USD", 5_000),
        (("donations", "count"), None, "donations.count", 1),
        (("donations", "count"), True, "donations.count", 1),
        (("donations", "pledges", 0, "status"), "failing", "donations.pledges[0].status", "active"),
        (("donations", "pledges"), [], "donations.pledges", None),
        (("counts", "email.sent"), 1, "counts.email.sent", ABSENT),
        (("tags",), ["x"], "tags", []),
        (("email", "subscribed"), False, "email.subscribed", True),
        (("zones", "region"), None, "zones.region", "US-CA"),
        (("last_seen",), "2012-02-22T00:00:00Z", "last_seen", "2012-02-22T00:00:00.000Z"),
        (("surprise",), 1, "surprise", ABSENT),
    ],
)
def test_a_planted_difference_names_the_contact_and_the_field(
    truth: dict[str, Profile], path: tuple[str | int, ...], value: object, field: str, expected: object
) -> None:
    (difference,) = compare_profiles(truth, planted(truth, path, value), "redis")
    assert (difference.where, difference.contact_id, difference.field) == ("redis", "ann", field)
    assert difference.found == value
    if expected is not None:
        assert difference.expected == expected
    assert "ann" in str(difference)
    assert field in str(difference)


def test_a_missing_field_of_a_profile_is_a_difference(truth: dict[str, Profile]) -> None:
    found = deepcopy(truth)
    del found["ann"]["merged_from"]
    assert compare_profiles(truth, found, "redis") == [Difference("redis", "ann", "merged_from", [], ABSENT)]


def test_a_missing_and_a_needless_contact_are_differences(truth: dict[str, Profile]) -> None:
    found = {"bob": truth["ann"]}
    assert [(one.contact_id, one.field) for one in compare_profiles(truth, found, "contact-state")] == [
        ("ann", "profile"),
        ("bob", "profile"),
    ]
    assert str(compare_profiles(truth, {}, "redis")[0]) == "redis, ann: profile is absent, expected present"


LETTERS = [
    Letter("not_json", "email-events", 0, 10, b"{"),
    Letter("not_json", "email-events", 1, 10, b"{"),
    Letter("no_time", "email-events", 0, 11, b"{}"),
]
EXPECTED = [("not_json", b"{"), ("no_time", b"{}"), ("not_json", b"{")]


def test_equal_dead_letters_show_no_difference_even_when_one_was_written_twice() -> None:
    assert compare_letters(EXPECTED, [*LETTERS, LETTERS[0]]) == []


def test_a_dead_letter_with_another_reason_is_a_difference_for_both_reasons() -> None:
    changed = [*LETTERS[:2], LETTERS[2]._replace(reason="invalid_data")]
    assert [one.field for one in compare_letters(EXPECTED, changed)] == ["invalid_data", "no_time"]


def test_changed_bytes_of_a_dead_letter_are_a_difference_that_does_not_show_them() -> None:
    (difference,) = compare_letters(EXPECTED, [*LETTERS[:2], LETTERS[2]._replace(value=b"secret")])
    assert difference.field.startswith("no_time")
    assert "secret" not in str(difference)


# What is said of one person in the cases of the oracle, and the profile that it makes of it.
_ids = count(1)


def said(
    type_: str, time: str, fields: Fields | None = None, contact: ContactFields | None = None, **envelope: str
) -> Sent:
    """`time`: such as `02-22T10:00`, of 2012 and in UTC. Without an id of its own it gets the next one."""
    id_ = envelope.get("id") or f"id-{next(_ids):04d}"
    who: ContactFields = {"external": {"fec": "ann"}, **(contact or {})}
    return Sent("topic", type_, envelope.get("source", "app/one"), id_, f"2012-{time}:00Z", who, fields or {})


def reported(
    time: str, method: str, outcome: str = "contacted", contact: ContactFields | None = None, **more: str
) -> Sent:
    """A canvass report; a `report_id` if one is given, else what `said` takes."""
    fields: Fields = {"method": method, "outcome": outcome}
    if "report_id" in more:
        fields["report_id"] = more.pop("report_id")
    return said("canvass.reported", time, fields, contact, **more)


def taken_back(*these: Sent) -> list[Sent]:
    """A retraction of each."""
    return [
        said("interaction.retracted", "06-01T10:00", {"retracts": {"source": one.source, "id": one.id}})
        for one in these
    ]


def profile(these: Iterable[Sent]) -> Profile:
    return profile_of("ann", list(these), _hashed)


def at(time: str) -> str:
    """As a profile shows the time."""
    return f"2012-{time}:00.000Z"


def _hashed(contact: ContactFields) -> str:
    """As if it were a keyed hash: the address as it is normalised, and 32 characters long."""
    kind = "email" if "email" in contact else "phone"
    return f"{kind}:{(contact.get('email') or contact['phone']).strip().lower():_<32}"


# The oracle on what the fold never sees: times as they were written, who has a profile at all, and several people.
# `profile_of` of `tests/unit/domain/contact/said.py` holds each example of the fold against the oracle as well.
SUPPRESSED, STOP = "contact.suppressed", "text.opted_out"


def test_every_contact_has_a_profile_of_its_own() -> None:
    told = [said("rsvp.made", "02-22T10:00"), said("form.submitted", "02-22T10:00", {}, {"external": {"fec": "bob"}})]
    profiles = recount(told, lambda contact: contact["external"]["fec"])
    assert {name: known["counts"] for name, known in profiles.items()} == {
        "ann": {"rsvp.made": 1},
        "bob": {"form.submitted": 1},
    }


def test_a_repeat_counts_once_and_the_first_published_wins() -> None:
    told = [said("rsvp.made", "02-22T10:00", {}, id="1"), said("form.submitted", "02-21T10:00", {}, id="1")]
    assert profile(told)["counts"] == {"rsvp.made": 1}
    assert profile(told)["first_seen"] == at("02-22T10:00")


def test_times_are_read_in_any_zone_and_cut_to_milliseconds() -> None:
    odd = Sent("topic", "rsvp.made", "app", "1", "2012-02-21T17:00:00.123999-07:00", {}, {})
    assert profile([odd])["last_seen"] == "2012-02-22T00:00:00.123Z"
    ended = said(SUPPRESSED, "02-21T10:00", {"until": "2012-03-01T00:00:00.123999-05:00"})
    assert profile([ended])["stops"]["all"]["until"] == "2012-03-01T05:00:00.123Z"  # type: ignore[index]


def test_the_day_of_a_door_touch_is_that_of_utc() -> None:
    fields: Fields = {"method": "door", "outcome": "contacted"}
    evening = Sent("t", "canvass.reported", "app", "1", "2012-02-21T23:30:00-07:00", {"external": {}}, fields)
    [touch] = profile([evening, reported("02-22T20:00", "door")])["touches"]  # type: ignore[misc]
    assert touch["at"] == at("02-22T06:30")  # type: ignore[has-type]


@pytest.mark.parametrize("kind", [SUPPRESSED, "rsvp.made"])
def test_who_was_suppressed_alone_has_a_profile_until_it_is_retracted_and_others_keep_theirs(kind: str) -> None:
    told = said(kind, "02-22T10:00")
    assert is_known([told])
    for order in ([told, *taken_back(told)], [*taken_back(told), told]):
        assert is_known(order) is (kind != SUPPRESSED)
    assert is_known([told, *taken_back(told), said(SUPPRESSED, "02-23T10:00")])
    assert not is_known([said("contact.linked", "02-22T10:00")])


def test_contact_suppressions_has_a_record_of_each_profile_with_a_closed_channel() -> None:
    shut = said(STOP, "02-20T10:00", id="1")
    closed = {"text": {"reason": "opted_out", "since": at("02-20T10:00"), "source": "app/one", "id": "1"}}
    assert (closed_channels([shut]), closed_channels([shut, *taken_back(shut)])) == (closed, {})
    known = {"ann": profile([said("rsvp.made", "02-20T10:00")]), "bob": profile([shut])}
    assert all_closed_channels(known) == {"bob": closed}


@pytest.mark.parametrize(
    "user_agent",
    [None, "", APPLE, CHROME, GMAIL, GMAIL_PREFETCH, IPHONE, OUTLOOK, SAFARI, YAHOO, "curl/8.4.0", "new", "Barracuda"],
)
def test_the_oracle_and_the_score_read_the_same_kinds_in_user_agents(user_agent: str | None) -> None:
    assert kind_of(user_agent) == agent_of(user_agent).name.lower()
