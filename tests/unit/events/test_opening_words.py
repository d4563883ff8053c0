"""A word that opens something is never dated later than the record that brought it."""

import orjson
import pytest

from events.dead_letters import RECORD_TIME
from events.envelope import Interaction, Record, decode, encode_structured
from events.fast_intake import harmonise_fast
from events.harmonised import take_in
from events.identifiers import Hasher
from events.json_types import JSON
from events.refusal import Refusal
from events.registry import SPECS
from events.times import render_time
from tests.unit.events.records import NOW, event, record

HASHER = Hasher([b"key"])
AHEAD = NOW + 55 * 60_000
OF_AGE: JSON = {"kind": "self", "of_age": True}

OPENING: dict[str, tuple[str, dict[str, JSON]]] = {
    "a yes to a channel": ("consent.changed", {"channel": "email", "granted": True}),
    "a yes to a list": ("consent.changed", {"channel": "email", "granted": True, "list_id": "l"}),
    "a word that somebody is of age": ("provenance.reported", {"provenance": OF_AGE}),
    "a report that says so": ("canvass.reported", {"method": "door", "outcome": "refused", "provenance": OF_AGE}),
    "a gift": ("donation.made", {"donation_id": "fec:1", "amount": 5000, "currency": "USD"}),
    "a form": ("form.submitted", {"form_id": "f1"}),
    "a suppression that ends": ("contact.suppressed", {"until": render_time(AHEAD + 1)}),
    "a lifted suppression": ("contact.suppressed", {"until": render_time(AHEAD)}),
    "a link": ("contact.linked", {"contact_ids": ["a", "b"]}),
    "an unlink": ("contact.unlinked", {"contact_ids": ["a", "b"]}),
}
CLOSING: dict[str, tuple[str, dict[str, JSON]]] = {
    "a no": ("consent.changed", {"channel": "email", "granted": False}),
    "an unsubscription": ("email.unsubscribed", {}),
    "a STOP": ("text.opted_out", {}),
    "a word that somebody is too young": ("provenance.reported", {"provenance": {"kind": "self", "of_age": False}}),
    "a suppression": ("contact.suppressed", {}),
    "an open": ("email.opened", {"message_id": "m1"}),
}


def taken(type_: str, data: dict[str, JSON], *, headers: tuple[tuple[str, bytes | None], ...] = ()) -> dict[str, JSON]:
    """The record of `interactions` that intake writes for an event whose time is ahead."""
    sent = record(event(type_, **data) | {"time": render_time(AHEAD)})
    sent = Record(sent.topic, sent.value, headers, sent.appended_at)
    read = decode(sent)
    assert isinstance(read, Interaction)
    slow = take_in(read, HASHER)
    assert harmonise_fast(sent, HASHER) in (None, slow)
    found: dict[str, JSON] = orjson.loads(slow[1])
    return found


def data_of(written: dict[str, JSON]) -> dict[str, JSON]:
    data = written["data"]
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("word", OPENING)
def test_word_that_opens_is_dated_by_its_record_and_keeps_what_was_sent(word: str) -> None:
    written = taken(*OPENING[word])
    assert written["time"] == render_time(NOW)
    assert data_of(written)["time_sent"] == render_time(AHEAD)


@pytest.mark.parametrize("word", CLOSING)
def test_word_that_closes_keeps_its_time(word: str) -> None:
    written = taken(*CLOSING[word])
    assert written["time"] == render_time(AHEAD)
    assert "time_sent" not in data_of(written)


def test_lifted_suppression_still_ends_as_it_begins() -> None:
    written = taken(*OPENING["a lifted suppression"])
    assert data_of(written)["until"] == written["time"]


def test_suppression_that_ends_before_it_begins_is_not_dated_and_so_counts_for_nothing() -> None:
    written = taken("contact.suppressed", {"until": render_time(AHEAD - 1)})
    assert written["time"] == render_time(AHEAD)
    assert "time_sent" not in data_of(written)


def test_word_that_is_dated_twice_keeps_the_time_that_its_producer_sent() -> None:
    sent = record(event("form.submitted", form_id="f1") | {"time": render_time(AHEAD)})
    once = decode(Record(sent.topic, sent.value, (), NOW + 1))
    assert isinstance(once, Interaction)
    again = decode(Record(sent.topic, encode_structured(once), (), NOW))
    assert isinstance(again, Interaction)
    assert data_of(orjson.loads(take_in(again, HASHER)[1]))["time_sent"] == render_time(AHEAD)


@pytest.mark.parametrize("earlier", [1, 3_600_000])
def test_requeued_word_is_dated_by_the_record_that_was_refused(earlier: int) -> None:
    refused = render_time(NOW - earlier)
    assert taken(*OPENING["a yes to a channel"], headers=((RECORD_TIME, refused.encode()),))["time"] == refused


@pytest.mark.parametrize("header", [render_time(AHEAD).encode(), b"tomorrow", b"\xff", b"", None])
def test_forged_header_makes_no_word_later_than_its_record(header: bytes | None) -> None:
    assert taken(*OPENING["a yes to a channel"], headers=((RECORD_TIME, header),))["time"] == render_time(NOW)


def test_word_in_time_is_written_as_it_was_sent() -> None:
    sent = record(event("consent.changed", channel="email", granted=True) | {"time": render_time(NOW)})
    read = decode(sent)
    assert isinstance(read, Interaction)
    assert (read.time, read.time_sent) == (NOW, None)


@pytest.mark.parametrize("appended_at", [-(2**62), -62_135_596_800_001])
def test_record_with_a_timestamp_before_all_years_is_judged_and_refused_at_most(appended_at: int) -> None:
    sent = record(event("form.submitted", form_id="f1") | {"time": "0001-01-01T00:00:00Z"})
    read = decode(Record(sent.topic, sent.value, (), appended_at))
    assert isinstance(read, Refusal) or take_in(read, HASHER)


def test_types_that_begin_a_record_open_something() -> None:
    assert not [spec.name for spec in SPECS if spec.begins_record != "never" and spec.opens == "never"]


def test_suppression_that_ends_keeps_its_end() -> None:
    assert data_of(taken(*OPENING["a suppression that ends"]))["until"] == render_time(AHEAD + 1)
