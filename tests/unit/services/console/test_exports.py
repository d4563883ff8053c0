"""Exports of people: few at once, since each is held whole."""

import asyncio
import sys
from pathlib import Path

from streams.services.console.acting.people import held_of
from streams.services.console.dependencies import MOST_EXPORTS

RUNS = """import pathlib, sys, time
folder, name = pathlib.Path(sys.argv[1]), sys.argv[-1]
(folder / name).mkdir()
while not (folder / f"end {name}").exists(): time.sleep(0.01)
(folder / name).rmdir()
print(name)
"""


def running(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("van.*")]


async def test_no_more_exports_are_made_at_once_than_there_are_turns(tmp_path: Path) -> None:
    turns, command = asyncio.Semaphore(MOST_EXPORTS), (sys.executable, "-c", RUNS, str(tmp_path))
    names = [f"van.{number}" for number in range(6)]
    asked = [asyncio.create_task(held_of(name, turns, command)) for name in names]
    most = 0
    async with asyncio.timeout(120):
        for left in range(len(names), 0, -1):
            while len(now := running(tmp_path)) < min(MOST_EXPORTS, left):  # noqa: ASYNC110 (processes tell nobody)
                await asyncio.sleep(0.01)
            most = max(most, len(now))
            (tmp_path / f"end {now[0]}").mkdir()
            while now[0] in running(tmp_path):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        answers = await asyncio.gather(*asked)
    assert most == MOST_EXPORTS
    assert [answer.decode().strip() for answer in answers] == names
