"""Commands in child processes: in turn, with progress, and ended with the console."""

import asyncio
import csv
import io
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

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
from streams.services.console.sendings import Question, Sending, Sendings

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


# A console that is killed leaves no process: what it runs for people ends with it.
JOB = """
from streams.services.console.jobs import Jobs
async def run(script):
    await Jobs(lambda: 0, ("/bin/sh", "-c")).begin("olga", "letters", (script,)).task
"""
LIST = """
import tempfile
from streams.services.console.sendings import Question, Sendings
async def run(script):
    sendings = Sendings(("/bin/sh", "-c", script))
    await sendings.begin("ada", tempfile.TemporaryFile("w+b"), Question("letter", "informational", "digital"))
    await sendings.of("ada").task
"""
ANSWER = """
from streams.history.insights.own_process import answer_of_child
async def run(script):
    await answer_of_child(("/bin/sh", "-c", script), "/", 600)
"""
LOOK = """
import asyncio, sys
from functools import partial
from streams.services.console.observer import StatusObserver
LOOKS = "import time; runs = open(fifo, 'w'); print(file=runs, flush=True); time.sleep(600)"
async def run(_):
    StatusObserver(partial(exec, LOOKS, {"fifo": sys.argv[2]})).last()
    await asyncio.sleep(600)
"""
BEGINS = "\nimport asyncio, sys\nasyncio.run(run(sys.argv[1]))\n"


def read_within(descriptor: int, seconds: float) -> bytes:
    """What can be read now or soon; nothing where nobody has the other end open any more."""
    readable, _, _ = select.select([descriptor], [], [], seconds)
    assert readable, "the child still runs"
    return os.read(descriptor, 100)


@pytest.mark.parametrize("console", [JOB, LIST, ANSWER, LOOK], ids=["a job", "a list", "a question", "a look"])
def test_what_a_console_runs_ends_with_it_when_it_is_killed(console: str, tmp_path: Path) -> None:
    fifo = tmp_path / "runs"
    os.mkfifo(fifo)
    script = f"exec 9>{fifo}; echo >&9; exec sleep 600"  # and nobody else has its end of the pipe
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with subprocess.Popen([sys.executable, "-c", console + BEGINS, script, str(fifo)]) as parent:
            try:
                assert read_within(descriptor, 60) == b"\n"
            finally:
                parent.kill()
        assert read_within(descriptor, 60) == b""
    finally:
        os.close(descriptor)


# Lists that people have uploaded: a child that fails ends the judging, and what nobody looks at is forgotten.
ASKED = Question("letter", "informational", "digital")
JUDGES = """import sys
sys.stdout.write("email,harmonia_expires_at\\n" + "a@example.org,\\n")
sys.stderr.write('{"rows": 1, "complete": true, "reasons": {"allow:allowed": 1}}')
"""


def upload() -> BinaryIO:
    file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 (its owner closes it)
    file.write(b"email\na@example.org\n")
    return file


def test_who_judges_a_list_of_calls_is_told_whether_a_machine_calls() -> None:
    calls = Question("phone", "mobilisation", "field")
    assert not any("caller" in each for each in calls.options())
    assert replace(calls, automatic=False).options()[-1] == "--caller=live"
    assert replace(calls, automatic=True).options()[-1] == "--caller=machine"
    assert not any("caller" in each for each in ASKED.options())


async def settled(sendings: Sendings) -> Sending:
    found = sendings.of("ada")
    assert found is not None
    assert found.task is not None
    await asyncio.gather(found.task, return_exceptions=True)
    return found


@pytest.fixture
async def judged() -> AsyncIterator[Sendings]:
    """With a list that was judged."""
    sendings = Sendings((sys.executable, "-c", JUDGES))
    assert await sendings.begin("ada", upload(), ASKED)
    yield sendings
    await sendings.stop()


async def test_what_came_of_a_list_is_known_once_its_child_has_ended(judged: Sendings) -> None:
    one = await settled(judged)
    assert (one.state, one.rows, one.reasons) == ("judged", 1, {("allow", "allowed"): 1})
    assert b"".join(one.pieces()) == b"email,harmonia_expires_at\na@example.org,\n"


async def test_a_note_over_several_lines_makes_no_row_of_the_download_and_its_names_no_formula() -> None:
    allowed = '\ufeff=note,email\n"-\nper5@example.org",a@example.org\n"x\r=1+1",b@example.org\n'.encode()
    judges = f"import sys\nsys.stdout.buffer.write({allowed!r})\n{JUDGES.splitlines()[2]}"
    sendings = Sendings((sys.executable, "-c", judges))
    assert await sendings.begin("ada", upload(), ASKED)
    one = await settled(sendings)
    text = b"".join(one.pieces()).decode("utf-8-sig")
    await sendings.stop()
    assert [*csv.reader(io.StringIO(text, newline=""), strict=True)] == [
        ["'=note", "email"],
        ["'-\nper5@example.org", "a@example.org"],
        ["x\r'=1+1", "b@example.org"],
    ]


async def test_line_of_a_note_as_wide_as_the_download_becomes_no_row_of_it() -> None:
    allowed = 'email,note,harmonia_expires_at\na@example.org,"-\nper5@example.org,x,x\n-",\n'
    sendings = Sendings((sys.executable, "-c", f"import sys\nsys.stdout.write({allowed!r})\n{JUDGES.splitlines()[2]}"))
    assert await sendings.begin("ada", upload(), ASKED)
    one = await settled(sendings)
    text = b"".join(one.pieces()).decode()
    await sendings.stop()
    assert [*csv.reader(io.StringIO(text, newline=""), strict=True)][1:] == [
        ["a@example.org", "'-\nper5@example.org,x,x\n'-", ""]
    ]


@pytest.mark.parametrize(
    "command",
    [
        ("/nowhere/harmonia",),
        (sys.executable, "-c", "import sys; sys.exit('Redis is away')"),
        (sys.executable, "-c", "import sys; sys.stderr.write('{no JSON')"),
        (sys.executable, "-c", "import sys; sys.stderr.write('{\"rows\": 1}')"),
        (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"),
    ],
    ids=["cannot start", "says why", "says nonsense", "says too little", "is killed"],
)
async def test_a_child_that_judges_nothing_ends_the_judging(command: tuple[str, ...]) -> None:
    sendings = Sendings(command)
    await sendings.begin("ada", upload(), ASKED)
    one = await settled(sendings)
    assert one.state == "failed"
    assert "Redis is away" in one.why or command[-1].count("away") == 0
    await sendings.stop()


async def test_a_list_that_nobody_looks_at_is_forgotten_by_itself() -> None:
    sendings = Sendings((sys.executable, "-c", JUDGES), kept_s=0.05)
    await sendings.begin("ada", upload(), ASKED)
    one = await settled(sendings)
    async with asyncio.timeout(30):
        while not one.upload.closed:  # noqa: ASYNC110 (it is a file that is closed)
            await asyncio.sleep(0.01)
    assert sendings.of("ada") is None
