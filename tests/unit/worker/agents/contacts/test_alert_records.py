"""Alerts of a contact who is one fragment: in the transaction of their trigger, once."""

import orjson
import pytest

from events.json_types import JSON
from events.topics import CONTACT_ALERTS
from streams.domain.contact.publication.alert_triggers import Trigger
from streams.domain.pressure import default_policy
from streams.engine.store import MemoryStore
from streams.worker.agents.contacts.alert_records import TRIGGERS, alert_id, trigger_headers, triggers_in
from tests.unit.engine.kafka_records import SOURCE, Fetched
from tests.unit.worker.agents.contacts.interaction_records import folded, kept, said


class Office:
    """A store that chunks are folded onto, and the alerts that came of them."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def fold(self, *records: Fetched) -> list[dict[str, JSON]]:
        folding = folded(*records, store=self.store)
        kept(folding, self.store)
        outputs = [output for output in folding.effects.outputs if output.topic == CONTACT_ALERTS]
        assert all((output.partition, output.key) == (SOURCE.partition, b"c1") for output in outputs)
        assert sum(folding.alerts.values()) == len(outputs)
        return [orjson.loads(output.value or b"") for output in outputs]


def sent(offset: int, team: str = "digital") -> Fetched:
    return said(offset, "email.sent", message_id=f"m{offset}", team=team)


def test_a_touch_is_judged_with_the_chunk_that_takes_it() -> None:
    office = Office()
    assert office.fold(sent(0)) == []
    assert office.fold(sent(1, "youth")) == [
        {
            "alert_id": alert_id("double_touch", "c1", "digital/mailer", "i1", default_policy().version),
            "rule": "double_touch",
            "contact_id": "c1",
            "at": "2012-02-22T10:00:00.000Z",
            "evidence": [{"source": "digital/mailer", "id": "i1"}, {"source": "digital/mailer", "id": "i0"}],
            "detail": "youth: by email, 0m after digital by email; at least 4h",
        }
    ]


def test_what_was_known_before_the_chunk_is_not_judged_again() -> None:
    office = Office()
    office.fold(sent(0), sent(1, "youth"))
    assert office.fold(said(2), sent(1, "youth"), said(3, "donation.made")) == []


def test_touches_of_one_chunk_are_judged_one_by_one() -> None:
    alerts = Office().fold(sent(0), sent(1), sent(2), sent(3))
    assert [(each["rule"], each["evidence"][0]) for each in alerts if isinstance(each["evidence"], list)] == [
        ("over_cap", {"source": "digital/mailer", "id": "i3"}),
        ("over_cap", {"source": "digital/mailer", "id": "i2"}),
    ]


@pytest.mark.parametrize("types", [("email.sent", "email.delivered"), ("email.delivered", "email.sent")])
def test_of_several_words_on_one_message_the_first_is_judged(types: tuple[str, str]) -> None:
    office = Office()
    office.fold(sent(0))
    first, second = (said(n, type_, message_id="m", team="youth") for n, type_ in enumerate(types, 1))
    assert [each["rule"] for each in office.fold(first)] == ["double_touch"]
    assert office.fold(second) == []


def test_of_several_versions_of_one_report_the_first_is_judged() -> None:
    office = Office()
    office.fold(sent(0))
    first, second = (said(n, "canvass.reported", report_id="r", team="field") for n in (2, 1))
    assert [each["rule"] for each in office.fold(first)] == ["double_touch"]
    assert office.fold(second) == []


def test_a_report_that_is_a_touch_only_in_a_later_version_is_judged_then() -> None:
    office = Office()
    office.fold(sent(0))
    assert office.fold(said(2, "canvass.reported", report_id="r", team="field", outcome="not_home")) == []
    assert [each["rule"] for each in office.fold(said(1, "canvass.reported", report_id="r", team="field"))] == [
        "double_touch"
    ]


def test_a_stop_after_pressure_is_an_alert() -> None:
    office = Office()
    office.fold(sent(0), sent(1), sent(2))
    [alert] = office.fold(said(3, "email.unsubscribed"))
    assert alert["rule"] == "unsubscribe_after_pressure"
    stopped = office.fold(said(4, "canvass.reported", outcome="do_not_contact"), said(5, "email.complained"))
    assert {each["rule"] for each in stopped} == {"unsubscribe_after_pressure", "complaint_after_pressure"}


def test_a_yes_and_what_is_no_touch_say_nothing() -> None:
    office = Office()
    office.fold(sent(0), sent(1), sent(2))
    assert office.fold(said(3, "consent.changed"), said(4, "email.opened"), said(5, "email.bounced")) == []


def test_triggers_go_with_a_part_and_are_read_again() -> None:
    found = (Trigger("team/a", "1", ("email", "m")), Trigger("team/b", "2"))
    assert triggers_in(trigger_headers(found)) == found
    assert trigger_headers(()) == []
    assert triggers_in([("version", b"1")]) == ()


@pytest.mark.parametrize("value", [None, b"", b"[", b'[["a"]]', b"{}"])
def test_triggers_that_cannot_be_read_are_none(value: bytes | None) -> None:
    assert triggers_in([(TRIGGERS, value)]) == ()
