"""What two deliveries say together: a retraction names what it takes back, form fields say what JSON says."""

from urllib.parse import urlencode

import orjson
import pytest

from events.adapters import actblue, movement, sendgrid, twilio
from events.adapters.feed import RefusedElement
from events.adapters.vendors import BODIES
from events.envelope import Interaction
from events.interactions.anywhere import InteractionRetracted
from tests.unit.events.adapters import fixtures_actblue, fixtures_movement, fixtures_sendgrid, fixtures_twilio
from tests.unit.events.adapters.every_vendor import FIXTURES
from tests.unit.events.adapters.fixture import FEED, shown


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
