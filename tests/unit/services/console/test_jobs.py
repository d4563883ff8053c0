"""Commands in child processes: in turn, with progress, and ended when somebody says so or the console ends."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from streams.services.console.jobs import MOST_WAITING, Job, Jobs, TooManyJobs

PYTHON = (sys.executable, "-c")
ECHO = "import sys; print(sys.stdin.read().upper(), end='')"
TELLS = """import sys
print('{"sent": 100, "why": "text"}', file=sys.stderr, flush=True)
sys.stdin.read()
print("Kafka does not answer", file=sys.stderr)
sys.exit(1)
"""
HANGS = "import time; print('{\"sent\": 1}', flush=True, file=__import__('sys').stderr); time.sleep(600)"


@pytest.fixture
async def jobs() -> AsyncIterator[Jobs]:
    found = Jobs(lambda: 0, PYTHON)
    yield found
    await found.stop()


async def ended(job: Job) -> None:
    assert job.task is not None
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
    first, second = jobs.begin("olga", "letters", (HANGS,)), jobs.begin("olga", "letters", (ECHO,), b"x")
    await until_it_tells(first)
    assert (first.state, second.state) == ("running", "waiting")
    jobs.stop_job(first)
    await ended(second)
    assert (first.state, second.state) == ("stopped", "done")


async def test_so_many_may_wait_and_no_more(jobs: Jobs) -> None:
    for _ in range(MOST_WAITING):
        jobs.begin("olga", "letters", (HANGS,))
    with pytest.raises(TooManyJobs):
        jobs.begin("olga", "letters", (ECHO,))
