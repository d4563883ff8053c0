"""`harmonia worker` that says what each of its agents costs, run as a program: the worker itself does not know.

Everything in a worker happens on one thread, in callbacks of its event loop, and each callback runs in the context of
whoever asked for it: an agent, or what it has started, such as the producer of its table with its packing and sending.
So the CPU of each callback is put down to that agent. What several share, such as fetching, is nobody's, and so is the
other threads' CPU, which is the store's.

`BENCH_METER`: a file that gets a JSON object every quarter of a second: CPU seconds so far by agent, of
`others` and of `other threads`, and `at`, the seconds of the monotonic clock.
"""

import asyncio
import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from streams.cli.main import app
from streams.engine.table import ChunkTable
from streams.platform.topics import CONTACTS_TABLE, EXPERIMENTS_TABLE
from streams.worker.agents.contacts.agent import ContactsAgent
from streams.worker.agents.experiments.agent import ExperimentsAgent
from streams.worker.agents.intake.agent import IntakeAgent
from streams.worker.agents.sinks.experiment_results import ExperimentResultsConnector
from streams.worker.agents.sinks.redis_sink import ContactStateConnector

METER = "BENCH_METER"
EXPERIMENTS, CONTACTS, RESULTS, INTAKE, PROFILES = "experiments", "contacts", "results to Redis", "intake", "redis"
OTHERS, THREADS, AT = "others", "other threads", "at"
_EVERY_S = 0.25
_TABLES = {EXPERIMENTS_TABLE: EXPERIMENTS, CONTACTS_TABLE: CONTACTS}

_whose: ContextVar[str] = ContextVar("whose")
_begun: dict[str, float] = {}
"""When (CPU of the thread) each of them began something for the last time."""
_seconds: dict[str, float] = defaultdict(float)


def _count_callbacks() -> None:
    original = asyncio.Handle._run  # noqa: SLF001 (the one place that all callbacks pass)

    def run(handle: asyncio.Handle) -> None:
        context = handle._context  # type: ignore[attr-defined] # noqa: SLF001
        whose = context.get(_whose)
        began = None if whose is None else time.thread_time()  # most are nobody's, and to ask takes a microsecond
        original(handle)
        if began is None and (whose := context.get(_whose)) is not None:
            began = _begun.get(whose)  # an agent has begun in it
        if began is not None and whose is not None:
            _seconds[whose] += time.thread_time() - began

    setattr(asyncio.Handle, "_run", run)  # noqa: B010 - mypy would take it for a bound method


def _put_down(owner: type[Any], name: str, whose: str | None) -> None:
    """What this method does to an agent; None: to the one whose table it is of."""
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def put_down(self: Any, *args: Any) -> Any:
        named = whose or _TABLES.get(self.name, OTHERS)
        token = _whose.set(named)
        _begun[named] = time.thread_time()
        try:
            return await original(self, *args)
        finally:
            _whose.reset(token)

    setattr(owner, name, put_down)


def _tell(file: Path, loop_thread: int) -> None:
    clock = time.pthread_getcpuclockid(loop_thread)
    new = file.with_suffix(".new")
    while True:
        busy = time.clock_gettime(clock)
        counted = dict(_seconds)
        others = busy - sum(seconds for whose, seconds in counted.items() if whose != OTHERS)
        said = {**counted, OTHERS: others, THREADS: time.process_time() - busy, AT: time.monotonic()}
        new.write_text(json.dumps(said))
        new.replace(file)
        time.sleep(_EVERY_S)


def main() -> None:
    """Be the ordinary command, with a meter in it."""
    agents = {
        ExperimentsAgent: EXPERIMENTS,
        ExperimentResultsConnector: RESULTS,
        ContactsAgent: CONTACTS,
        IntakeAgent: INTAKE,
        ContactStateConnector: PROFILES,
    }
    for owner, whose in agents.items():
        _put_down(owner, "__call__", whose)
    _put_down(ExperimentsAgent, "tick", EXPERIMENTS)
    _put_down(ChunkTable, "_open", None)
    _count_callbacks()
    threading.Thread(
        target=_tell, args=(Path(os.environ[METER]), threading.main_thread().ident), daemon=True, name="meter"
    ).start()
    app()


if __name__ == "__main__":
    main()
