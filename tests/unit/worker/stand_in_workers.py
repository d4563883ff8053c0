"""Workers that do as they are told: real processes in the place of `harmonia worker`."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.platform.settings import Settings
from streams.worker.processes import run_workers

STAND_IN = """
import json, os, signal, socket, sys

line = socket.socket(socket.AF_UNIX)
line.connect(os.environ["LINE"])
phone = line.makefile("rw")


def stop(*_):
    print("told to stop", file=phone, flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # until the report is out
report = {"pid": os.getpid(), "words": sys.argv[1:], "environment": dict(os.environ)}
print(json.dumps(report), file=phone, flush=True)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
sys.exit(int(phone.readline()))
"""


@dataclass
class Colleague:
    """One worker process."""

    pid: int
    words: list[str]
    environment: dict[str, str]
    hears: asyncio.StreamReader
    told: asyncio.StreamWriter

    def end_with(self, code: int) -> None:
        self.told.write(b"%d\n" % code)

    async def last_words(self) -> bytes:
        """What it says before it ends; returns when it has."""
        return await self.hears.read()


class Office:
    """`run_workers` under way, and what its workers and it itself say."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.spoke = asyncio.Event()
        self.running: asyncio.Task[int] | None = None
        self._came: asyncio.Queue[Colleague] = asyncio.Queue()

    def say(self, text: str) -> None:
        self.said.append(text)
        self.spoke.set()

    async def newcomer(self) -> Colleague:
        """The next worker that starts."""
        return await asyncio.wait_for(self._came.get(), 10)

    async def newcomers(self, count: int) -> list[Colleague]:
        return [await self.newcomer() for _ in range(count)]

    def nobody_came(self) -> bool:
        return self._came.empty()

    @property
    def code(self) -> int:
        """What it ended with."""
        assert self.running is not None
        return self.running.result()

    async def ended(self) -> None:
        assert self.running is not None
        await asyncio.wait_for(self.running, 10)

    async def welcome(self, hears: asyncio.StreamReader, told: asyncio.StreamWriter) -> None:
        report = json.loads(await hears.readline())
        await self._came.put(Colleague(report["pid"], report["words"], report["environment"], hears, told))


@asynccontextmanager
async def office(folder: Path, settings: Settings, count: int) -> AsyncIterator[Office]:
    """Run `count` workers; none is left afterwards."""
    stand_in = folder / "streams" / "cli"
    stand_in.mkdir(parents=True)
    for package in (stand_in.parent, stand_in):  # without these the installed package would come first
        (package / "__init__.py").touch()
    (stand_in / "main.py").write_text(STAND_IN)
    environment = {
        "LINE": str(folder / "line"),
        "PYTHONPATH": str(folder),
        "PYTHONSAFEPATH": "1",  # or the package in the working directory would come first
        "INHERITED": "yes",
    }
    opened = Office()
    async with await asyncio.start_unix_server(opened.welcome, folder / "line"):
        opened.running = asyncio.create_task(run_workers(settings, count, environment, opened.say))
        try:
            yield opened
        finally:
            if not opened.running.done():
                os.kill(os.getpid(), signal.SIGTERM)
                await opened.ended()
