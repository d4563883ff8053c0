import logging
import queue
import subprocess
import sys

import pytest

from streams.platform.shutdown import EXIT_HARD, Clock, end_in_vain, end_within, is_of_memory

PLACES = {
    "written into the log by a library": """
try:
    bytearray(1 << 62)
except MemoryError:
    logging.getLogger("aiokafka").exception("unexpected")
""",
    "under another error": """
try:
    try:
        bytearray(1 << 62)
    except MemoryError as error:
        raise RuntimeError("unexpected") from error
except RuntimeError:
    logging.exception("unexpected")
""",
    "caught by nobody": "bytearray(1 << 62)",
    "in a thread": """
thread = threading.Thread(target=bytearray, args=(1 << 62,))
thread.start()
thread.join()
""",
    "in a task that nobody waits for": """
async def work():
    bytearray(1 << 62)
async def main():
    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    del task
    gc.collect()
asyncio.run(main())
""",
}


def test_a_process_that_takes_too_long_to_stop_ends_hard_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    ended: queue.Queue[int] = queue.Queue()
    with caplog.at_level(logging.CRITICAL):
        end_within(0.01, "the worker", ended.put)
        assert ended.get(timeout=10) == EXIT_HARD
    assert "the worker has not stopped within HARMONIA_GRACE_S (0.01 s)" in caplog.text


def test_a_process_that_stops_in_vain_ends_and_says_what_it_leaves(caplog: pytest.LogCaptureFixture) -> None:
    ended: queue.Queue[int] = queue.Queue()
    with caplog.at_level(logging.CRITICAL):
        end_in_vain(lambda: True, 0.01, lambda: "7 records are left", ended.put)
        assert ended.get(timeout=10) == EXIT_HARD
    assert caplog.messages == ["7 records are left"]


def test_a_process_goes_on_stopping_where_it_is_in_vain_for_a_moment_alone() -> None:
    """A broker that is back before the time is up."""
    ended: queue.Queue[int] = queue.Queue()
    answers = iter([True, True, False, True, True])
    asked: list[bool] = []
    passed: list[float] = []

    def is_in_vain() -> bool:
        asked.append(next(answers))
        return asked[-1]

    end_in_vain(is_in_vain, 2, lambda: "", ended.put, Clock(lambda: len(passed), passed.append)).join(10)

    assert asked == [True, True, False, True, True]
    assert ended.get(timeout=10) == EXIT_HARD


def test_a_process_that_has_ended_by_itself_is_held_up_by_nothing() -> None:
    timer = end_within(1000.0, "the worker")
    assert timer.daemon
    timer.cancel()


@pytest.mark.parametrize("place", PLACES)
def test_a_process_without_memory_ends_at_once_with_one_line(place: str) -> None:
    program = f"""
import asyncio, gc, logging, threading
from streams.platform.shutdown import end_when_memory_is_out
end_when_memory_is_out()
{PLACES[place]}
print("it went on")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout) == (EXIT_HARD, "")
    assert ended.stderr.startswith("CRITICAL: out of memory, so this process ends now")
    assert ended.stderr.count("\n") == 1


def test_errors_without_a_memory_error_behind_them_end_no_process() -> None:
    error = RuntimeError("unexpected")
    error.__cause__ = error

    assert not is_of_memory(error)
    assert not is_of_memory(None)
