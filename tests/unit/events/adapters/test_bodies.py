"""Each vendor's events, one by one; and what holds for all of them: copies, arrays, bytes that are no JSON."""

import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from events.adapters.drafts import DraftResult, read_elements
from events.adapters.feed import AdapterResult, Feed, RefusedElement, SkippedElement
from events.adapters.vendors import BODIES, guarded
from events.envelope import Interaction
from events.json_types import JSON
from events.refusal import Reason
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
