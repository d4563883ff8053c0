"""Runs commands for people of the console that take minutes: in child processes, one at a time, with progress.

A job is a command of `harmonia` and what it is given on standard input. Who has begun it sees how far it is, and may
stop it; its answer is kept for an hour. Jobs that read something for a page are nobody's, and have a turn of their own.
Each ends in some time, as all do with the console, also where it is killed; what they have sent to Kafka by then stays
sent.
"""

import asyncio
import secrets
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import orjson

from streams.platform.child_command import child_command

COMMAND = (sys.executable, "-m", "streams.cli.main")
KEPT_MS = 3_600_000
MOST_KEPT = 50
MOST_WAITING = 8
"""Most jobs that have not ended: of people, and of those that read for a page."""
LIMIT_S = 600.0
"""Seconds that a job may run of which LIMITS_S says nothing."""
LIMITS_S: Mapping[str, float] = {"letters": 10_800.0, "backtest": 10_800.0}
"""The same by what it is about: a hundred million interactions take a backtest an hour."""
MOST_BYTES = 4 << 20
"""Most bytes of an answer; what a command prints beyond is an answer that cannot be read."""
JobState = Literal["waiting", "running", "done", "failed", "stopped"]


MOST_READINGS = 2
"""Most jobs that read for pages of one viewer and have not ended: so others have their turn soon."""
MOST_KEPT_READINGS = 5
"""Most jobs that read for pages of one viewer and are kept once they have ended."""


class TooManyJobs(Exception):
    """Others wait for their turn already, or one of the same viewer about the same, or readings of the same viewer."""


class _TooLong(Exception):
    """What a command prints is longer than MOST_BYTES."""


@dataclass(slots=True)
class Job:
    """A command that somebody has begun; `by` empty: it reads something for a page, which `viewer` has asked for first.

    `about`: what for, by which a page tells it from others, and `given`: what that page needs to know of it later.
    `progress`: the last line of JSON that it said. `code`: its exit code. Times are ms since 1970.
    """

    id: str
    about: str
    by: str
    words: tuple[str, ...]
    stdin: bytes
    given: dict[str, str]
    asked_ms: int
    began_ms: int | None = None
    ended_ms: int | None = None
    progress: dict[str, int] = field(default_factory=dict)
    answer: bytes = b""
    said: str = ""
    code: int | None = None
    is_stopped: bool = False
    task: "asyncio.Task[None] | None" = None
    viewer: str = ""

    @property
    def state(self) -> JobState:
        """How far it is. Failed: it gave no answer."""
        if self.ended_ms is None:
            return "waiting" if self.began_ms is None else "running"
        if self.is_stopped:
            return "stopped"
        return "done" if self.answer else "failed"


class Jobs:
    """The jobs of one console. `wall`: what time it is, ms since 1970; `limits_s`: seconds that each may run."""

    def __init__(
        self,
        wall: Callable[[], int],
        command: tuple[str, ...] = COMMAND,
        limits_s: Mapping[str, float] = LIMITS_S,
    ) -> None:
        self._wall = wall
        self._command = command
        self._limits_s = limits_s
        self._turn = asyncio.Semaphore(1)
        self._turn_of_pages = asyncio.Semaphore(1)
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def begin(
        self, by: str, about: str, words: tuple[str, ...], stdin: bytes = b"", given: dict[str, str] | None = None
    ) -> Job:
        """Begin a job, in turn. Raises TooManyJobs."""
        self._forget()
        others = [job for job in self._jobs.values() if job.ended_ms is None and job.by]
        is_waiting = any((job.state, job.by, job.about) == ("waiting", by, about) for job in others)
        if is_waiting or len(others) >= MOST_WAITING:
            raise TooManyJobs
        return self._begun(Job(secrets.token_hex(8), about, by, words, stdin, given or {}, self._wall()))

    def read(self, viewer: str, about: str, words: tuple[str, ...], stdin: bytes = b"") -> Job:
        """Begin a job that reads something for a page that a viewer looks at, in turn. Raises TooManyJobs."""
        self._forget()
        others = [job for job in self._jobs.values() if job.ended_ms is None and not job.by]
        if len(others) >= MOST_WAITING or sum(job.viewer == viewer for job in others) >= MOST_READINGS:
            raise TooManyJobs
        kept = [job for job in self._jobs.values() if job.ended_ms is not None and not job.by and job.viewer == viewer]
        for job in kept[:-MOST_KEPT_READINGS]:
            del self._jobs[job.id]
        return self._begun(Job(secrets.token_hex(8), about, "", words, stdin, {}, self._wall(), viewer=viewer))

    def _begun(self, job: Job) -> Job:
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job))
        return job

    def find(self, id_: str, about: str) -> Job | None:
        """A job by its id; None: it is of something else, of another process, or was forgotten."""
        job = self._jobs.get(id_)
        return job if job is not None and job.about == about else None

    def latest(self, about: str, fresh_ms: int) -> Job | None:
        """The latest job about something, unless it ended longer ago than that."""
        job = next((job for job in reversed(self._jobs.values()) if job.about == about), None)
        if job is None or job.ended_ms is None:
            return job
        return job if self._wall() - job.ended_ms < fresh_ms else None

    def latest_answered(self, about: str, fresh_ms: int) -> Job | None:
        """The latest job about something that has given its answer, unless it ended longer ago than that."""
        job = next((job for job in reversed(self._jobs.values()) if (job.about, job.state) == (about, "done")), None)
        is_fresh = job is not None and job.ended_ms is not None and self._wall() - job.ended_ms < fresh_ms
        return job if is_fresh else None

    def has_ended_since(self, about: str, at_ms: int) -> bool:
        """Whether any job about something has ended after a time."""
        return any(job.about == about and (job.ended_ms or 0) > at_ms for job in self._jobs.values())

    def stop_job(self, job: Job) -> None:
        """End a job before it is done."""
        if job.task is not None and job.ended_ms is None:
            job.is_stopped = True
            job.task.cancel()

    async def stop(self) -> None:
        """End all of them."""
        tasks = [job.task for job in self._jobs.values() if job.task is not None and not job.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job: Job) -> None:
        limit_s = self._limits_s.get(job.about, LIMIT_S)
        try:
            async with self._turn if job.by else self._turn_of_pages:
                job.began_ms = self._wall()
                async with asyncio.timeout(limit_s):
                    await self._answered(job)
        except TimeoutError:
            job.said = f"ended after {limit_s:g} s: it may take no longer"
        except _TooLong:
            job.said = f"ended: its answer is longer than {MOST_BYTES} bytes"
        except (OSError, ValueError) as error:
            job.said = type(error).__name__
        finally:
            job.ended_ms = self._wall()

    async def _answered(self, job: Job) -> None:
        process = await asyncio.create_subprocess_exec(
            *child_command((*self._command, *job.words)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MOST_BYTES,
        )
        try:
            if process.stdin is None or process.stdout is None or process.stderr is None:
                raise OSError
            process.stdin.write(job.stdin)
            process.stdin.close()
            answer, _ = await asyncio.gather(_read(process.stdout), _follow(job, process.stderr))
            job.code = await process.wait()
            job.answer = answer
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.terminate()
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(process.wait()), 5)
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    def _forget(self) -> None:
        """Drop jobs that ended long ago."""
        now = self._wall()
        for id_, job in list(self._jobs.items()):
            is_old = job.ended_ms is not None and now - job.ended_ms > KEPT_MS
            if is_old or (job.ended_ms is not None and len(self._jobs) >= MOST_KEPT):
                del self._jobs[id_]


async def _read(answers: asyncio.StreamReader) -> bytes:
    """All that a command prints. Raises _TooLong as soon as that is too much."""
    try:
        await answers.readexactly(MOST_BYTES + 1)
    except asyncio.IncompleteReadError as error:
        return error.partial
    raise _TooLong


async def _follow(job: Job, errors: asyncio.StreamReader) -> None:
    """Read what the command says beside its answer: lines of JSON are progress, others a last word."""
    while line := await errors.readline():
        try:
            told = orjson.loads(line)
        except orjson.JSONDecodeError:
            told = None
        if isinstance(told, dict):
            job.progress = {name: count for name, count in told.items() if isinstance(count, int)}
        else:
            job.said = line.decode(errors="replace").strip()[:500]
