"""People who were held back, counted from records of the audit log."""

import msgspec

from events.times import parse_time
from streams.history.daily_report.figures import HeldBackCount
from streams.history.daily_report.held_back import AuditRecord, PersonAnswer, ReasonCount, held_back_in
from streams.history.insights.spans import Span

DAY = Span(parse_time("2012-02-22T00:00:00Z") or 0, parse_time("2012-02-23T00:00:00Z") or 0)


def asked(at: str, *answers: tuple[str, str | None, str | None], what: str = "permission") -> AuditRecord:
    return AuditRecord(at, what, "email", [PersonAnswer(*answer) for answer in answers])


def test_people_count_once_for_each_answer_that_is_not_yes() -> None:
    records = [
        asked("2012-02-22T10:00:00.000Z", ("ada", "deny", "unsubscribed"), ("bob", "allow", "ok")),
        asked("2012-02-22T11:00:00.000Z", ("ada", "deny", "unsubscribed"), ("cleo", "deny", "unsubscribed")),
        asked("2012-02-22T12:00:00.000Z", ("ada", "defer", "team_cap")),
    ]

    assert held_back_in(records, DAY) == (
        HeldBackCount("deny", "unsubscribed", "email", 2),
        HeldBackCount("defer", "team_cap", "email", 1),
    )


def test_other_days_and_profiles_that_were_read_do_not_count() -> None:
    records = [
        asked("2012-02-21T23:59:59.999Z", ("ada", "deny", "unsubscribed")),
        asked("2012-02-23T00:00:00.000Z", ("ada", "deny", "unsubscribed")),
        asked("2012-02-22T10:00:00.000Z", ("ada", None, None), what="read"),
        asked("no time", ("ada", "deny", "unsubscribed")),
    ]

    assert held_back_in(records, DAY) == ()


def listed(at: str, *counts: tuple[str, str, int], request: str | None = None) -> AuditRecord:
    return AuditRecord(
        at, "permission", "email", counts=[ReasonCount(*count) for count in counts], request=request or at
    )


def test_the_record_of_a_list_that_comes_twice_counts_once() -> None:
    twice = [listed("2012-02-22T11:00:00.000Z", ("deny", "held", 7), request="r1")] * 2

    assert held_back_in(twice, DAY) == (HeldBackCount("deny", "held", "email", 0, 7),)


def test_what_was_decided_about_lists_counts_by_rows_beside_people() -> None:
    records = [
        asked("2012-02-22T10:00:00.000Z", ("ada", "deny", "unsubscribed")),
        listed("2012-02-22T11:00:00.000Z", ("allow", "ok", 900), ("deny", "unsubscribed", 7), ("defer", "team_cap", 2)),
        listed("2012-02-22T12:00:00.000Z", ("deny", "unsubscribed", 7)),
        listed("2012-02-21T12:00:00.000Z", ("deny", "unsubscribed", 99)),
    ]

    assert held_back_in(records, DAY) == (
        HeldBackCount("deny", "unsubscribed", "email", 1, 14),
        HeldBackCount("defer", "team_cap", "email", 0, 2),
    )


def test_rows_that_name_nobody_or_somebody_again_held_nobody_back() -> None:
    counts = [("deny", "malformed_row", 3), ("deny", "no_identifier", 3), ("deny", "repeated_in_audience", 3)]

    assert held_back_in([listed("2012-02-22T11:00:00.000Z", *counts)], DAY) == ()


def test_audit_records_of_people_and_of_lists_are_read() -> None:
    read = msgspec.json.Decoder(AuditRecord).decode
    people = b'{"at": "2012-02-22T11:00:00.000Z", "what": "permission", "channel": "email", "answers": []}'

    assert read(people).counts == []
    assert read(people[:-1] + b', "counts": [{"decision": "deny", "reason": "held", "rows": 2}]}').counts[0].rows == 2
