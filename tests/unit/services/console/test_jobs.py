"""Commands in child processes: in turn, with progress, and ended when somebody says so or the console ends."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from streams.services.console.jobs import (
    KEPT_MS,
    MOST_BYTES,
    MOST_KEPT,
    MOST_READINGS,
    MOST_WAITING,
    Job,
    Jobs,
    TooManyJobs,
)

PYTHON = (sys.executable, "-c")
ECHO = "import sys; print(sys.stdin.read().upper(), end='')"
TELLS = """import sys
print('{"sent": 100, "why": "text"}', file=sys.stderr, flush=True)
sys.stdin.read()
print("Kafka does not answer", file=sys.stderr)
sys.exit(1)
"""
HANGS = "import time; print('{\"sent\": 1}', flush=True, file=__import__('sys').stderr); time.sleep(600)"
FLOODS = f"import time; print('x' * ({MOST_BYTES} + 1), flush=True); time.sleep(600)"


class Wall:
    """What time it is."""

    now = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def jobs() -> AsyncIterator[Jobs]:
    found = Jobs(lambda: 0, PYTHON)
    yield found
    await found.stop()


async def ended(job: Job) -> None:
    assert job.task is not None
    async with asyncio.timeout(300):
        await asyncio.gather(job.task, return_exceptions=True)


async def until_it_tells(job: Job) -> None:
    async with asyncio.timeout(60):
        while not job.progress:  # noqa: ASYNC110 (a line of another process tells nobody)
            await asyncio.sleep(0.01)


async def test_a_job_answers_what_its_command_prints_of_what_it_is_given(jobs: Jobs) -> None:
    job = jobs.begin("olga", "letters", (ECHO,), b"[rename]")
    await ended(job)
    assert (job.state, job.answer, job.code) == ("done", b"[RENAME]", 0)
    assert jobs.find(job.id, "letters") is job
    assert jobs.find(job.id, "policy") is None


async def test_lines_of_json_are_progress_and_a_job_without_an_answer_has_failed_with_the_last_word(jobs: Jobs) -> None:
    job = jobs.begin("olga", "letters", (TELLS,))
    await ended(job)
    assert (job.state, job.progress, job.said, job.code) == ("failed", {"sent": 100}, "Kafka does not answer", 1)


async def test_jobs_wait_for_their_turn_and_one_that_is_stopped_lets_the_next_begin(jobs: Jobs) -> None:
    first = jobs.begin("olga", "letters", (HANGS,))
    await until_it_tells(first)
    second = jobs.begin("olga", "letters", (ECHO,), b"x")
    assert (first.state, second.state) == ("running", "waiting")
    jobs.stop_job(first)
    await ended(second)
    assert (first.state, second.state) == ("stopped", "done")


async def test_so_many_may_wait_and_no_more(jobs: Jobs) -> None:
    for number in range(MOST_WAITING):
        jobs.begin(f"olga-{number}", "letters", (HANGS,))
    with pytest.raises(TooManyJobs):
        jobs.begin("otto", "letters", (ECHO,))


async def test_one_viewer_waits_with_one_job_of_a_kind_and_others_wait_too(jobs: Jobs) -> None:
    await until_it_tells(jobs.begin("dina", "backtest", (HANGS,)))
    jobs.begin("dina", "backtest", (HANGS,))
    with pytest.raises(TooManyJobs):
        jobs.begin("dina", "backtest", (HANGS,))
    jobs.begin("dina", "letters", (HANGS,))
    jobs.begin("dora", "backtest", (HANGS,))


async def test_what_is_read_for_a_page_waits_for_no_job_of_a_person_nor_keeps_one_waiting(jobs: Jobs) -> None:
    await until_it_tells(jobs.begin("dina", "backtest", (HANGS,)))
    read = jobs.read("olga", "definitions", (ECHO,), b"x")
    await ended(read)
    assert read.answer == b"X"
    for number in range(MOST_WAITING):
        jobs.read(f"viewer {number}", f"fields {number}", (HANGS,))
    assert jobs.begin("olga", "letters", (ECHO,)).state == "waiting"


async def test_the_latest_job_is_the_one_that_has_not_ended_or_did_so_lately() -> None:
    wall = Wall()
    jobs = Jobs(wall, PYTHON)
    try:
        job = jobs.read("olga", "definitions", (ECHO,), b"x")
        wall.now = 60_000
        assert jobs.latest("definitions", 30_000) is job
        await ended(job)
        wall.now = 80_000
        assert jobs.latest("definitions", 30_000) is job
        wall.now = 90_000
        assert jobs.latest("definitions", 30_000) is None
        assert wall.now < KEPT_MS
    finally:
        await jobs.stop()


async def test_a_job_that_takes_too_long_is_ended_and_the_next_begins() -> None:
    jobs = Jobs(lambda: 0, PYTHON, {"letters": 0.5})
    try:
        first = jobs.begin("olga", "letters", (HANGS,))
        await ended(first)
        assert (first.state, first.said) == ("failed", "ended after 0.5 s: it may take no longer")
        second = jobs.begin("olga", "policy", (ECHO,), b"x")
        await ended(second)
        assert second.state == "done"
    finally:
        await jobs.stop()


async def test_a_command_that_prints_too_much_is_ended_before_it_ends_by_itself(jobs: Jobs) -> None:
    job = jobs.begin("olga", "letters", (FLOODS,))
    await ended(job)
    assert (job.state, job.answer) == ("failed", b"")
    assert job.said == f"ended: its answer is longer than {MOST_BYTES} bytes"


async def test_looks_of_one_viewer_leave_others_their_turn_and_their_answers(jobs: Jobs) -> None:
    """However many pages one viewer opens, each of which has something read."""
    theirs = jobs.read("otto", "explain donors ada", (ECHO,), b"x")
    await ended(theirs)
    for number in range(MOST_KEPT + 10):
        await ended(jobs.read("olga", f"explain donors {number}", ("",)))
    assert jobs.latest("explain donors ada", 60_000) is theirs
    hanging = [jobs.read("olga", f"explain hosts {number}", (HANGS,)) for number in range(MOST_READINGS)]
    with pytest.raises(TooManyJobs):
        jobs.read("olga", "explain hosts more", (HANGS,))
    other = jobs.read("otto", "explain hosts ada", (ECHO,), b"x")
    for job in hanging:
        jobs.stop_job(job)
    await ended(other)
    assert other.answer == b"X"
