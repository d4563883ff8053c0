"""Jobs of the console."""

import asyncio
import csv
import io
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import BinaryIO

import pytest

from streams.services.console import live_pace
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
from streams.services.console.live_pace import LANES, MOST_STRETCH, Pace, stretched
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


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(
    ("stretch", "busy", "next_"),
    [
        (1.0, 0.0, 1.0),
        (1.0, 0.5, 1.0),
        (1.0, 0.75, 1.5),
        (1.5, 0.5, 1.5),
        (1.5, 0.4, pytest.approx(1.2)),
        (1.0, 1.0, MOST_STRETCH),
        (MOST_STRETCH, 1.0, MOST_STRETCH),
        (MOST_STRETCH, 0.1, 1.0),
    ],
)
def test_blocks_are_loaded_so_much_less_often_that_half_of_the_time_is_left(
    stretch: float, busy: float, next_: float
) -> None:
    assert stretched(stretch, busy) == next_


async def test_a_block_of_an_open_page_waits_until_the_page_that_is_asked_for_is_made() -> None:
    order: list[str] = []
    pace = Pace(Clock(), lambda _: None)

    async def block() -> None:
        async with pace.turn():
            order.append("block")

    with pace.page():
        waits = asyncio.create_task(block())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        order.append("page")
    await waits
    assert order == ["page", "block"]


async def test_a_block_does_not_wait_for_pages_without_an_end() -> None:
    pace = Pace(Clock(), lambda _: None)
    with pace.page():
        async with pace.turn():
            pass


async def test_so_many_blocks_are_loaded_at_once_and_no_more() -> None:
    pace, under_way, most = Pace(Clock(), lambda _: None), 0, 0
    full, go_on = asyncio.Event(), asyncio.Event()

    async def block() -> None:
        nonlocal under_way, most
        async with pace.turn():
            under_way += 1
            most = max(most, under_way)
            if under_way == LANES:
                full.set()
            await go_on.wait()
            under_way -= 1

    tasks = [asyncio.create_task(block()) for _ in range(3 * LANES)]
    await full.wait()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(*tasks)
    assert most == LANES


async def test_while_loading_takes_all_the_time_there_is_blocks_are_loaded_less_often_and_then_as_before() -> None:
    clock = Clock()
    told: list[float] = []
    pace = Pace(clock, told.append)

    async def both_lanes(seconds: float) -> None:
        async with pace.turn(), pace.turn():
            clock.seconds += seconds

    for _ in range(5):
        await both_lanes(2.0)
    assert pace.stretch == MOST_STRETCH
    for _ in range(5):
        clock.seconds += 60
        await both_lanes(0.1)
    assert pace.stretch == told[-1] == 1.0


async def test_blocks_whose_store_does_not_answer_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_pace, "SLOW_S", 0.01)
    pace, answers = Pace(Clock(), lambda _: None), asyncio.Event()

    async def hangs() -> None:
        async with pace.turn():
            await answers.wait()

    slow = [asyncio.create_task(hangs()) for _ in range(LANES)]
    async with asyncio.timeout(20):
        async with pace.turn():
            assert not any(each.done() for each in slow)
        answers.set()
        await asyncio.gather(*slow)
    async with pace.turn(), pace.turn():  # each lane was left once
        assert pace._lanes.locked()


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
