"""Exports of people: few at once, since each is held whole."""

import asyncio
import sys
from pathlib import Path

from streams.services.console.acting.people import held_of
from streams.services.console.dependencies import MOST_EXPORTS

COUNTS = """import pathlib, sys, time
begun, name = pathlib.Path(sys.argv[1]), sys.argv[-1]
(begun / name).mkdir()
while not (begun / "go").exists(): time.sleep(0.01)
print(len(list(begun.glob("van.*"))))
(begun / name).rmdir()
"""


def begun_in(folder: Path) -> int:
    return len(list(folder.glob("van.*")))


async def test_no_more_exports_are_made_at_once_than_there_are_turns(tmp_path: Path) -> None:
    """Each says how many there are while it runs."""
    turns, command = asyncio.Semaphore(MOST_EXPORTS), (sys.executable, "-c", COUNTS, str(tmp_path))
    asked = [asyncio.create_task(held_of(f"van.{number}", turns, command)) for number in range(6)]
    async with asyncio.timeout(120):
        while begun_in(tmp_path) < MOST_EXPORTS:  # noqa: ASYNC110 (another process tells nobody)
            await asyncio.sleep(0.01)
        (tmp_path / "go").mkdir()
        counts = [int(each) for each in await asyncio.gather(*asked)]
    assert max(counts) <= MOST_EXPORTS
    assert len(counts) == 6
