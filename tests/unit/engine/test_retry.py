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


@pytest.mark.parametrize(
    ("errors", "calls"),
    [
        ([], 1),
        *([[trouble] * 2, 3] for trouble in (KafkaConnectionError(), ConnectionResetError(), TimeoutError())),
        ([ProducerFenced()], 2),
        ([KafkaError()] * (ATTEMPTS - 1), ATTEMPTS),
    ],
)
async def test_trouble_with_the_broker_is_tried_again(errors: list[Exception], calls: int) -> None:
    attempt = Flaky(*errors)

    assert (await retried(attempt, "writing"), attempt.calls) == ("done", calls)


@pytest.mark.parametrize(
    ("errors", "calls"),
    [
        ([*[KafkaError("an earlier one")] * (ATTEMPTS - 1), KafkaError("the last one")], ATTEMPTS),
        ([Fenced("another worker owns it")], 1),
        ([ValueError("a bug")], 1),
    ],
)
async def test_the_last_error_and_what_no_broker_can_mend_go_on_up(errors: list[Exception], calls: int) -> None:
    attempt = Flaky(*errors)

    with pytest.raises(type(errors[-1])) as raised:
        await retried(attempt, "writing")

    assert (raised.value, attempt.calls) == (errors[-1], calls)


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
