"""Runs `harmonia insights` in a child process, for a server that has others to answer meanwhile.

One question at a time, with a time limit; equal questions share one run. Answers are cached for a while: a page that
many look at costs one question. The process has a low priority, and its temporary files, which hold people's rows, are
deleted with it, also when it is killed.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from streams.platform.child_command import child_command

COMMAND = (sys.executable, "-m", "streams.cli.main", "insights")
LIMIT_S = 60.0
FRESH_S = 60.0
MOST_WAITING = 8
MOST_REMEMBERED_BYTES = 32 << 20
"""Most bytes of cached answers, each of which may have ten megabytes; the latest stays in any case."""


class NoAnswer(Exception):
    """The question could not be answered. The text says why, for whoever asked."""


class InsightsProcess:
    """Asks questions one at a time and caches answers; one object for each server process.

    `command` is given options and prints an answer; `clock`: seconds that only grow.
    """

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        limit_s: float = LIMIT_S,
        fresh_s: float = FRESH_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = command
        self._limit_s = limit_s
        self._fresh_s = fresh_s
        self._clock = clock
        self._turn = asyncio.Semaphore(1)
        self._asked: dict[tuple[str, ...], asyncio.Task[bytes]] = {}
        self._known: OrderedDict[tuple[str, ...], tuple[float, bytes]] = OrderedDict()

    async def ask(self, said: Mapping[str, str]) -> bytes:
        """The answer to a question in these parameters, as JSON. Raises NoAnswer."""
        options = tuple(f"--{name}={value}" for name, value in sorted(said.items()) if name != "metric")
        return await self.answer(("--json", *options, "--", said["metric"]))

    async def answer(self, words: tuple[str, ...]) -> bytes:
        """What the command prints when it is given these words. Raises NoAnswer."""
        at, answer = self._known.get(words, (0.0, b""))
        if answer and self._clock() - at < self._fresh_s:
            return answer
        task = self._asked.get(words)
        if task is None:
            if len(self._asked) >= MOST_WAITING:
                raise NoAnswer("others are being answered")
            task = self._asked[words] = asyncio.create_task(self._run(words))
            task.add_done_callback(lambda done: self._end(words, done))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Cancel all running questions."""
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, words: tuple[str, ...], done: asyncio.Task[bytes]) -> None:
        del self._asked[words]
        if done.cancelled() or done.exception() is not None:
            return
        self._known[words] = self._clock(), done.result()
        self._known.move_to_end(words)
        while len(self._known) > 1 and sum(len(answer) for _, answer in self._known.values()) > MOST_REMEMBERED_BYTES:
            self._known.popitem(last=False)

    async def _run(self, words: Sequence[str]) -> bytes:
        async with self._turn:
            with tempfile.TemporaryDirectory(prefix="harmonia-insights-", ignore_cleanup_errors=True) as folder:
                return await answer_of_child((*self._command, *words), folder, self._limit_s)


async def answer_of_child(command: Sequence[str], folder: str, limit_s: float) -> bytes:
    """What a command prints, run by a child process of low priority with a folder for its files. Raises NoAnswer."""
    process = await asyncio.create_subprocess_exec(
        *child_command(command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": folder},
    )
    try:
        async with asyncio.timeout(limit_s):
            answer, _ = await process.communicate()
    except TimeoutError:
        raise NoAnswer("it took too long; ask for less") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise NoAnswer("Kafka or the lake cannot be read")
    return answer
