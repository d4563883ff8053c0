"""People who were held back, counted from records of the audit log."""

import msgspec
import pytest

from events.times import parse_time
from streams.history.daily_report.figures import HeldBackCount
from streams.history.daily_report.held_back import AuditRecord, PersonAnswer, ReasonCount, held_back_in
from streams.history.insights.spans import Span

DAY = Span(parse_time("2012-02-22T00:00:00Z") or 0, parse_time("2012-02-23T00:00:00Z") or 0)


def asked(at: str, *answers: tuple[str, str | None, str | None], what: str = "permission") -> AuditRecord:
    return AuditRecord(at, what, "email", [PersonAnswer(*answer) for answer in answers])


def listed(at: str, *counts: tuple[str, str, int], request: str | None = None) -> AuditRecord:
    read = [ReasonCount(*count) for count in counts]
    return AuditRecord(at, "permission", "email", counts=read, request=request or at)


NO = ("deny", "unsubscribed")
TEN, ELEVEN, TWELVE = (f"2012-02-22T{hour}:00:00.000Z" for hour in (10, 11, 12))


@pytest.mark.parametrize(
    ("records", "held"),
    [
        (
            [
                asked(TEN, ("ada", *NO), ("bob", "allow", "ok")),
                asked(ELEVEN, ("ada", *NO), ("cleo", *NO)),
                asked(TWELVE, ("ada", "defer", "team_cap")),
            ],
            [HeldBackCount(*NO, "email", 2), HeldBackCount("defer", "team_cap", "email", 1)],
        ),
        (
            [
                asked("2012-02-21T23:59:59.999Z", ("ada", *NO)),
                asked("2012-02-23T00:00:00.000Z", ("ada", *NO)),
                asked(TEN, ("ada", None, None), what="read"),
                asked("no time", ("ada", *NO)),
                listed("2012-02-21T12:00:00.000Z", (*NO, 99)),
            ],
            [],
        ),
        ([listed(ELEVEN, ("deny", "held", 7), request="r1")] * 2, [HeldBackCount("deny", "held", "email", 0, 7)]),
        (
            [
                asked(TEN, ("ada", *NO)),
                listed(ELEVEN, ("allow", "ok", 900), (*NO, 7), ("defer", "team_cap", 2)),
                listed(TWELVE, (*NO, 7)),
            ],
            [HeldBackCount(*NO, "email", 1, 14), HeldBackCount("defer", "team_cap", "email", 0, 2)],
        ),
        (
            [listed(ELEVEN, *(("deny", why, 3) for why in ("malformed_row", "no_identifier", "repeated_in_audience")))],
            [],
        ),
    ],
    ids=[
        "each person once",
        "other days, and reading",
        "a list that is told twice",
        "lists beside people",
        "no person",
    ],
)
def test_whoever_had_no_yes_on_the_day_is_counted(records: list[AuditRecord], held: list[HeldBackCount]) -> None:
    assert held_back_in(records, DAY) == tuple(held)


def test_audit_records_of_people_and_of_lists_are_read() -> None:
    read = msgspec.json.Decoder(AuditRecord).decode
    people = b'{"at": "2012-02-22T11:00:00.000Z", "what": "permission", "channel": "email", "answers": []}'

    assert read(people).counts == []
    assert read(people[:-1] + b', "counts": [{"decision": "deny", "reason": "held", "rows": 2}]}').counts[0].rows == 2
