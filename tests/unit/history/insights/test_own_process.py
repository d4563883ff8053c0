"""Questions answered in child processes; small programs stand in for `harmonia insights`."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from streams.history.insights.own_process import (
    MOST_REMEMBERED_BYTES,
    MOST_WAITING,
    InsightsProcess,
    NoAnswer,
)
from streams.platform.tied_process import GIVES_WAY

COUNTS = """
import pathlib, sys
with open(sys.argv[1], 'a') as asked:
    print(*sys.argv[2:], file=asked)
print(len(pathlib.Path(sys.argv[1]).read_text().splitlines()))
"""
HANGS = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w'), flush=True); time.sleep(600)"


def counting(file: Path) -> tuple[str, ...]:
    return sys.executable, "-c", COUNTS, str(file)


async def test_the_insights_process_passes_options_on_and_returns_the_answer(tmp_path: Path) -> None:
    apart = InsightsProcess(counting(tmp_path / "asked"))

    assert await apart.ask({"metric": "net", "team": "--json", "from": "2012-02-22"}) == b"1\n"
    assert (tmp_path / "asked").read_text() == "--json --from=2012-02-22 --team=--json -- net\n"


async def test_an_insights_answer_is_cached_for_a_while(tmp_path: Path) -> None:
    now = 0.0
    apart = InsightsProcess(counting(tmp_path / "asked"), fresh_s=60, clock=lambda: now)

    first = await apart.ask({"metric": "net"})
    now = 59.0
    assert await apart.ask({"metric": "net"}) == first
    assert await apart.ask({"metric": "gross"}) == b"2\n"
    now = 61.0
    assert await apart.ask({"metric": "net"}) == b"3\n"


async def test_equal_insights_questions_share_an_answer_and_a_bounded_number_waits(tmp_path: Path) -> None:
    apart = InsightsProcess(counting(tmp_path / "asked"))
    metrics = [f"m{number}" for number in range(MOST_WAITING)]

    questions = [asyncio.ensure_future(apart.ask({"metric": name})) for name in [*metrics, metrics[0], "one too many"]]
    answers = await asyncio.gather(*questions, return_exceptions=True)

    assert answers[-2] == answers[0]
    assert isinstance(answers[-1], NoAnswer)
    assert sorted(int(answer) for answer in answers[:MOST_WAITING] if isinstance(answer, bytes)) == list(
        range(1, MOST_WAITING + 1)
    )


async def test_stopping_the_insights_process_leaves_no_question_running(tmp_path: Path) -> None:
    apart = InsightsProcess((sys.executable, "-c", HANGS, str(tmp_path / "started")))
    asked = asyncio.ensure_future(apart.ask({"metric": "net"}))
    while not (tmp_path / "started").exists() or not (tmp_path / "started").read_text():  # noqa: ASYNC110
        await asyncio.sleep(0.01)

    await apart.stop()

    require_dead((tmp_path / "started").read_text())
    with pytest.raises(asyncio.CancelledError):
        await asked


def require_dead(pid: str) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


SPILLS = """
import os, pathlib, sys, tempfile, time
spilt = pathlib.Path(tempfile.mkdtemp()) / "rows"
spilt.write_text("of people")
with open(sys.argv[1], "w") as told:
    print(os.getpid(), spilt, os.getpriority(os.PRIO_PROCESS, 0), file=told)
time.sleep(600)
"""


async def test_a_question_that_takes_too_long_is_killed_leaves_no_files_and_the_next_runs(tmp_path: Path) -> None:
    apart = InsightsProcess((sys.executable, "-c", SPILLS, str(tmp_path / "told")), limit_s=2)

    for _ in range(2):
        with pytest.raises(NoAnswer, match="too long"):
            await apart.ask({"metric": "net"})
        pid, spilt, niceness = (tmp_path / "told").read_text().split()
        require_dead(pid)
        assert not Path(spilt).exists()  # noqa: ASYNC240 - nothing else runs here
        assert int(niceness) >= GIVES_WAY


async def test_the_cache_of_insights_answers_is_bounded_in_bytes(tmp_path: Path) -> None:
    answers_at_length = COUNTS.replace("print(len", f"print('x' * {MOST_REMEMBERED_BYTES // 2}, len")
    apart = InsightsProcess((sys.executable, "-c", answers_at_length, str(tmp_path / "asked")))

    for metric in ("net", "gross", "gross", "net"):
        await apart.ask({"metric": metric})

    assert len((tmp_path / "asked").read_text().splitlines()) == 3


async def test_a_failed_insights_question_is_not_cached(tmp_path: Path) -> None:
    apart = InsightsProcess((sys.executable, "-c", "import sys; print('half'); sys.exit(1)"))

    for _ in range(2):
        with pytest.raises(NoAnswer, match="cannot be read"):
            await apart.ask({"metric": "net"})
