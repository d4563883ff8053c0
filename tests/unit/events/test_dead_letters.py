"""Dead letters and their reasons."""

import orjson
import pytest

from events.dead_letters import DeadLetter, Origin, dead_letter_headers
from events.envelope import decode
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.unknown_fields import MOST_TOLD, unknown_fields
from tests.unit.events.records import NOW, REQUIRED, accepted, event, reason, record, refused


def test_the_reasons_are_those_of_the_contract() -> None:
    assert [str(reason) for reason in Reason] == [
        *("too_large", "not_json", "not_cloudevent", "unknown_type", "no_time", "time_in_future", "no_identifier"),
        *("invalid_data", "refused_source", "unsupported_type", "memo_entry", "malformed_row", "contact_full"),
        "quarantined",  # of records that are held, in another topic
    ]


@pytest.mark.parametrize("type_", REQUIRED)
def test_every_type_is_taken_with_its_required_fields_alone(type_: str) -> None:
    assert accepted(event(type_)).type == type_


@pytest.mark.parametrize(("type_", "name"), [(type_, name) for type_, fields in REQUIRED.items() for name in fields])
def test_a_required_field_that_is_missing_or_null_is_invalid(type_: str, name: str) -> None:
    assert refused(event(type_, **{name: None})).reason == Reason.INVALID_DATA
    assert refused(event(type_, **{name: None})).detail.startswith(f"data.{name}: ")


def test_a_record_may_have_256_kib_and_not_a_byte_more() -> None:
    value = orjson.dumps(event(more=["x" * 1000] * 200))
    assert isinstance(decode(record(value.ljust(262_144))), type(accepted(event())))
    assert reason(value.ljust(262_145)) == Reason.TOO_LARGE
    assert reason(b"\xff" * 262_145) == Reason.TOO_LARGE


@pytest.mark.parametrize(
    "value", [b"", b"{", b"\xff", b"NaN", b"\xef\xbb\xbf{}", b'{"a":1}{}', b"[" * 5000 + b"]" * 5000]
)
def test_a_value_that_is_no_json_is_refused(value: bytes) -> None:
    assert reason(value) == Reason.NOT_JSON


@pytest.mark.parametrize("value", [b"null", b"1", b'"text"', b"[]", b"{}", b'{"a": 1}'])
def test_json_that_is_no_cloudevent_is_refused(value: bytes) -> None:
    assert reason(value) == Reason.NOT_CLOUDEVENT


@pytest.mark.parametrize(
    "wrong",
    [
        *({"specversion": "0.3"}, {"specversion": 1.0}, {"specversion": None}, {"id": 1}, {"id": ""}, {"id": None}),
        *({"source": ["x"]}, {"source": ""}, {"type": None}, {"type": ""}, {"type": {}}, {"dataschema": 1}),
    ],
)
def test_an_attribute_that_cloudevents_does_not_allow_is_refused(wrong: dict[str, JSON]) -> None:
    assert reason(event() | wrong) == Reason.NOT_CLOUDEVENT


def test_an_unknown_type_is_refused() -> None:
    assert reason(event() | {"type": "email.eaten"}) == Reason.UNKNOWN_TYPE


@pytest.mark.parametrize(
    ("type_", "topic"),
    [
        ("email.opened", "donation-events"),
        ("donation.made", "email-events"),
        ("consent.changed", "contact-commands"),
        ("contact.erased", "email-events"),
        ("email.opened", "interactions"),
    ],
)
def test_a_type_on_another_topic_is_refused_with_the_right_one(type_: str, topic: str) -> None:
    result = decode(record(event(type_), topic))
    assert isinstance(result, Refusal)
    assert result.reason == Reason.UNKNOWN_TYPE
    assert "-" in result.detail


@pytest.mark.parametrize("topic", ["email-events", "donation-events", "canvass-events", "outreach-events"])
@pytest.mark.parametrize("type_", ["experiment.assigned", "consent.changed", "interaction.retracted"])
def test_some_types_are_taken_on_each_input_topic(type_: str, topic: str) -> None:
    assert not isinstance(decode(record(event(type_), topic)), Refusal)


@pytest.mark.parametrize("time", [None, "", "now", 1329868800, "2012-02-22", "2012-02-22T10:00:00"])
def test_an_event_without_a_usable_time_is_refused(time: JSON) -> None:
    assert reason(event() | {"time": time}) == Reason.NO_TIME


def test_a_time_more_than_an_hour_after_the_brokers_is_refused() -> None:
    assert accepted(event() | {"time": "2012-02-22T11:00:00.000Z"}).time == NOW + 3_600_000
    assert reason(event() | {"time": "2012-02-22T11:00:00.001Z"}) == Reason.TIME_IN_FUTURE


@pytest.mark.parametrize("data", [None, [], "text", 1, {}])
def test_an_event_without_data_names_nobody(data: JSON) -> None:
    assert reason(event() | {"data": data}) == Reason.NO_IDENTIFIER


@pytest.mark.parametrize("type_", ["contact.linked", "contact.unlinked"])
def test_a_command_on_a_pair_needs_no_contact_but_data(type_: str) -> None:
    assert accepted(event(type_) | {"data": {"contact_ids": ["a", "b"]}}).data.plain() == {"contact_ids": ["a", "b"]}
    assert reason(event(type_) | {"data": None}) == Reason.NO_IDENTIFIER
    assert reason(event(type_, contact=5)) == Reason.INVALID_DATA


@pytest.mark.parametrize("type_", ["contact.suppressed", "contact.erased"])
def test_a_command_on_one_contact_needs_a_contact(type_: str) -> None:
    assert reason(event(type_) | {"data": {}}) == Reason.NO_IDENTIFIER


def test_the_first_reason_that_applies_is_given() -> None:
    wrong: dict[str, JSON] = {
        **event("donation.made", amount=-1, contact={}),
        "specversion": "2",
        "type": "gift",
        "time": "2999-01-01",
    }
    found = []
    for name, right in (
        ("specversion", "1.0"),
        ("type", "donation.made"),
        ("time", "2999-01-01T00:00:00Z"),
        ("time", "2012-02-22T10:00:00Z"),
    ):
        found.append(reason(wrong))
        wrong[name] = right
    found.append(reason(wrong))
    found.append(reason(event("donation.made", amount=-1)))
    assert found == [
        *(Reason.NOT_CLOUDEVENT, Reason.UNKNOWN_TYPE, Reason.NO_TIME),
        *(Reason.TIME_IN_FUTURE, Reason.NO_IDENTIFIER, Reason.INVALID_DATA),
    ]


REFUSAL = Refusal(Reason.NO_TIME, "time: give one – with an offset")
ORIGIN = Origin("intake", "email-events", 3, 42)
OWN: list[tuple[str, bytes | None]] = [("trace", b"\xff"), ("empty", None), ("trace", b"2")]


def test_the_records_own_headers_come_first_and_unchanged() -> None:
    assert dead_letter_headers(OWN, REFUSAL, ORIGIN, 1_329_868_800_000) == [
        *OWN,
        ("dl_reason", b"no_time"),
        ("dl_detail", "time: give one – with an offset".encode()),
        ("dl_stage", b"intake"),
        ("dl_topic", b"email-events"),
        ("dl_partition", b"3"),
        ("dl_offset", b"42"),
        ("dl_time", b"2012-02-22T00:00:00.000Z"),
        ("dl_record_time", b"2012-02-22T00:00:00.000Z"),
    ]


def test_a_dead_letter_is_read_from_its_headers() -> None:
    letter = DeadLetter.of(dead_letter_headers(OWN, REFUSAL, ORIGIN, 5))
    assert letter == DeadLetter(REFUSAL, ORIGIN, 5, record_time=5)


def test_of_a_record_refused_twice_the_latest_refusal_is_read() -> None:
    once = dead_letter_headers(OWN, REFUSAL, ORIGIN, 5)
    again = dead_letter_headers(once, Refusal(Reason.NOT_JSON, "value"), Origin("intake", "t", 0, 1), 6)
    assert DeadLetter.of(again) == DeadLetter(
        Refusal(Reason.NOT_JSON, "value"), Origin("intake", "t", 0, 1), 6, record_time=5
    )


def test_other_headers_are_no_dead_letters() -> None:
    right = dict(dead_letter_headers((), REFUSAL, ORIGIN, 5))
    assert DeadLetter.of(()) is None
    for name, wrong in (("dl_reason", b"bored"), ("dl_offset", b"x"), ("dl_time", b"now"), ("dl_partition", None)):
        assert DeadLetter.of(list((right | {name: wrong}).items())) is None
        assert DeadLetter.of([header for header in right.items() if header[0] != name]) is None


MAIL: dict[str, JSON] = {"contact": {"email": "ada@example.org"}, "message_id": "m"}


@pytest.mark.parametrize(
    ("more", "field", "near"),
    [
        ({"purpos": "fundraising"}, "data.purpos", "purpose"),
        ({"campain_id": "gotv-1"}, "data.campain_id", "campaign_id"),
        ({"campaignId": "gotv-1"}, "data.campaignId", "campaign_id"),
        ({"colour": "blue"}, "data.colour", None),
        ({"contact": {"emial": "ada@example.org"}}, "data.contact.emial", "email"),
        ({"experiment": {"id": "x", "variant": "A", "varient": "B"}}, "data.experiment.varient", "variant"),
        ({"ada@example.org": 1}, "data.*", None),
        ({"2125550199": 1}, "data.*", None),
    ],
)
def test_an_unknown_field_is_named_with_the_one_that_is_near(
    more: dict[str, JSON], field: str, near: str | None
) -> None:
    [found] = unknown_fields("email.sent", {**MAIL, **more})
    assert (found.field, found.near) == (field, near)
    assert "ada@" not in str(found)
    assert "2125550199" not in str(found)


def test_known_fields_and_those_without_a_value_are_nothing_to_speak_of() -> None:
    experiment: JSON = {"id": "x", "variant": "A"}
    assert unknown_fields("email.sent", {**MAIL, "purpose": "fundraising", "experiment": experiment, "x": None}) == []
    answers: JSON = {"van:17": "jobs", "anything": 1}
    assert unknown_fields("canvass.reported", {"method": "door", "outcome": "other", "answers": answers}) == []
    assert unknown_fields("no.type", {"x": 1}) == unknown_fields("email.sent", None) == []


def test_only_some_unknown_fields_of_one_event_are_reported() -> None:
    assert len(unknown_fields("email.sent", {f"x{'y' * number}": 1 for number in range(100)})) == MOST_TOLD
