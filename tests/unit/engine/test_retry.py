import asyncio
import logging

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerFenced

from streams.engine import retry
from streams.engine.retry import ATTEMPTS, retried
from streams.platform.errors import Fenced


class Flaky:
    """Fails with each of `errors` in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.calls = 0
        self._errors = list(errors)

    async def __call__(self) -> str:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0.0001)


async def test_what_succeeds_is_done_once() -> None:
    attempt = Flaky()

    assert (await retried(attempt, "writing"), attempt.calls) == ("done", 1)


@pytest.mark.parametrize("trouble", [KafkaConnectionError(), ConnectionResetError(), TimeoutError(), ProducerFenced()])
async def test_trouble_with_the_broker_is_tried_again(trouble: Exception) -> None:
    attempt = Flaky(trouble, trouble)

    assert (await retried(attempt, "writing"), attempt.calls) == ("done", 3)


async def test_the_last_attempts_error_goes_on_up() -> None:
    last = KafkaError("the last one")
    attempt = Flaky(*[KafkaError("an earlier one")] * (ATTEMPTS - 1), last)

    with pytest.raises(KafkaError) as raised:
        await retried(attempt, "writing")

    assert (raised.value, attempt.calls) == (last, ATTEMPTS)


async def test_the_last_attempt_may_succeed() -> None:
    attempt = Flaky(*[KafkaError()] * (ATTEMPTS - 1))

    assert await retried(attempt, "writing") == "done"


@pytest.mark.parametrize("error", [Fenced("another worker owns it"), ValueError("a bug")])
async def test_what_no_broker_can_mend_is_not_tried_again(error: Exception) -> None:
    attempt = Flaky(error)

    with pytest.raises(type(error)):
        await retried(attempt, "writing")

    assert attempt.calls == 1


async def test_whoever_is_stopped_does_not_try_again() -> None:
    attempt = Flaky()

    async def stopped() -> str:
        await attempt()
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await retried(stopped, "writing")

    assert attempt.calls == 1


async def test_a_broken_attempt_is_told_without_what_it_was_about(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await retried(Flaky(KafkaError("ann@example.org")), "interactions-3: writing")

    assert [record.getMessage() for record in caplog.records] == [
        f"interactions-3: writing failed (KafkaError), attempt 1 of {ATTEMPTS}"
    ]


async def test_pauses_between_attempts_double_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0.2)
    monkeypatch.setattr(asyncio, "sleep", pause)
    with pytest.raises(KafkaError):
        await retried(Flaky(*[KafkaError()] * ATTEMPTS), "writing")

    assert pauses == pytest.approx([0.2, 0.4, 0.8] + [1.6] * 7)
