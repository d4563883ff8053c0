"""Requests of people about their rights."""

from datetime import date

import orjson
import pytest
from pydantic import TypeAdapter

from events import rights_requests as said
from events.json_types import JSON
from streams.domain.rights.clock import answer_due, extended_due, may_have_come
from streams.domain.rights.own_part import without_others
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


@pytest.mark.parametrize(
    ("received", "due", "extended"),
    [
        (date(2026, 1, 31), date(2026, 2, 28), date(2026, 4, 30)),
        (date(2028, 1, 31), date(2028, 2, 29), date(2028, 4, 30)),
        (date(2028, 2, 29), date(2028, 3, 29), date(2028, 5, 29)),
        (date(2026, 11, 30), date(2026, 12, 30), date(2027, 2, 28)),
        (date(2026, 12, 1), date(2027, 1, 1), date(2027, 3, 1)),
        (date(2026, 5, 31), date(2026, 6, 30), date(2026, 8, 31)),
        (date(9999, 12, 1), date(9999, 12, 31), date(9999, 12, 31)),
    ],
)
def test_a_month_ends_on_the_same_date_or_the_last_day_of_a_shorter_month(
    received: date, due: date, extended: date
) -> None:
    assert (answer_due(received), extended_due(received)) == (due, extended)


@pytest.mark.parametrize(
    ("received", "may"),
    [
        (date(2028, 2, 29), True),
        (date(2028, 3, 1), False),
        (date(2018, 2, 28), True),
        (date(2018, 2, 27), False),
        (date(1026, 11, 25), False),
    ],
)
def test_a_request_has_come_in_the_last_ten_years(received: date, may: bool) -> None:
    assert may_have_come(received, date(2028, 2, 29)) is may


@pytest.mark.parametrize("undone", ["contact.unlinked", "contact.linked"])
def test_a_link_that_was_undone_names_the_other_person_nowhere(undone: str) -> None:
    """They are somebody else; of whom the person is known as both are told."""

    def ruling(type_: str, *pair: str) -> JSON:
        return {"type": type_, "source": "operator/a", "id": "1", "data": {"contact_ids": [*pair]}}

    told: list[JSON] = [ruling(undone, "crm.ada", "van.somebody-else"), ruling("contact.linked", "crm.ada", "phone:3")]
    held = without_others({"identifiers": ["crm.ada", "phone:3"], "interactions": told, "alerts": []})
    assert held == {
        "identifiers": ["crm.ada", "phone:3"],
        "interactions": [ruling(undone, "crm.ada"), ruling("contact.linked", "crm.ada", "phone:3")],
        "alerts": [],
    }


def test_interactions_without_two_contacts_stay_as_they_are() -> None:
    told: list[JSON] = [{"type": "email.opened", "data": {"message_id": "m"}}, {"type": "x"}, "no object"]
    assert without_others({"identifiers": [], "interactions": told})["interactions"] == told


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
