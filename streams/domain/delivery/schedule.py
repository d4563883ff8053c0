"""When a delivery that failed is tried again, and when a whole endpoint is left alone for a while."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from msgspec import Struct

Answer = Literal["delivered", "refused", "failed", "disabled", "gone"]
"""Of one attempt. `refused`: another status than success, such as 404; `failed`: no answer, a 5xx or 429; `disabled`:
410, the endpoint wants no more; `gone`: the topic has the record no more."""

SCHEDULE_S = (5, 30, 120, 600, 3_600, 10_800, 28_800, 86_400)
"""Pauses after the first attempt that failed, the second and so on; after one more the delivery is dead."""
FAILURES_TO_OPEN = 3
FIRST_OPEN_S = 5
LONGEST_OPEN_S = 300
LONGEST_RETRY_AFTER_S = 3_600


class Result(NamedTuple):
    """What came of an attempt. `status`: of HTTP, 0 where none came; `retry_after_s`: what the endpoint asked for."""

    answer: Answer
    status: int = 0
    retry_after_s: float | None = None


class Breaker(Struct, frozen=True):
    """Leaves an endpoint alone that fails again and again. Times are in ms.

    `failures`: attempts since the last answer that was none of trouble. `open_until`: nothing is sent before.
    `opened_at`: when that was decided; what was under way then says nothing more of the endpoint.
    """

    failures: int = 0
    open_until: int = 0
    opened_at: int = -1

    def is_open(self, now: int) -> bool:
        """Whether nothing may be sent now."""
        return now < self.open_until


def result_of_status(status: int, retry_after_s: float | None = None) -> Result:
    """What an answer's status means. A redirect is a refusal: nobody is told at an address that was not checked."""
    if 200 <= status < 300:
        return Result("delivered", status)
    if status == 410:
        return Result("disabled", status)
    return Result("failed" if status >= 500 or status == 429 else "refused", status, retry_after_s)


def next_attempt_at(attempts: int, now: int) -> int | None:
    """When to try again after so many attempts, the last of which failed now, ms; None: never, it is dead."""
    return now + SCHEDULE_S[attempts - 1] * 1000 if attempts <= len(SCHEDULE_S) else None


def breaker_after(breaker: Breaker, result: Result, begun: int, now: int) -> Breaker:
    """The breaker after an attempt that was begun at a time. A refusal closes it too: whoever refuses is there."""
    if result.answer == "gone":  # nobody was asked
        return breaker
    asked = min(result.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
    if begun <= breaker.opened_at:
        longer = now + int(asked * 1000) if result.answer == "failed" and asked else 0
        return Breaker(breaker.failures, max(breaker.open_until, longer), breaker.opened_at)
    if result.answer != "failed":
        return Breaker()
    failures = breaker.failures + 1
    grown = min(FIRST_OPEN_S * 2 ** min(failures - FAILURES_TO_OPEN, 10), LONGEST_OPEN_S)
    pause = max(asked, grown if failures >= FAILURES_TO_OPEN else 0.0)
    return Breaker(failures, now + int(pause * 1000), now) if pause else Breaker(failures)


def failing_since(since: float | None, answers: Iterable[Answer], now: float, *, is_owed: bool) -> float | None:
    """Since when an endpoint has acknowledged nothing of what it is owed; None: nothing is owed.

    A refusal is no acknowledgement: whoever refuses everything, such as for a wrong secret, is told nothing.
    """
    if not is_owed:
        return None
    return now if since is None or "delivered" in {*answers} else since
