from typing import Any

import orjson
import pytest

from events.topics import (
    CONTACT_ALERTS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    EXPERIMENT_RESULTS,
    SEGMENT_CHANGES,
    SYSTEM_ALERTS,
)
from streams.domain.delivery.digests import MailAddresses, email_of, slack_body
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.notices import Notice, SourceRecord, notice_of

AT = 1_329_904_800_000
CHANGE = {
    "contact_id": "c-1",
    "version": 3,
    "at": "2012-02-22T10:00:00.000Z",
    "cause": "interaction",
    "entered": ["lapsed", "donors"],
    "left": ["new"],
    "profile_version": 7,
}
ALERT = {"alert_id": "a", "rule": "opt_out_ignored", "contact_id": "c-1", "at": "…", "evidence": [], "detail": "…"}


def endpoint(**more: object) -> Endpoint:
    return Endpoint.model_validate(
        {"id": "e", "kind": "webhook", "url": "https://e.example", "secrets": ["env:E"], "topics": ["segment-changes"]}
        | more
    )


def told(topic: str, value: object, reason: str = "", **more: object) -> Notice | None:
    written = None if value is None else value if isinstance(value, bytes) else orjson.dumps(value)
    return notice_of(endpoint(**more), SourceRecord(topic, b"c-1", written, AT, reason))


def result(**more: Any) -> dict[str, Any]:
    compared = [{"metric": "donated", "variant": "B", "discovery": False, "effect": 0.25}]
    return {
        "experiment": "x1",
        "as_of": "2012-02-22T10:00:00.000Z",
        "status": "running",
        "comparisons": compared,
        "guardrails": [{"metric": "unsubscribed", "variant": "B", "breached": False}],
    } | more


def test_a_change_is_told_with_what_it_is_and_when() -> None:
    found = told(SEGMENT_CHANGES, CHANGE)
    assert found is not None
    assert orjson.loads(found.body()) == {
        "type": "segment.changed",
        "timestamp": "2012-02-22T10:00:00.000Z",
        "data": CHANGE,
    }


def test_of_a_change_only_the_segments_that_are_asked_for_are_told() -> None:
    found = told(SEGMENT_CHANGES, CHANGE, segments=["lapsed"])
    assert found is not None
    assert (found.data["entered"], found.data["left"]) == (["lapsed"], [])
    assert told(SEGMENT_CHANGES, CHANGE, segments=["others"]) is None


@pytest.mark.parametrize("cause", ["defined", "withdrawn", "recounted", "merged"])
def test_what_lies_in_definitions_is_not_told_unless_asked_for(cause: str) -> None:
    change = {**CHANGE, "cause": cause}
    assert told(SEGMENT_CHANGES, change) is None
    assert told(SEGMENT_CHANGES, change, causes=[cause]) is not None


@pytest.mark.parametrize("filters", [{}, {"segments": ["others"]}, {"causes": ["time"]}])
def test_an_erasure_is_always_told_whatever_is_asked_for(filters: dict[str, Any]) -> None:
    erased = {**CHANGE, "cause": "erased", "entered": [], "left": []}
    for found in (told(SEGMENT_CHANGES, erased, **filters), told(CONTACT_STATE, None, "erased", **filters)):
        assert found is not None
        assert (found.type, found.data) == ("contact.forgotten", {"contact_id": "c-1"})


def test_a_profile_and_an_id_that_went_under_another_are_not_told() -> None:
    assert told(CONTACT_STATE, {"contact_id": "c-1"}) is None
    assert told(CONTACT_STATE, None, "merged") is None


def test_channels_that_are_closed_and_opened_are_told() -> None:
    closed = {"email": {"reason": "complained", "since": "…", "source": "s", "id": "1"}}
    shut, opened = told(CONTACT_SUPPRESSIONS, closed), told(CONTACT_SUPPRESSIONS, None)
    assert shut is not None
    assert opened is not None
    assert shut.data == {"contact_id": "c-1", "channels": closed}
    assert opened.data == {"contact_id": "c-1", "channels": {}}


def test_alerts_are_told_by_rule() -> None:
    assert told(CONTACT_ALERTS, ALERT, rules=["opt_out_ignored"]) is not None
    assert told(CONTACT_ALERTS, ALERT, rules=["complaints"]) is None


def test_an_experiment_is_another_word_once_status_discovery_or_guardrail_change() -> None:
    better = [{"metric": "donated", "variant": "B", "discovery": True}]
    worse = [{"metric": "unsubscribed", "variant": "B", "breached": True}]
    more = [{"metric": "donated", "variant": "B", "discovery": False, "effect": 0.5}]
    found = [
        told(EXPERIMENT_RESULTS, result(**change))
        for change in ({}, {"comparisons": more}, {"status": "ended"}, {"comparisons": better}, {"guardrails": worse})
    ]
    prints = [each.fingerprint for each in found if each is not None]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 4


@pytest.mark.parametrize("value", [b"", b"\xff", b"[]", b"3", b"{}", b'{"rule": 3}', b"null"])
@pytest.mark.parametrize("topic", [SEGMENT_CHANGES, EXPERIMENT_RESULTS])
def test_what_is_not_of_our_making_is_passed_over(topic: str, value: bytes) -> None:
    assert told(topic, value) is None


def test_a_name_cannot_mention_a_channel_or_break_a_header() -> None:
    named = told(SYSTEM_ALERTS, {**ALERT, "rule": "complaints", "subject": "<!channel>\r\nBcc: x@example.org"})
    assert named is not None
    body = slack_body([named]).decode()
    assert "<" not in body
    assert "plain_text" in body
    message = email_of([named], MailAddresses("a@example.org", ["b@example.org"]), "msg_1")
    assert message["Bcc"] is None
    assert message["Message-ID"] == "<msg_1@harmonia.invalid>"
    assert "complaints" in message["Subject"]
