"""Bodies of vendors."""

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from events.adapters import actblue, movement, sendgrid, twilio
from events.adapters.drafts import DraftResult, read_elements
from events.adapters.feed import AdapterResult, Feed, RefusedElement, SkippedElement
from events.adapters.misspelled_fields import misspelled_fields
from events.adapters.values import milliseconds, minor_units, parse_moment, seconds, server_reason
from events.adapters.vendors import BODIES, guarded
from events.envelope import Interaction
from events.interactions.anywhere import InteractionRetracted
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.times import parse_time
from tests.unit.events.adapters import fixtures_actblue, fixtures_movement, fixtures_sendgrid, fixtures_twilio
from tests.unit.events.adapters.every_vendor import CASES, FIXTURES, NEW_AT_EACH_DELIVERY
from tests.unit.events.adapters.fixture import FEED, shown, wanted

DELIVERIES = 46
"""As many times has one event been seen to come."""


def ids(body: bytes, vendor: str) -> list[tuple[str, str]]:
    return [(one.source, one.id) for one in BODIES[vendor](body, FEED) if isinstance(one, Interaction)]


def test_every_vendor_has_fixtures() -> None:
    assert set(FIXTURES) == set(BODIES) == set(NEW_AT_EACH_DELIVERY)


@pytest.mark.parametrize(("vendor", "name"), CASES)
def test_a_vendors_body_becomes_the_expected_interactions(vendor: str, name: str) -> None:
    fixture = FIXTURES[vendor][name]

    assert shown(BODIES[vendor](fixture.bytes, FEED)) == wanted(fixture)


def renewed(body: Any, fields: tuple[str, ...], to: str) -> Any:
    """A copy of a payload in which the fields (`a.b` within objects) have another value, where they are there."""
    copy = orjson.loads(orjson.dumps(body))
    for element in copy if isinstance(copy, list) else [copy]:
        for path in fields:
            *above, last = path.split(".")
            place = element
            for step in above:
                place = place.get(step, {}) if isinstance(place, dict) else {}
            if isinstance(place, dict) and last in place:
                place[last] = to
    return copy


@pytest.mark.parametrize("vendor", BODIES)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_event_that_comes_46_times_under_new_ids_is_one(vendor: str, seed: int) -> None:
    bodies = [fixture.body for fixture in FIXTURES[vendor].values()]
    once = {one for body in bodies for one in ids(orjson.dumps(body), vendor)}
    again = [
        renewed(body, NEW_AT_EACH_DELIVERY[vendor], f"again-{turn}") for turn in range(DELIVERIES) for body in bodies
    ]
    random.Random(seed).shuffle(again)

    assert {one for body in again for one in ids(orjson.dumps(body), vendor)} == once


@pytest.mark.parametrize("vendor", BODIES)
def test_different_events_have_different_ids(vendor: str) -> None:
    said = [one for fixture in FIXTURES[vendor].values() for one in ids(fixture.bytes, vendor)]
    acts = {
        repr((type_, data["contact"], data.get("url"), data.get("list_id")))
        for fixture in FIXTURES[vendor].values()
        for type_, _, data in fixture.expected
    }

    assert len(set(said)) >= len(acts)


@pytest.mark.parametrize("vendor", BODIES)
def test_one_bad_element_costs_no_neighbour(vendor: str) -> None:
    good = [fixture.bytes for fixture in FIXTURES[vendor].values() if not isinstance(fixture.body, list)]
    alone = [one for body in good for one in ids(body, vendor)]
    spoilt = b"[" + b",".join(part for body in good for part in (body, b'"\xff\xfe"', b"7", b"{}")) + b"]"

    assert ids(spoilt, vendor) == alone
    refused = [one for one in BODIES[vendor](spoilt, FEED) if isinstance(one, RefusedElement)]
    assert b'"\xff\xfe"' in {one.element for one in refused}


@pytest.mark.parametrize("vendor", BODIES)
@pytest.mark.parametrize("one", [b"[],", b"{},", b'"a":1,'], ids=["lists", "objects", "members"])
@pytest.mark.parametrize("where", [b"[%b]", b'{"interactions":[%b],"data":[%b]}', b"{%b}"])
def test_a_body_with_too_many_values_is_refused_before_it_is_parsed(vendor: str, one: bytes, where: bytes) -> None:
    body = where.replace(b"%b", (one * 600_000)[:-1])
    (refused,) = BODIES[vendor](body, FEED)

    assert isinstance(refused, RefusedElement)
    assert refused.refusal.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("vendor", BODIES)
@pytest.mark.parametrize(
    "body", [b"", b"[", b"\xff", b'{"\xff":1}', b"[1,]", b"null", b"[" * 100_000, b'{"a":' * 5_000]
)
def test_a_body_that_is_no_json_is_refused_whole(vendor: str, body: bytes) -> None:
    (refused,) = BODIES[vendor](body, FEED)

    assert isinstance(refused, RefusedElement)
    assert refused.element == body


@pytest.mark.parametrize("to", ["(" * 1_000, "a:" * 50_000, "a," * 100_000])
def test_recipients_that_cannot_be_read_are_refused_with_their_element_alone(to: str) -> None:
    event = {"event": "rejected", "timestamp": 1_764_000_000, "message": {"headers": {"to": to, "message-id": "m-1"}}}
    hostile = orjson.dumps({"event-data": event})
    good = FIXTURES["mailgun"]["rejected, its recipient in a header alone"].bytes
    before, refused, after = BODIES["mailgun"](b"[%b,%b,%b]" % (good, hostile, good), FEED)

    assert isinstance(before, Interaction)
    assert isinstance(after, Interaction)
    assert isinstance(refused, RefusedElement)
    assert (refused.element, refused.refusal.reason) == (hostile, Reason.INVALID_DATA)
    assert refused.refusal.detail.startswith("event-data.message.headers.to:")


class Fault(Exception):
    """Of an adapter's."""


def faulty(element: dict[str, JSON], feed: Feed) -> Iterator[DraftResult]:
    """Proposes something of an element before it fails on it."""
    yield SkippedElement("well")
    if element:
        raise Fault("ada@example.org")


def test_an_element_on_which_an_adapter_fails_is_refused_and_costs_no_neighbour() -> None:
    before, refused, after = read_elements(b'[{},{"a":1},{}]', FEED, faulty)

    assert (before, after) == (SkippedElement("well"), SkippedElement("well"))
    assert isinstance(refused, RefusedElement)
    assert (refused.element, refused.refusal.reason) == (b'{"a":1}', Reason.INVALID_DATA)
    assert "Fault" in refused.refusal.detail
    assert "example" not in refused.refusal.detail


def test_a_body_on_which_an_adapter_fails_is_refused() -> None:
    def fails(body: bytes, feed: Feed) -> list[AdapterResult]:
        raise Fault(body)

    (refused,) = guarded(fails)(b"{}", FEED)

    assert isinstance(refused, RefusedElement)
    assert (refused.element, refused.refusal.reason) == (b"{}", Reason.INVALID_DATA)


SENDGRIDS_OWN = (
    "asm_group_id attempt bounce_classification category cert_err email event ip marketing_campaign_id "
    "marketing_campaign_name marketing_campaign_split_id marketing_campaign_version mc_auto_id mc_auto_name mc_pod_id "
    "mc_stats newsletter phase_id pool reason response send_at sg_content_type sg_event_id sg_machine_open "
    "sg_message_id sg_template_id sg_template_name sg_user_id singlesend_id singlesend_name smtp-id status template_id "
    "template_hash template_version_id timestamp tls type unique_args url url_offset useragent user_id"
).split()


def opened_with(*names: str) -> bytes:
    return orjson.dumps([{"event": "open"} | dict.fromkeys(names, "x")])


def mailgun(*names: str) -> bytes:
    return orjson.dumps({"event-data": {"event": "opened", "user-variables": dict.fromkeys(names, "x")}})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("campain_id", "campaign_id"),
        ("campaignId", "campaign_id"),
        ("purpos", "purpose"),
        ("experiment", "experiment_id"),
        ("experiment_varient", "experiment_variant"),
        ("listid", "list_id"),
        ("timezone", "time_zone"),
        ("postcode", "postal_code"),
    ],
)
def test_a_misspelled_custom_field_is_named_with_the_field_that_was_meant(name: str, meant: str) -> None:
    for vendor, body in (("sendgrid", opened_with(name)), ("mailgun", mailgun(name))):
        [[found]] = misspelled_fields(vendor, body)
        assert (found.type, found.field, found.near) == ("email.opened", name, meant)


def test_fields_of_the_vendor_and_names_of_the_senders_own_are_passed_over() -> None:
    own = ["my_message_id", "template", "user_name", "colour", "external_van", "campaign_name", "ada@example.org"]
    assert misspelled_fields("sendgrid", opened_with(*SENDGRIDS_OWN, *own)) == []
    assert misspelled_fields("mailgun", mailgun(*own)) == []


def test_each_element_with_misspelled_fields_has_a_list_of_its_own() -> None:
    events = [{"event": "open", "purpos": "x"}, {"event": "open"}, {"event": "click", "purpos": "x", "campain_id": "y"}]
    found = misspelled_fields("sendgrid", orjson.dumps(events))
    assert [sorted(each.field for each in fields) for fields in found] == [["purpos"], ["campain_id", "purpos"]]


@pytest.mark.parametrize("body", [b"", b"[", b"[1, null]", b'{"event": "none", "purpos": 1}', b'{"event-data": 1}'])
@pytest.mark.parametrize("vendor", ["mailgun", "sendgrid", "actblue"])
def test_bodies_that_hold_no_event_have_no_misspelled_fields(vendor: str, body: bytes) -> None:
    assert misspelled_fields(vendor, body) == []


def test_a_misspelled_name_beside_the_right_one_is_passed_over() -> None:
    assert misspelled_fields("mailgun", mailgun("campaignid", "campaign_id")) == []


@pytest.mark.parametrize(
    ("text", "zone", "wanted"),
    [
        ("2025-11-24T11:00:00.9999", "America/New_York", "2025-11-24T16:00:00.999Z"),
        ("2025-11-02 01:30", "America/New_York", "2025-11-02T05:30:00.000Z"),
        ("2025-03-09 02:30", "America/New_York", "2025-03-09T07:30:00.000Z"),
        ("2025-11-24", "Asia/Tokyo", "2025-11-23T15:00:00.000Z"),
        ("2025-11-24 16:00 UTC", "Asia/Tokyo", "2025-11-24T16:00:00.000Z"),
        ("1969-12-31T23:59:59.250", "UTC", "1969-12-31T23:59:59.250Z"),
    ],
)
def test_a_time_without_an_offset_is_read_in_the_zone(text: str, zone: str, wanted: str) -> None:
    assert parse_moment(text, "at", zone) == parse_time(wanted)


@pytest.mark.parametrize(("text", "zone"), [("0001-01-01", "Asia/Tokyo"), ("9999-12-31 23:59", "America/New_York")])
def test_a_time_that_its_zone_takes_beyond_the_years_is_none(text: str, zone: str) -> None:
    assert isinstance(parse_moment(text, "at", zone), Refusal)


@pytest.mark.parametrize("value", [1_764_000_000.125, "1764000000.125", "1764000000.1259"])
def test_unix_seconds_are_cut_to_milliseconds(value: JSON) -> None:
    assert seconds(value, "at") == 1_764_000_000_125


@pytest.mark.parametrize("value", [1_764_000_000_125, "1764000000125", "1764000000125.9"])
def test_milliseconds_since_1970_are_cut_to_whole_ones(value: JSON) -> None:
    assert milliseconds(value, "at") == 1_764_000_000_125


@pytest.mark.parametrize("value", ["1764000000", 1_764_000_000, "", None, True, float("nan"), "24.11.2025", 10**18])
def test_seconds_are_never_read_as_milliseconds(value: JSON) -> None:
    assert isinstance(milliseconds(value, "at"), Refusal)


@pytest.mark.parametrize("value", [1_764_000_000_125, "1764000000125", float("inf"), float("nan"), -1, False])
def test_milliseconds_are_never_read_as_seconds(value: JSON) -> None:
    assert isinstance(seconds(value, "at"), Refusal)


@pytest.mark.parametrize(
    ("value", "currency", "wanted"),
    [
        ("25,50", "USD", None),
        ("25,5", "USD", None),
        ("1,00", "USD", None),
        ("$1,025.50", "USD", 102_550),
        ("1,234,567", "USD", 123_456_700),
        ("12,34,567", "USD", None),
        (0.29, "USD", 29),
        (1.005, "USD", None),
        ("2550", "JPY", 2550),
        ("1.234", "KWD", 1234),
    ],
)
def test_an_amount_is_exact_in_minor_units_or_none(value: JSON, currency: str, wanted: int | None) -> None:
    assert minor_units(value, currency) == wanted


def test_a_reason_names_nobody() -> None:
    assert server_reason(" 550 5.1.1 <ada.b+x@example.org>: ada@example.org unknown ") == "550 5.1.1 <…>: … unknown"
    assert server_reason(None) == ""


def only(results: list[object], type_: str) -> Interaction:
    (found,) = [one for one in results if isinstance(one, Interaction) and one.type == type_]
    return found


def retracted(results: list[object]) -> tuple[str, str]:
    data = only(results, "interaction.retracted").data
    assert isinstance(data, InteractionRetracted)
    return data.retracts.source, data.retracts.id


def test_a_recovered_refund_is_retracted() -> None:
    refund = only([*actblue.read(fixtures_actblue.FIXTURES["refund"].bytes, FEED)], "donation.refunded")
    recovered = actblue.read(fixtures_actblue.FIXTURES["refund recovered"].bytes, FEED)

    assert retracted([*recovered]) == (refund.source, refund.id)


def test_a_deleted_canvass_attempt_retracts_its_report() -> None:
    report = only([*movement.read(fixtures_movement.FIXTURES["answers"].bytes, FEED)], "canvass.reported")
    deleted = movement.read(fixtures_movement.FIXTURES["all deleted"].bytes, FEED)

    assert retracted([*deleted]) == (report.source, report.id)


def test_a_deleted_consent_is_retracted_with_its_report() -> None:
    said, gone = (fixtures_movement.FIXTURES[name] for name in ("said yes by text", "a yes that was none"))
    told = [(one.source, one.id) for one in movement.read(said.bytes, FEED) if isinstance(one, Interaction)]
    taken = [one for one in movement.read(gone.bytes, FEED) if isinstance(one, Interaction)]

    assert [retracted([one]) for one in taken] == told


@pytest.mark.parametrize("vendor", ["mobilize", "movement"])
def test_a_bad_element_of_a_listed_body_is_refused_alone(vendor: str) -> None:
    good = FIXTURES[vendor]["a page of the API" if vendor == "mobilize" else "a request"].body
    name, listed = next((name, value) for name, value in good.items() if isinstance(value, list))
    results = BODIES[vendor](orjson.dumps(good | {name: [{"a": 1}, *listed, 7]}), FEED)

    assert [one.element for one in results if isinstance(one, RefusedElement)] == [b'{"a":1}', b"7"]
    assert len([one for one in results if isinstance(one, Interaction)]) == 1


def test_an_answer_without_an_id_hides_no_stop() -> None:
    def answer(text: str) -> bytes:
        body = fixtures_twilio.FIXTURES["STOP"].body | {"MessageSid": None, "Body": text}
        return urlencode({name: value for name, value in body.items() if value is not None}).encode()

    told = [one for text in ("hello", "STOP") for one in twilio.read(answer(text), FEED)]

    assert len({one.id for one in told if isinstance(one, Interaction)}) == 2


def test_two_refunds_of_one_gift_are_two_acts() -> None:
    body = fixtures_actblue.FIXTURES["refund"].body
    later = body | {"lineitems": [body["lineitems"][0] | {"refundedAt": "2025-11-24T15:00:00-05:00"}]}
    told = [only([*actblue.read(orjson.dumps(one), FEED)], "donation.refunded") for one in (body, later)]

    assert len({one.id for one in told}) == 2


@pytest.mark.parametrize("name", fixtures_twilio.FIXTURES)
def test_twilio_form_fields_give_the_same_as_json(name: str) -> None:
    fixture = fixtures_twilio.FIXTURES[name]
    fields = {field: value for field, value in fixture.body.items() if value is not None}

    assert shown(twilio.read(urlencode(fields).encode(), FEED)) == shown(twilio.read(fixture.bytes, FEED))


@pytest.mark.parametrize("body", [b"a", b"a=%ff", b"\xff=1", b"a=1&" * 300])
def test_form_fields_that_cannot_be_read_are_refused(body: bytes) -> None:
    _, refused, _ = shown(twilio.read(body, FEED))

    assert refused == ["invalid_data"]


def test_seconds_with_a_fraction_are_different_seconds() -> None:
    usual = fixtures_sendgrid.FIXTURES["open"].body
    told = [sendgrid.read(orjson.dumps(usual | {"timestamp": at}), FEED) for at in (1_764_000_000.5, 1_764_000_001.5)]

    assert len({one.id for results in told for one in results if isinstance(one, Interaction)}) == 2
