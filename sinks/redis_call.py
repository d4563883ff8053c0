"""Calls of Redis, as every sink and reader makes them: within a time limit, all failures as `SinkUnavailable`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import NoScriptError, RedisError

from sinks.base import SinkUnavailable

Answer = TypeVar("Answer")

TIMEOUT_S = 5.0


class Backoff:
    """How long to leave a failing server alone: as long as it has failed already, within bounds.

    That doubles the wait each time, and many partitions that meet the same outage do not drive each other's wait up, as
    a count of failures would. Times are seconds of a monotonic clock.
    """

    def __init__(
        self, shortest: float = 0.1, longest: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shortest = shortest
        self._longest = longest
        self._clock = clock
        self._since: float | None = None

    def failed(self) -> float:
        """Note a failure; returns the seconds to wait before the next try."""
        now = self._clock()
        if self._since is None:
            self._since = now
        return min(self._longest, max(self._shortest, now - self._since))

    def over(self) -> None:
        """Note a success, which ends the outage."""
        self._since = None


async def call_redis(call: Awaitable[Answer], backoff: Backoff, limit_s: float | None = TIMEOUT_S) -> Answer:
    """Await the answer of a call. Raises SinkUnavailable when it fails or takes longer than `limit_s` seconds.

    None: the call has a limit of its own.
    """
    try:
        async with asyncio.timeout(limit_s):
            answer = await call
    except (RedisError, OSError, TimeoutError) as error:
        failure = type(error).__name__
    else:
        backoff.over()
        return answer
    # Outside the handler: the cause, whose text may name an address, does not go along as context.
    raise SinkUnavailable(f"redis: {failure}", backoff.failed())


class _ScriptCall(NamedTuple):
    script: AsyncScript
    keys: Sequence[str]
    args: Sequence[str | bytes]
    answer: "asyncio.Future[Any]"


class JoinedCalls:
    """Calls of scripts that begin in one turn of the event loop, sent to Redis together on one connection.

    A sink asks about each of its partitions every second; a call of its own for each costs several times the CPU. Each
    caller has an answer or a failure of its own. `limit_s`: seconds after which those that were sent together have
    failed.
    """

    def __init__(self, client: Redis, limit_s: float = TIMEOUT_S) -> None:
        self._client = client
        self._limit_s = limit_s
        self._next: list[_ScriptCall] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def ask(self, script: AsyncScript, keys: Sequence[str], args: Sequence[str | bytes]) -> Any:
        """What the script returns. Raises the errors of Redis' client, OSError and TimeoutError."""
        loop = asyncio.get_running_loop()
        if not self._next:
            loop.call_soon(self._begin)
        answer: asyncio.Future[Any] = loop.create_future()
        self._next.append(_ScriptCall(script, keys, args, answer))
        return await answer

    async def close(self) -> None:
        """Fail the calls that are out, and those that are about to be sent."""
        _fail(self._next, RedisAway("closed"))
        self._next = []
        for sending in self._sending:
            sending.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _begin(self) -> None:
        calls, self._next = self._next, []
        if not calls:  # closed meanwhile
            return
        sending = asyncio.create_task(self._send(calls))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        sending.add_done_callback(lambda _: _fail(calls, RedisAway("closed")))  # those that have no answer yet

    async def _send(self, calls: Sequence[_ScriptCall]) -> None:
        try:
            async with asyncio.timeout(self._limit_s):
                answers = await self._answers(calls)
        except Exception as error:  # noqa: BLE001 - of whatever kind, those who asked have to hear of it
            _fail(calls, error)
            return
        for call, answer in zip(calls, answers, strict=True):
            if isinstance(answer, Exception):
                _fail([call], answer)
            elif not call.answer.done():
                call.answer.set_result(answer)

    async def _answers(self, calls: Sequence[_ScriptCall]) -> list[Any]:
        """What came of each call: what its script returned, or an exception."""
        answers = await self._sent(calls)
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if not unknown:
            return answers
        for script in {calls[place].script for place in unknown}:
            await self._client.script_load(script.script)
        for place, answer in zip(unknown, await self._sent([calls[place] for place in unknown]), strict=True):
            answers[place] = answer
        return answers

    async def _sent(self, calls: Sequence[_ScriptCall]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as together:
            for call in calls:
                together.evalsha(call.script.sha, len(call.keys), *call.keys, *call.args)
            return await together.execute(raise_on_error=False)


def _fail(calls: Sequence[_ScriptCall], error: Exception) -> None:
    for call in calls:
        if not call.answer.done():  # else who asked has given up, or has been told
            call.answer.set_exception(error)
