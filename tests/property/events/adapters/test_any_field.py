"""Whatever stands in whichever field of what a vendor sends: an answer for it, and never an exception."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import orjson
from hypothesis import given
from hypothesis import strategies as st

from events.adapters.feed import RefusedElement, SkippedElement
from events.adapters.vendors import BODIES
from events.envelope import Interaction, encode_structured
from tests.unit.events.adapters.every_vendor import CASES, FIXTURES
from tests.unit.events.adapters.fixture import FEED

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("MessageSid", "MessageStatus", "SmsStatus", "From", "To", "Body", "OptOutType", "DateSent", "contact_id")
zones = st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"])
texts = st.sampled_from(
    [
        "0001-01-01",
        "9999-12-31 23:59",
        "",
        " ",
        "0",
        "-1",
        "1e400",
        "9" * 400,
        "2012-02-30T00:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "\ud7ff",
        "\x00",
    ]
)


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value within a JSON value, itself included."""
    found = [above]
    if isinstance(value, dict):
        found += [way for name, inner in value.items() for way in places(inner, (*above, name))]
    elif isinstance(value, list):
        found += [way for index, inner in enumerate(value) for way in places(inner, (*above, index))]
    return found


def with_other(value: Any, way: tuple[Any, ...], other: Any) -> Any:
    """A copy with another value at the end of the way."""
    if not way:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = with_other(copy[way[0]], way[1:], other)
    return copy


@given(st.data())
def test_any_value_in_any_vendor_field_gives_a_result(data: st.DataObject) -> None:
    vendor, name = data.draw(st.sampled_from(CASES))
    body = FIXTURES[vendor][name].body
    for _ in range(data.draw(st.integers(1, 2))):
        body = with_other(body, data.draw(st.sampled_from(places(body))), data.draw(anything | texts))

    results = BODIES[vendor](orjson.dumps(body), replace(FEED, time_zone=data.draw(zones)))

    assert all(isinstance(one, Interaction | RefusedElement | SkippedElement) for one in results)
    for one in results:
        if isinstance(one, Interaction):
            assert orjson.loads(encode_structured(one))["id"] == one.id


@given(st.sampled_from(sorted(BODIES)), st.binary(max_size=60) | anything.map(orjson.dumps))
def test_any_bytes_as_a_vendors_body_give_a_result(vendor: str, body: bytes) -> None:
    for wrapped in (body, b"[" + body + b"]", b'{"data":' + body + b"}", b'{"interactions":[' + body + b"]}"):
        assert all(
            isinstance(one, Interaction | RefusedElement | SkippedElement) for one in BODIES[vendor](wrapped, FEED)
        )


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), st.text(max_size=20) | texts))
def test_any_form_fields_of_twilio_give_a_result(fields: dict[str, str]) -> None:
    body = urlencode(fields, errors="replace").encode()

    assert all(isinstance(one, Interaction | RefusedElement | SkippedElement) for one in BODIES["twilio"](body, FEED))
