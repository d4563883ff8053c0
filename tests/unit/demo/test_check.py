"""The self-check finds each kind of difference, names it, and finds none where there is none."""

from copy import deepcopy

import pytest

from streams.demo.check import ABSENT, Difference, Letter, compare_letters, compare_profiles
from streams.demo.oracle import recount
from streams.demo.recount import Profile
from streams.demo.truth import Sent

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
