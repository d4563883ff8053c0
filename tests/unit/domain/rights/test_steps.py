"""Records of requests: what is written is what the schema says, and is read back."""

from datetime import date

import orjson
import pytest
from pydantic import TypeAdapter

from events import rights_requests as said
from streams.domain.rights.steps import (
    ClockExtended,
    RequestAnswered,
    RequestClosed,
    RequestCount,
    RequestOpened,
    RequestStep,
    count_record,
    read_rights_record,
    request_of,
    step_record,
)

AT = "2026-11-29T12:00:00.000Z"
DAY = date(2026, 11, 29)
STEPS: list[RequestStep] = [
    RequestOpened(on=DAY, at=AT, by="operator/dpo", kind="access", received=DAY, contact_id="crm.ada"),
    RequestOpened(on=DAY, at=AT, by="operator/dpo", kind="objection", received=DAY),
    ClockExtended(on=DAY, at=AT, by="operator/dpo", reason="complexity"),
    RequestAnswered(on=DAY, at=AT, by="operator/dpo", did=("linked", "at_source")),
    RequestClosed(on=DAY, at=AT, by="operator/dpo", outcome="granted", reference="letters/17"),
    RequestClosed(on=DAY, at=AT, by="operator/dpo", outcome="withdrawn"),
]
SCHEMA: TypeAdapter[object] = TypeAdapter(
    said.RightsOpened | said.RightsExtended | said.RightsAnswered | said.RightsClosed | said.RightsCounted
)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_written_as_its_schema_says_and_read_back(step: RequestStep) -> None:
    key, value = step_record("4f00aa", "9c", step)
    assert SCHEMA.validate_python(orjson.loads(value), strict=True) == orjson.loads(value)
    assert (request_of(key.decode()), read_rights_record(key, value)) == ("4f00aa", step)


def test_a_count_names_neither_person_nor_request() -> None:
    count = RequestCount(kind="erasure", year=2026, outcome="erased", in_time=True)
    key, value = count_record("4f00aa", count)
    assert SCHEMA.validate_python(orjson.loads(value), strict=True) == orjson.loads(value)
    assert read_rights_record(key, value) == count
    assert b"4f00aa" not in key + value
    assert {*orjson.loads(value)} == {"step", "kind", "year", "outcome", "in_time"}


@pytest.mark.parametrize("value", [None, b"", b"{}", b'{"step":"annulled","at":"x"}'])
def test_what_says_nothing_is_passed_over(value: bytes | None) -> None:
    assert read_rights_record(b"4f00aa/9c", value) is None
    assert read_rights_record(None, step_record("a", "b", STEPS[0])[1]) is None
