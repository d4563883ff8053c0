"""The client for producers: what it builds is what intake takes, and what intake would refuse is never sent."""

from datetime import UTC, datetime

import pytest

from events.client import FakeProducer, InvalidEvent, UnknownFieldWarning, build
from events.envelope import Interaction, Record, decode

AT = datetime(2026, 2, 3, 18, tzinfo=UTC)
OPENED = {"contact": {"email": "ada@example.org"}, "message_id": "m-1"}


def test_an_event_that_the_client_builds_is_accepted_by_intake() -> None:
    ready = build("email.opened", OPENED, source="digital/mailer", time=AT, id_="1")

    read = decode(Record(ready.topic, ready.value, (), 1_900_000_000_000))
    assert isinstance(read, Interaction)
    assert (read.id, read.source, read.type, ready.topic) == ("1", "digital/mailer", "email.opened", "email-events")


@pytest.mark.parametrize(
    ("type_", "data", "time", "word"),
    [
        ("email.teleported", OPENED, AT, "unknown_type"),
        ("email.opened", {"contact": {}, "message_id": "m"}, AT, "no_identifier"),
        ("email.opened", {"contact": {"email": "ada@example.org"}}, AT, "data.message_id"),
        ("email.opened", OPENED, "yesterday", "no_time"),
        ("email.opened", OPENED, datetime(2026, 2, 3), "time zone"),  # noqa: DTZ001
    ],
)
def test_the_client_refuses_an_event_that_intake_would_refuse(
    type_: str, data: dict[str, object], time: datetime | str, word: str
) -> None:
    fake = FakeProducer("digital/mailer")

    with pytest.raises(ValueError, match=word) as found:
        fake.send(type_, data, time=time)

    assert fake.sent == []
    assert "ada@example.org" not in str(found.value)


def test_the_fake_producer_keeps_the_events_that_would_be_sent() -> None:
    fake = FakeProducer("digital/mailer")
    fake.send("email.opened", OPENED, time=AT, id_="1")
    fake.send("email.delivered", OPENED, time=AT, id_="2")

    assert [event["id"] for event in fake.events()] == ["1", "2"]
    assert [event["id"] for event in fake.events("email.opened")] == ["1"]


def test_a_field_that_is_misspelled_is_sent_and_warned_of_where_it_was_written() -> None:
    fake = FakeProducer("digital/mailer")

    with pytest.warns(
        UnknownFieldWarning, match=r"data\.purpos: no field of email\.opened; did you mean purpose\?"
    ) as told:
        fake.send("email.opened", {**OPENED, "purpos": "fundraising"}, time=AT)

    assert len(fake.sent) == 1
    assert [each.filename for each in told] == [__file__]


def test_a_suppression_that_ends_before_it_begins_is_not_sent() -> None:
    ada = {"contact": {"email": "ada@example.org"}}

    with pytest.raises(InvalidEvent, match=r"data\.until: before the event's own time"):
        build("contact.suppressed", {**ada, "until": "2026-01-01T00:00:00Z"}, source="office/desk", time=AT)
    assert build("contact.suppressed", {**ada, "until": AT.isoformat()}, source="office/desk", time=AT)


def test_an_unknown_type_is_refused_with_the_known_ones_that_may_be_meant() -> None:
    with pytest.raises(InvalidEvent, match=r"unknown_type: .*; did you mean email\.opened\?"):
        build("email.opend", OPENED, source="digital/mailer", time=AT)
    with pytest.raises(InvalidEvent, match=r"unknown_type: .*; did you mean form\.submitted\?"):
        build("petition.signed", OPENED, source="digital/mailer", time=AT)
    with pytest.raises(InvalidEvent, match=r"not a type of version 1 of the contract; docs/events\.md lists all$"):
        build("zzz", OPENED, source="digital/mailer", time=AT)


def test_a_time_in_the_future_is_refused_by_the_clock_that_is_given() -> None:
    with pytest.raises(InvalidEvent, match="time_in_future"):
        build("email.opened", OPENED, source="digital/mailer", time="2030-01-01T00:00:00Z", now_ms=1_770_000_000_000)


def test_without_an_id_each_event_is_another() -> None:
    values = {build("email.opened", OPENED, source="digital/mailer", time=AT).value for _ in range(2)}

    assert len(values) == 2
