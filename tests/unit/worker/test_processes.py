import asyncio
import os
import signal
from collections.abc import Awaitable
from pathlib import Path

import psutil
import pytest

from streams.platform.settings import Settings
from streams.worker import processes
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
