from events.times import parse_time
from streams.insights.spans import Span
from streams.morning.figures import Held
from streams.morning.held import Asked, Told, held_in

DAY = Span(parse_time("2012-02-22T00:00:00Z") or 0, parse_time("2012-02-23T00:00:00Z") or 0)


def asked(at: str, *answers: tuple[str, str | None, str | None], what: str = "permission") -> Asked:
    return Asked(at, what, "email", [Told(*answer) for answer in answers])


def test_people_count_once_for_each_answer_that_is_not_yes() -> None:
    records = [
        asked("2012-02-22T10:00:00.000Z", ("ada", "deny", "unsubscribed"), ("bob", "allow", "ok")),
        asked("2012-02-22T11:00:00.000Z", ("ada", "deny", "unsubscribed"), ("cleo", "deny", "unsubscribed")),
        asked("2012-02-22T12:00:00.000Z", ("ada", "defer", "team_cap")),
    ]

    assert held_in(records, DAY) == (Held("deny", "unsubscribed", "email", 2), Held("defer", "team_cap", "email", 1))


def test_other_days_and_profiles_that_were_read_do_not_count() -> None:
    records = [
        asked("2012-02-21T23:59:59.999Z", ("ada", "deny", "unsubscribed")),
        asked("2012-02-23T00:00:00.000Z", ("ada", "deny", "unsubscribed")),
        asked("2012-02-22T10:00:00.000Z", ("ada", None, None), what="read"),
        asked("no time", ("ada", "deny", "unsubscribed")),
    ]

    assert held_in(records, DAY) == ()
