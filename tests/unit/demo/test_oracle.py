"""The oracle on what the fold never sees: times as they were written, who has a profile at all, and several people.

`profile_of` of `tests/unit/domain/contact/said.py` holds each example of the fold against the oracle as well.
"""

import pytest

from streams.demo.oracle import all_closed_channels, closed_channels, is_known, recount
from streams.demo.recount_humans import kind_of
from streams.demo.truth import Fields, Sent
from streams.domain.human import agent_of
from tests.unit.demo.telling import at, profile, reported, said, taken_back
from tests.unit.domain.human.people import APPLE, CHROME, GMAIL, GMAIL_PREFETCH, IPHONE, OUTLOOK, SAFARI, YAHOO

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
