import pytest

from streams.domain.delivery.schedule import (
    SCHEDULE_S,
    Breaker,
    Result,
    breaker_after,
    failing_since,
    next_attempt_at,
    result_of_status,
)


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
