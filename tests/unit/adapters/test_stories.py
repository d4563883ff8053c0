"""What two deliveries say together: a retraction names what it takes back, form fields say what JSON says."""

from urllib.parse import urlencode

import pytest

from events.adapters import actblue, movement, twilio
from events.envelope import Interaction
from events.interactions.anywhere import InteractionRetracted
from tests.unit.adapters import fixtures_actblue, fixtures_movement, fixtures_twilio
from tests.unit.adapters.fixture import FEED, shown


def only(results: list[object], type_: str) -> Interaction:
    (found,) = [one for one in results if isinstance(one, Interaction) and one.type == type_]
    return found


def retracted(results: list[object]) -> tuple[str, str]:
    data = only(results, "interaction.retracted").data
    assert isinstance(data, InteractionRetracted)
    return data.retracts.source, data.retracts.id


def test_money_that_came_back_after_all_takes_back_its_refund() -> None:
    refund = only([*actblue.read(fixtures_actblue.FIXTURES["refund"].bytes, FEED)], "donation.refunded")
    recovered = actblue.read(fixtures_actblue.FIXTURES["refund recovered"].bytes, FEED)

    assert retracted([*recovered]) == (refund.source, refund.id)


def test_an_attempt_that_is_deleted_takes_back_its_report() -> None:
    report = only([*movement.read(fixtures_movement.FIXTURES["answers"].bytes, FEED)], "canvass.reported")
    deleted = movement.read(fixtures_movement.FIXTURES["all deleted"].bytes, FEED)

    assert retracted([*deleted]) == (report.source, report.id)


@pytest.mark.parametrize("name", fixtures_twilio.FIXTURES)
def test_twilio_says_the_same_in_form_fields(name: str) -> None:
    fixture = fixtures_twilio.FIXTURES[name]
    fields = {field: value for field, value in fixture.body.items() if value is not None}

    assert shown(twilio.read(urlencode(fields).encode(), FEED)) == shown(twilio.read(fixture.bytes, FEED))


@pytest.mark.parametrize("body", [b"a", b"a=%ff", b"\xff=1", b"a=1&" * 300])
def test_form_fields_that_cannot_be_read_are_refused(body: bytes) -> None:
    _, refused, _ = shown(twilio.read(body, FEED))

    assert refused == ["invalid_data"]
