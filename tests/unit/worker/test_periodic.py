import asyncio
from pathlib import Path

import pytest

from streams.worker import periodic
from streams.worker.periodic import StateCleanup
from streams.worker.state_dir import remove_old_stores
from tests.unit.engine.test_abandoned_stores import let_time_pass, make, there


async def test_a_worker_deletes_what_it_has_left_behind_at_its_start_and_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied = asyncio.Semaphore(0)

    def tidied_once(state_dir: Path) -> None:
        remove_old_stores(state_dir)
        tidied.release()

    monkeypatch.setattr(periodic, "TIDY_EVERY_S", 0.01)
    monkeypatch.setattr(periodic, "remove_old_stores", tidied_once)
    make(tmp_path, ("contacts", 0), ("contacts", 1))
    let_time_pass(tmp_path / "contacts/0")
    service = StateCleanup(tmp_path)

    await service.start()
    await asyncio.wait_for(tidied.acquire(), 10)
    assert there(tmp_path) == {"contacts/1"}
    let_time_pass(tmp_path / "contacts/1")
    for _ in range(2):
        await asyncio.wait_for(tidied.acquire(), 10)
    await service.stop()

    assert there(tmp_path) == set()
