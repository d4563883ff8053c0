"""Times of records, words that open something, and defaults of each regime."""

import tomllib
from typing import get_args

import orjson
import phonenumbers
import pytest

from events.contact import is_time_zone
from events.dead_letters import RECORD_TIME
from events.envelope import Interaction, Record, decode, encode_structured
from events.fast_intake import harmonise_fast
from events.harmonised import take_in
from events.identifiers import Hasher
from events.json_types import JSON
from events.normalise import normalise_phone
from events.refusal import Refusal
from events.regimes import EU_MEMBERS, NO_COUNTRY, REGIMES, RegimeName
from events.registry import SPECS
from events.times import parse_time, render_time
from streams.domain.pressure import default_policy, default_policy_text
from streams.domain.pressure.time_zones import zones_of_country
from streams.platform.settings import Settings
from tests.unit.events.records import NOW, event, record

MIDNIGHT = 1_329_868_800_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2012-02-22t00:00:00z", MIDNIGHT),
        ("2012-02-22T00:00:00-00:00", MIDNIGHT),
        ("2012-02-21T19:00:00-05:00", MIDNIGHT),
        ("2012-02-22T00:00:00.5Z", MIDNIGHT + 500),
    ],
)
def test_a_time_with_an_offset_is_counted_in_utc(text: str, ms: int) -> None:
    assert parse_time(text) == ms


def test_a_time_is_cut_to_milliseconds_and_not_rounded() -> None:
    assert parse_time("2012-02-22T00:00:00.0019999999999999999Z") == MIDNIGHT + 1
    assert parse_time("1969-12-31T23:59:59.9999Z") == -1


def test_a_leap_second_is_the_last_millisecond_before_it() -> None:
    assert parse_time("2016-12-31T23:59:60Z") == parse_time("2016-12-31T23:59:59.999Z")
    assert parse_time("2016-12-31T23:59:60.5Z") == parse_time("2016-12-31T23:59:59.999Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1329868800",
        "2012-02-22",
        "2012-02-22T00:00:00",
        "2012-02-22 00:00:00Z",
        "2012-02-22T00:00Z",
        "2012-02-22T00:00:00,5Z",
        "2012-02-22T00:00:00.Z",
        "2012-02-22T24:00:00Z",
        "2012-02-22T00:60:00Z",
        "2012-02-22T00:00:61Z",
        "2012-02-30T00:00:00Z",
        "2012-W08-3T00:00:00Z",
        "20120222T000000Z",
        "2012-02-22T00:00:00+24:00",
        "2012-02-22T00:00:00Z\n",
        " 2012-02-22T00:00:00Z",
        "٢٠١٢-02-22T00:00:00Z",
        "2012-02-22 00:00:00.000Z",
        "2012-02-22T00:00:00,000Z",
        "2012-02-22T24:00:00.000Z",
        "2012-02-30T00:00:00.000Z",
        "2012-W08-3T00:00:00.000Z",
        "2012-02-22T00:00:00+0500",
        "2012-02-22T00:00:00.0000",
        "0001-01-01T00:00:00+0001",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_what_is_no_rfc_3339_time_between_the_years_1_and_9999_is_none(text: str) -> None:
    assert parse_time(text) is None


# A word that opens something is never dated later than the record that brought it.
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


# Each regime's defaults agree with each other, and with the policy file that comes with it.
def test_every_regime_has_its_defaults() -> None:
    assert tuple(REGIMES) == get_args(RegimeName)
    assert all(regime.settings.keys() <= Settings.model_fields.keys() for regime in REGIMES.values())


@pytest.mark.parametrize("name", REGIMES)
def test_its_country_is_that_of_its_policy_and_its_zone_and_phone_region_are_known(name: RegimeName) -> None:
    regime = REGIMES[name]
    assert default_policy(name).hours.country == regime.country
    assert zones_of_country(regime.country)
    assert is_time_zone(regime.time_zone)
    assert regime.phone_region == NO_COUNTRY or regime.phone_region in phonenumbers.SUPPORTED_REGIONS


@pytest.mark.parametrize("name", ["fr", "eu"])
def test_its_policy_says_what_that_of_the_united_states_says_and_names_the_texts_to_read(name: RegimeName) -> None:
    said, usual = tomllib.loads(default_policy_text(name)), tomllib.loads(default_policy_text())
    assert said.keys() == {*usual, "conditions"}
    assert all(said[section].keys() >= usual[section].keys() for section in usual if section != "hours")
    head = default_policy_text(name).split("\n\n")[0]
    assert "Regulation (EU) 2016/679 (GDPR)" in head
    assert "A human has to judge" in head


def test_the_members_of_the_union_are_twenty_seven_countries_with_clocks() -> None:
    assert len(EU_MEMBERS) == 27
    assert all(zones_of_country(code) for code in EU_MEMBERS)
    overseas = {zone for code in ("GP", "MQ", "GF", "RE", "YT", "MF") for zone in zones_of_country(code)}
    assert overseas < set(zones_of_country("EU"))
    assert {"Atlantic/Azores", "Asia/Nicosia", "Europe/Paris"} <= set(zones_of_country("EU"))
    assert "Europe/London" not in zones_of_country("EU")


def test_without_a_country_a_number_needs_its_country_code() -> None:
    assert normalise_phone("06 39 98 12 34", NO_COUNTRY) is None
    assert normalise_phone("+33 6 39 98 12 34", NO_COUNTRY) == normalise_phone("06 39 98 12 34", "FR") == "+33639981234"
