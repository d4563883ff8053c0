"""Stops as the oracle recounts them, and what follows for `contact-suppressions`, on cases worked out by hand."""

import pytest

from streams.demo.oracle import all_closed_channels, closed_channels
from streams.demo.recount_stops import suppressions
from streams.demo.truth import Fields, Sent
from tests.unit.demo.telling import at, profile, reported, said, taken_back

UNSUBSCRIBED, COMPLAINED, STOP, SUPPRESSED = (
    *("email.unsubscribed", "email.complained"),
    *("text.opted_out", "contact.suppressed"),
)
CHANNELS = ("email", "text", "phone", "door", "letter")


def stops(*these: Sent) -> dict[str, dict[str, object]]:
    found = profile(these)["stops"]
    assert isinstance(found, dict)
    return found


def wish(time: str, channel: str, granted: bool, **more: str) -> Sent:
    """`list_id` and `sender` if they are given, else what `said` takes."""
    fields: Fields = {"channel": channel, "granted": granted}
    if "list_id" in more:
        fields["list_id"] = more.pop("list_id")
    if "sender" in more:
        fields["sender"] = more.pop("sender")
    return said("consent.changed", time, fields, None, **more)


def stop(reason: str, time: str, id_: str) -> dict[str, object]:
    return {"reason": reason, "at": at(time), "source": "app/one", "id": id_}


NOTHING: dict[str, dict[str, object]] = {"senders": {}, "lists": {}}


def test_without_interactions_no_channel_is_closed() -> None:
    assert stops(said("rsvp.made", "02-20T10:00"), wish("02-20T10:00", "text", True)) == NOTHING


@pytest.mark.parametrize(
    ("type_", "fields", "channel", "reason"),
    [
        (UNSUBSCRIBED, {}, "email", "unsubscribed"),
        (COMPLAINED, {}, "email", "complained"),
        (STOP, {}, "text", "opted_out"),
        ("consent.changed", {"channel": "door", "granted": False}, "door", "consent_withdrawn"),
    ],
)
def test_each_refusal_closes_its_channel_with_its_reason(type_: str, fields: Fields, channel: str, reason: str) -> None:
    no = said(type_, "02-20T10:00", fields, id="1")
    assert stops(no) == {channel: stop(reason, "02-20T10:00", "1"), **NOTHING}
    assert stops(no, *taken_back(no)) == NOTHING


def test_a_refusal_of_all_channels_closes_each_of_them() -> None:
    found = stops(wish("02-20T10:00", "all", False, id="1"), wish("02-21T10:00", "phone", True))
    no = stop("consent_withdrawn", "02-20T10:00", "1")
    assert found == {"email": no, "text": no, "door": no, "letter": no, **NOTHING}


def test_a_later_grant_lifts_a_refusal_and_an_earlier_or_equal_one_does_not() -> None:
    no = said(UNSUBSCRIBED, "02-20T10:00", id="1")
    assert stops(no, wish("02-20T10:01", "email", True)) == NOTHING
    assert stops(no, wish("02-20T10:01", "all", True)) == NOTHING
    closed = {"email": stop("unsubscribed", "02-20T10:00", "1"), **NOTHING}
    for time in ("02-20T10:00", "02-19T10:00"):
        assert stops(wish(time, "email", True, id="0"), no) == closed
        assert stops(no, wish(time, "email", True, id="2")) == closed


def test_the_latest_binding_refusal_is_the_one_shown() -> None:
    told = [
        said(UNSUBSCRIBED, "02-20T10:00", id="1"),
        wish("02-21T10:00", "email", False, id="2"),
        wish("02-22T10:00", "email", False, id="4"),
        said(UNSUBSCRIBED, "02-22T10:00", id="3"),
    ]
    assert stops(*told)["email"] == stop("consent_withdrawn", "02-22T10:00", "4")
    assert stops(*told, *taken_back(told[2]))["email"] == stop("unsubscribed", "02-22T10:00", "3")
    yes = wish("02-21T12:00", "email", True)
    assert stops(*told[:2], yes) == NOTHING
    assert stops(*told, yes, *taken_back(*told[2:])) == NOTHING
    assert stops(*told, yes, *taken_back(*told[2:], yes))["email"] == stop("consent_withdrawn", "02-21T10:00", "2")


def test_of_refusals_at_the_time_of_a_grant_the_larger_source_and_id_is_shown() -> None:
    told = [wish("02-20T10:00", "text", granted, id=id_) for granted, id_ in ((False, "1"), (True, "2"), (False, "3"))]
    assert stops(*told)["text"] == stop("consent_withdrawn", "02-20T10:00", "3")
    assert stops(*told, *taken_back(told[2]))["text"] == stop("consent_withdrawn", "02-20T10:00", "1")


def test_a_complaint_is_never_lifted_and_stays_the_one_that_is_shown() -> None:
    told = [
        said(COMPLAINED, "02-20T10:00", id="1"),
        said(COMPLAINED, "02-21T10:00", id="2"),
        wish("02-22T10:00", "email", True),
        said(UNSUBSCRIBED, "02-23T10:00", id="3"),
    ]
    assert stops(*told) == {"email": stop("complained", "02-21T10:00", "2"), **NOTHING}
    assert stops(*told, *taken_back(*told[:2])) == {"email": stop("unsubscribed", "02-23T10:00", "3"), **NOTHING}


def test_a_refusal_that_names_a_list_or_sender_closes_that_alone() -> None:
    found = stops(
        said(UNSUBSCRIBED, "02-20T10:00", {"list_id": "news"}, id="1"),
        said(COMPLAINED, "02-20T10:00", {"list_id": "asks"}, id="2"),
        said(STOP, "02-20T10:00", {"sender": "62012"}, id="3"),
        wish("02-20T10:00", "text", False, sender="62013", id="4"),
        wish("02-20T10:00", "email", False, list_id="events", id="5"),
    )
    assert found == {
        "lists": {
            "news": stop("unsubscribed", "02-20T10:00", "1"),
            "asks": stop("complained", "02-20T10:00", "2"),
            "events": stop("consent_withdrawn", "02-20T10:00", "5"),
        },
        "senders": {
            "62012": stop("opted_out", "02-20T10:00", "3"),
            "62013": stop("consent_withdrawn", "02-20T10:00", "4"),
        },
    }


def test_a_grant_lifts_a_refusal_of_a_list_or_sender_if_it_names_it() -> None:
    told = [
        said(UNSUBSCRIBED, "02-20T10:00", {"list_id": "news"}, id="1"),
        said(STOP, "02-20T10:00", {"sender": "62012"}, id="2"),
        wish("02-21T10:00", "all", True),
        wish("02-21T10:00", "email", True, list_id="other"),
        wish("02-21T10:00", "text", True, sender="62013"),
    ]
    closed = {
        "lists": {"news": stop("unsubscribed", "02-20T10:00", "1")},
        "senders": {"62012": stop("opted_out", "02-20T10:00", "2")},
    }
    assert stops(*told) == closed
    assert stops(*told, wish("02-21T10:00", "email", True, list_id="news")) == {**closed, "lists": {}}
    assert stops(*told, wish("02-21T10:00", "text", True, sender="62012")) == {**closed, "senders": {}}


def test_a_grant_to_a_list_opens_no_channel_and_a_refusal_of_the_channel_closes_no_list() -> None:
    found = stops(said(UNSUBSCRIBED, "02-20T10:00", id="1"), wish("02-21T10:00", "email", True, list_id="news"))
    assert found == {"email": stop("unsubscribed", "02-20T10:00", "1"), **NOTHING}


def test_a_complaint_about_a_list_is_never_lifted() -> None:
    told = [
        said(COMPLAINED, "02-20T10:00", {"list_id": "news"}, id="1"),
        wish("02-21T10:00", "email", True, list_id="news"),
        said(UNSUBSCRIBED, "02-22T10:00", {"list_id": "news"}, id="2"),
    ]
    assert stops(*told) == {"lists": {"news": stop("complained", "02-20T10:00", "1")}, "senders": {}}


def test_a_refusal_that_names_a_list_and_a_sender_closes_both() -> None:
    no = wish("02-20T10:00", "text", False, list_id="news", sender="62012", id="1")
    both = {
        "lists": {"news": stop("consent_withdrawn", "02-20T10:00", "1")},
        "senders": {"62012": stop("consent_withdrawn", "02-20T10:00", "1")},
    }
    assert stops(no) == both
    assert stops(no, wish("02-21T10:00", "text", True, list_id="news", sender="62012")) == NOTHING


@pytest.mark.parametrize("outcome", ["deceased", "do_not_contact"])
def test_a_report_of_a_death_or_a_wish_for_no_contact_closes_all(outcome: str) -> None:
    told = [
        reported("02-20T10:00", "phone", outcome, id="1"),
        reported("02-21T10:00", "door", outcome, id="2"),
        wish("02-22T10:00", "all", True),
    ]
    assert stops(*told) == {"all": stop(outcome, "02-21T10:00", "2"), **NOTHING}
    assert stops(*told, *taken_back(told[1])) == {"all": stop(outcome, "02-20T10:00", "1"), **NOTHING}
    assert stops(*told, *taken_back(*told[:2])) == NOTHING


def test_of_a_report_that_is_told_again_only_the_smallest_version_closes() -> None:
    first = reported("02-20T10:00", "door", "contacted", report_id="r", id="1")
    again = reported("02-20T10:05", "door", "deceased", report_id="r", id="2")
    assert stops(again, first) == NOTHING
    assert stops(again, first, *taken_back(first)) == {"all": stop("deceased", "02-20T10:05", "2"), **NOTHING}


def test_death_comes_before_no_contact_and_that_before_a_suppression() -> None:
    died = reported("02-20T10:00", "door", "deceased", id="1")
    left_alone = reported("02-21T10:00", "door", "do_not_contact", id="2")
    suppressed = said(SUPPRESSED, "02-22T10:00", id="3")
    told = [suppressed, left_alone, died]
    assert stops(*told)["all"] == stop("deceased", "02-20T10:00", "1")
    assert stops(*told, *taken_back(died))["all"] == stop("do_not_contact", "02-21T10:00", "2")
    assert stops(*told, *taken_back(died, left_alone))["all"] == stop("suppressed", "02-22T10:00", "3")
    assert stops(*told, *taken_back(*told)) == NOTHING


def test_of_several_suppressions_the_latest_counts_with_its_end() -> None:
    told = [
        said("rsvp.made", "02-01T10:00"),
        said(SUPPRESSED, "02-21T10:00", {"until": "2012-03-01T00:00:00.123999-05:00"}, id="2"),
        said(SUPPRESSED, "02-20T10:00", id="1"),
        wish("02-22T10:00", "all", True),
    ]
    ended = {**stop("suppressed", "02-21T10:00", "2"), "until": "2012-03-01T05:00:00.123Z"}
    assert stops(*told) == {"all": ended, **NOTHING}
    assert stops(*told, *taken_back(told[1])) == {"all": stop("suppressed", "02-20T10:00", "1"), **NOTHING}


def since(reason: str, time: str, id_: str) -> dict[str, object]:
    return {"reason": reason, "since": at(time), "source": "app/one", "id": id_}


def test_suppressions_are_of_whole_channels_only() -> None:
    assert suppressions(stops()) == {}
    told = [
        said(STOP, "02-20T10:00", id="1"),
        said(STOP, "02-20T10:00", {"sender": "62012"}),
        said(UNSUBSCRIBED, "02-20T10:00", {"list_id": "news"}),
    ]
    assert suppressions(stops(*told)) == {"text": since("opted_out", "02-20T10:00", "1")}


def test_the_reason_of_a_dead_persons_suppression_is_deceased_whatever_else_was_said() -> None:
    told = [said(STOP, "02-21T10:00", id="1"), reported("02-20T10:00", "door", "deceased", id="2")]
    assert suppressions(stops(*told)) == dict.fromkeys(CHANNELS, since("deceased", "02-20T10:00", "2"))


def test_a_suppression_is_the_reason_where_the_person_gave_none() -> None:
    end: Fields = {"until": "2012-03-01T00:00:00Z"}
    told = [said(STOP, "02-20T10:00", id="1"), said(SUPPRESSED, "02-21T10:00", end, id="2")]
    suppressed = {**since("suppressed", "02-21T10:00", "2"), "until": at("03-01T00:00")}
    found = suppressions(stops(*told))
    assert found == {**dict.fromkeys(CHANNELS, suppressed), "text": since("opted_out", "02-20T10:00", "1")}


def test_a_person_with_nothing_but_a_suppression_is_suppressed_until_it_is_retracted() -> None:
    suppressed = said(SUPPRESSED, "02-20T10:00", id="1")
    assert closed_channels([suppressed]) == dict.fromkeys(CHANNELS, since("suppressed", "02-20T10:00", "1"))
    assert closed_channels([suppressed, *taken_back(suppressed)]) == {}


def test_contact_suppressions_has_a_record_of_each_profile_with_a_closed_channel() -> None:
    open_, shut = profile([said("rsvp.made", "02-20T10:00")]), profile([said(STOP, "02-20T10:00", id="1")])
    found = all_closed_channels({"ann": open_, "bob": shut})
    assert found == {"bob": {"text": since("opted_out", "02-20T10:00", "1")}}
