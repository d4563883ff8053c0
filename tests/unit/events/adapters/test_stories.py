"""Deliveries of vendors: events one by one, and what several say together."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from events.adapters import actblue, movement, sendgrid, twilio
from events.adapters.drafts import DraftResult, read_elements
from events.adapters.feed import AdapterResult, Feed, RefusedElement, SkippedElement
from events.adapters.mapping import parse_mapping
from events.adapters.rows import read_row
from events.adapters.vendors import BODIES, guarded
from events.envelope import Interaction
from events.interactions.anywhere import InteractionRetracted
from events.interactions.base import Provenance, SourcedData
from events.json_types import JSON
from events.refusal import Reason
from tests.unit.events.adapters import fixtures_actblue, fixtures_movement, fixtures_sendgrid, fixtures_twilio
from tests.unit.events.adapters.every_vendor import CASES, FIXTURES, NEW_AT_EACH_DELIVERY
from tests.unit.events.adapters.fixture import FEED, shown, wanted


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


# An account may say where contacts come from that people leave there; what names such a place itself keeps it.
STATED = Provenance(kind="self", file="our-site", notice="n-2")
STATING = replace(FEED, provenance=STATED)
LEFT_BY_PEOPLE = {"donation.made", "form.submitted", "rsvp.made", "rsvp.cancelled", "rsvp.attended"}
MAPPING = """
name = "petition"
[[interactions]]
type = "form.submitted"
time = { column = "at" }
act = ["id"]
[interactions.contact]
email = { column = "email" }
[interactions.data]
form_id = "clean-air"
kind = "petition"
"""
ROW = {"at": "2025-11-24T16:00:00Z", "id": "1", "email": "ada@example.org"}


def provenance_of(one: object) -> Provenance | None:
    return one.data.provenance if isinstance(one, Interaction) and isinstance(one.data, SourcedData) else None


@pytest.mark.parametrize(("vendor", "name"), CASES)
def test_what_people_left_at_a_vendor_has_the_provenance_of_its_account_and_nothing_else_changes(
    vendor: str, name: str
) -> None:
    body = FIXTURES[vendor][name].bytes
    silent, stating = (BODIES[vendor](body, feed) for feed in (FEED, STATING))

    assert len(silent) == len(stating)
    for before, after in zip(silent, stating, strict=True):
        if isinstance(before, Interaction) and before.type in LEFT_BY_PEOPLE:
            assert provenance_of(after) == STATED
            assert isinstance(after, Interaction)
            assert isinstance(after.data, SourcedData)
            assert without_source(after) == without_source(before)
        else:
            assert after == before


def without_source(one: Interaction) -> tuple[str, str, int, dict[str, JSON]]:
    return one.id, one.type, one.time, {**one.data.plain()} | {"provenance": None}


def read(mapping: str, feed: Feed) -> Interaction:
    [found] = read_row(ROW, orjson.dumps(ROW), parse_mapping(mapping), feed)
    assert isinstance(found, Interaction), found
    return found


def test_a_mapping_may_say_it_and_is_believed_before_the_account() -> None:
    own = MAPPING + '[interactions.data.provenance]\nkind = "vendor"\nfile = "bought-1"\n'

    assert provenance_of(read(MAPPING, FEED)) is None
    assert provenance_of(read(MAPPING, STATING)) == STATED
    assert provenance_of(read(own, FEED)) == Provenance(kind="vendor", file="bought-1")
    assert provenance_of(read(own, STATING)) == Provenance(kind="vendor", file="bought-1")


# Each vendor's events, one by one; and what holds for all of them: copies, arrays, bytes that are no JSON.
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
