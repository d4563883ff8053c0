"""Processes of a worker."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.core.suite import work_of_contacts, work_of_pipeline
from streams.cli.importing import _VENDORS
from streams.history.importing.file_items import VENDORS
from streams.platform.settings import Settings
from streams.worker import processes
from streams.worker.app import ShutdownCloser
from streams.worker.runner import is_cut_off
from tests.unit.worker.stand_in_workers import office

SETTINGS = Settings(state_dir=Path("there"), metrics_port=9400)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(processes, "LONGEST_PAUSE_S", 0.001)


@pytest.mark.parametrize(
    ("settings", "name", "own"),
    [
        (SETTINGS, "HARMONIA_STATE_DIR", {"there/worker-0", "there/worker-1"}),
        (SETTINGS, "HARMONIA_METRICS_PORT", {"9400", "9401"}),
        (SETTINGS, "HARMONIA_INSTANCE", {""}),
        (SETTINGS, "INHERITED", {"yes"}),
        (Settings(instance="pod-7"), "HARMONIA_INSTANCE", {"pod-7-0", "pod-7-1"}),
        (Settings(metrics_port=0), "HARMONIA_METRICS_PORT", {"0"}),  # any free port
    ],
)
async def test_each_worker_has_an_environment_of_its_own(
    tmp_path: Path, settings: Settings, name: str, own: set[str]
) -> None:
    async with office(tmp_path, settings, 2) as here:
        workers = await here.newcomers(2)

    assert {each.environment[name] for each in workers} == own
    assert [each.words for each in workers] == [["worker", "--child"]] * 2


async def test_a_worker_that_fails_is_started_again_in_its_place(tmp_path: Path) -> None:
    async with office(tmp_path, SETTINGS, 2) as here:
        first, second = await here.newcomers(2)
        first.end_with(70)
        again = await here.newcomer()

        assert again.environment["HARMONIA_STATE_DIR"] == first.environment["HARMONIA_STATE_DIR"]
        assert again.pid not in (first.pid, second.pid)
        assert psutil.pid_exists(second.pid)

    number = first.environment["HARMONIA_STATE_DIR"][-1]
    assert here.said == [f"worker {number} ended with exit code 70; starting it again in 0 s"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_is_passed_on_and_nobody_is_left(tmp_path: Path, number: signal.Signals) -> None:
    async with office(tmp_path, SETTINGS, 2) as here:
        workers = await here.newcomers(2)

        os.kill(os.getpid(), number)
        await here.ended()

        assert [await each.last_words() for each in workers] == [b"told to stop\n"] * 2
        assert not any(psutil.pid_exists(each.pid) for each in workers)
        assert here.nobody_came()
        assert here.said == []


async def test_a_signal_ends_also_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "FIRST_PAUSE_S", 1000.0)
    async with office(tmp_path, SETTINGS, 1) as here:
        (await here.newcomer()).end_with(1)
        await here.spoke.wait()

        os.kill(os.getpid(), signal.SIGTERM)
        await here.ended()

        assert here.nobody_came()


@pytest.mark.parametrize(
    ("steady_s", "pauses"),
    [
        (processes.STEADY_S, [0.001, 0.002, 0.003, 0.003]),
        (0.0, [0.001] * 4),  # each has run for long
    ],
)
async def test_pauses_grow_up_to_a_limit_while_no_worker_runs_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steady_s: float, pauses: list[float]
) -> None:
    noted: list[float] = []
    wait_for = asyncio.wait_for

    async def note(awaitable: Awaitable[object], seconds: float) -> object:
        if seconds < 1:
            noted.append(seconds)
        return await wait_for(awaitable, seconds)

    monkeypatch.setattr(asyncio, "wait_for", note)
    monkeypatch.setattr(processes, "LONGEST_PAUSE_S", 0.003)
    monkeypatch.setattr(processes, "STEADY_S", steady_s)
    async with office(tmp_path, SETTINGS, 1) as here:
        for _ in pauses:
            (await here.newcomer()).end_with(1)
        await here.newcomer()

    assert noted == pauses


async def test_stores_of_workers_that_there_were_once_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, and again while the workers run."""
    monkeypatch.setattr(processes, "TIDY_EVERY_S", 0.01)
    state_dir, tidied = tmp_path / "state", asyncio.Semaphore(0)
    monkeypatch.setattr(processes, "remove_old_stores", lambda where: tidied.release() if where == state_dir else None)
    async with office(tmp_path, Settings(state_dir=state_dir), 1) as here:
        await here.newcomer()
        for _ in range(3):
            await asyncio.wait_for(tidied.acquire(), 10)


async def test_the_exit_code_counts_only_the_workers_that_were_told_to_stop(tmp_path: Path) -> None:
    async with office(tmp_path, SETTINGS, 2) as here:
        (await here.newcomers(2))[0].end_with(70)
        await here.newcomer()
    assert here.code == 0


async def test_a_worker_that_ends_badly_when_it_is_told_to_stop_is_not_hidden(tmp_path: Path) -> None:
    async with office(tmp_path, SETTINGS, 2) as here:
        first, _ = await here.newcomers(2)
        os.kill(first.pid, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(first.pid, signal.SIGKILL)
        await here.ended()
    assert here.code == 70


async def test_a_worker_that_is_frozen_is_killed_after_its_grace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "AFTER_GRACE_S", -SETTINGS.grace_s)
    async with office(tmp_path, SETTINGS, 1) as here:
        worker = await here.newcomer()
        os.kill(worker.pid, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGTERM)
        await here.ended()

        assert not psutil.pid_exists(worker.pid)
        assert here.said == ["worker 0 has not stopped within 0 s and is killed"]


CONTACTS, FEW, MANY = 300, 3, 40
MOST_WORK = {"intake": 940, "contacts": 3_050, "sink": 155}
"""Bytecodes a record. Measured: 881, 2,875, 143."""
MOST_WORK_GROWTH = 1.35
"""Measured: 1.22 to 1.25."""


def test_each_agent_carries_out_no_more_bytecodes_a_record_than_before() -> None:
    work = work_of_pipeline(CONTACTS, seed=7)
    assert {part: round(count) for part, count in work.items() if count > MOST_WORK[part]} == {}


def test_a_record_of_a_contact_with_forty_facts_costs_little_more_than_with_three() -> None:
    few, many = work_of_contacts(CONTACTS, (FEW, MANY), seed=7)
    assert many / few < MOST_WORK_GROWTH, f"{many:.0f} bytecodes with 40 facts, {few:.0f} with 3"


NOWHERE = "127.0.0.1:1"


@pytest.fixture
def listening() -> Iterator[str]:
    """A broker, as far as it takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_one_broker_of_many_is_enough(listening: str) -> None:
    assert not is_cut_off([NOWHERE, listening])
    assert not is_cut_off([listening, NOWHERE])


def test_where_none_takes_a_connection_it_is_cut_off() -> None:
    assert is_cut_off([NOWHERE, NOWHERE])
    assert is_cut_off([])


@pytest.mark.parametrize("broker", ["host:port", "[::1", "127.0.0.1:99999", ""])
def test_what_is_no_address_is_no_broker_and_no_fault(broker: str, listening: str) -> None:
    assert is_cut_off([broker])
    assert not is_cut_off([broker, listening])


HEAVY = (
    "aiohttp", "aiokafka", "asyncio", "cryptography", "duckdb", "events.interactions", "fastapi", "faust", "jinja2",
    "kafka", "numpy", "obstore", "phonenumbers", "prometheus_client", "pyarrow", "pydantic_settings", "redis",
    "rocksdict", "scipy", "streams.platform.settings", "uvicorn",
)  # fmt: skip
"""What a command may need to work, and nobody to read how it is called. Typer itself stands on pydantic."""
MOST_MODULES = 550

ASK_FOR_ALL_HELP = """
import contextlib, io, json, sys
from streams.cli.main import app
from typer.main import get_command

def ways(command, words):
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from ways(inner, (*words, name))

root, heavy, found = get_command(app), set(sys.argv[1:]), {}
for words in ways(root, ()):
    before = heavy & set(sys.modules)
    with contextlib.redirect_stdout(io.StringIO()) as told:
        root.main([*words, "--help"], prog_name="harmonia", standalone_mode=False)
    assert "Usage: " + " ".join(("harmonia", *words)) in " ".join(told.getvalue().split()), told.getvalue()
    found[" ".join(words)] = sorted((heavy & set(sys.modules)) - before if words else heavy & set(sys.modules))
print(json.dumps({"imported": found, "modules": len(sys.modules)}))
"""


def test_the_help_of_all_commands_imports_no_heavy_library_and_few_modules() -> None:
    done = subprocess.run([sys.executable, "-c", ASK_FOR_ALL_HELP, *HEAVY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    assert {words: modules for words, modules in told["imported"].items() if modules} == {}
    assert {"", "permit", "contact show", "experiments show", "lake import"} <= told["imported"].keys()
    assert told["modules"] < MOST_MODULES


def test_the_help_of_import_names_every_vendor() -> None:
    assert _VENDORS == VENDORS


async def test_things_are_closed_in_order_when_it_stops_and_not_before() -> None:
    closed: list[str] = []

    async def close(name: str) -> None:
        closed.append(name)

    async with ShutdownCloser([lambda: close("table"), lambda: close("outbox")]):
        assert closed == []

    assert closed == ["table", "outbox"]


async def test_what_cannot_be_closed_does_not_keep_the_rest_open() -> None:
    closed: list[str] = []

    async def fail() -> None:
        raise RuntimeError("broken")

    async def close() -> None:
        closed.append("sink")

    closing = ShutdownCloser([fail, close])
    await closing.start()
    with pytest.raises(RuntimeError, match="broken"):
        await closing.stop()

    assert closed == ["sink"]
