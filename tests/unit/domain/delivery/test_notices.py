"""Notices, and when they are tried."""

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
from streams.domain.delivery.schedule import (
    SCHEDULE_S,
    Breaker,
    Result,
    breaker_after,
    failing_since,
    next_attempt_at,
    result_of_status,
)

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


def test_pauses_grow_to_a_day_and_then_it_is_dead() -> None:
    pauses = [next_attempt_at(attempts, 1_000) for attempts in range(1, 10)]
    assert pauses == [1_000 + pause * 1000 for pause in (5, 30, 120, 600, 3600, 10800, 28800, 86400)] + [None]
    assert len(SCHEDULE_S) == 8


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (301, "refused"),
        (307, "refused"),
        (400, "refused"),
        (404, "refused"),
        (410, "disabled"),
        (429, "failed"),
        (500, "failed"),
        (503, "failed"),
    ],
)
def test_a_status_means_one_thing(status: int, answer: str) -> None:
    assert result_of_status(status).answer == answer


def test_the_breaker_opens_after_three_failures_on_end_and_for_longer_each_time() -> None:
    breaker, now, open_for = Breaker(), 0, []
    for _ in range(12):
        breaker = breaker_after(breaker, Result("failed"), now, now)
        open_for.append(max(0, breaker.open_until - now) // 1000)
        now = max(now, breaker.open_until) + 1
    assert open_for == [0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300, 300]


@pytest.mark.parametrize("answer", ["delivered", "refused"])
def test_an_endpoint_that_answers_closes_the_breaker(answer: str) -> None:
    opened = Breaker(7, 9_000, 4_000)
    assert breaker_after(opened, Result(answer), 9_500, 10_000) == Breaker()  # type: ignore[arg-type]


def test_what_was_under_way_when_the_breaker_opened_makes_it_no_longer() -> None:
    breaker = Breaker()
    for done in range(16):
        breaker = breaker_after(breaker, Result("failed"), 0, 100 + done)
    assert (breaker.failures, breaker.open_until) == (3, 5_102)


@pytest.mark.parametrize("answer", ["delivered", "refused", "disabled"])
def test_what_was_under_way_does_not_shorten_what_an_endpoint_has_asked_for(answer: str) -> None:
    asked = breaker_after(Breaker(), Result("failed", 429, 60.0), 0, 10)
    after = breaker_after(asked, Result(answer), 5, 20)  # type: ignore[arg-type]
    assert after.open_until == 60_010
    assert breaker_after(asked, Result("failed", 429, 90.0), 5, 20).open_until == 90_020


def test_what_an_endpoint_asks_for_is_kept_up_to_an_hour() -> None:
    assert breaker_after(Breaker(), Result("failed", 429, 60.0), 0, 0) == Breaker(1, 60_000, 0)
    assert breaker_after(Breaker(), Result("failed", 503, 1e9), 0, 0) == Breaker(1, 3_600_000, 0)


def test_a_body_that_is_gone_says_nothing_of_the_endpoint() -> None:
    assert breaker_after(Breaker(2, 0), Result("gone"), 0, 0) == Breaker(2, 0)


def test_who_refuses_everything_fails_as_who_does_not_answer_does() -> None:
    since = failing_since(None, [], 10.0, is_owed=True)
    for now in (20.0, 900.0):
        since = failing_since(since, ["refused", "failed", "disabled", "gone"], now, is_owed=True)
    assert since == 10.0
    assert failing_since(since, ["refused", "delivered"], 901.0, is_owed=True) == 901.0
    assert failing_since(since, [], 901.0, is_owed=False) is None
