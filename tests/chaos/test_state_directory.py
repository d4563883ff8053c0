"""A state directory that is gone, old, spoilt or on a full disk: at worst the changelog is read again."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from streams.demo.script import Script
from tests.chaos.load import Load, load
from tests.chaos.site import Site
from tests.chaos.small_disk import SmallDisk
from tests.chaos.stores import stores_below
from tests.chaos.workers import SUPERVISED


def work_for_a_while(site: Site, running: Load, rng: Random, end: signal.Signals = signal.SIGTERM) -> Path:
    """Run a worker under load and end it; returns its state directory. Told to stop, it brings its stores to disk."""
    worker = site.start("one")
    running.go_on()
    running.until_folded(rng.randrange(50, 300))
    assert worker.stop(end) == (0 if end is signal.SIGTERM else -end)
    running.pause()
    return site.folder / "one"


def furthest(state: Path) -> dict[int, int]:
    """Up to where each partition's store stands."""
    return {store.partition: store.offset for store in stores_below(state)}


def test_a_state_directory_that_is_gone(site: Site, script: Script, seed: int) -> None:
    rng = Random(seed)
    with load(site.deployment, script) as running:
        state = work_for_a_while(site, running, rng)
        assert furthest(state)
        shutil.rmtree(state)
        work_for_a_while(site, running, rng, signal.SIGKILL)
        running.must_be_under_way()
        site.start("one")
        running.finish()
        site.must_be_exact(running, script)


def test_a_state_directory_of_an_earlier_day(site: Site, script: Script, seed: int) -> None:
    """Of some partitions, so that each of them stands elsewhere."""
    rng = Random(seed)
    with load(site.deployment, script) as running:
        state = work_for_a_while(site, running, rng)
        old = shutil.copytree(state, site.folder / "backup")
        work_for_a_while(site, running, rng)
        before, after = furthest(old), furthest(state)
        outdated = rng.sample(sorted(before), 3)
        assert all(0 < before[partition] < after[partition] for partition in outdated)
        for partition in outdated:
            put_back(old / "contacts" / str(partition), state / "contacts" / str(partition))
        shutil.rmtree(old)
        running.must_be_under_way()
        site.start("one")
        running.finish()
        site.must_be_exact(running, script)


def put_back(old: Path, place: Path) -> None:
    shutil.rmtree(place)
    shutil.copytree(old, place)


def truncated(file: Path, rng: Random) -> None:
    """It ends in the middle."""
    with file.open("r+b") as opened:
        opened.truncate(rng.randrange(file.stat().st_size))


def overwritten(file: Path, rng: Random) -> None:
    """Some of its bytes are others."""
    content = bytearray(file.read_bytes())
    for place in rng.sample(range(len(content)), max(1, len(content) // 100)):
        content[place] ^= rng.randrange(1, 256)
    file.write_bytes(content)


def removed(file: Path, _: Random) -> None:
    """It is not there."""
    file.unlink()


KINDS = ("*.sst", "MANIFEST-*", "CURRENT")


@pytest.mark.parametrize("spoil", [truncated, overwritten, removed], ids=lambda spoil: spoil.__name__)
def test_a_spoilt_file_of_a_store(site: Site, script: Script, seed: int, spoil: Callable[[Path, Random], None]) -> None:
    """One of each kind, each in the store of another partition. A worker may end of it; its successor does not."""
    rng = Random(seed)
    with load(site.deployment, script) as running:
        work_for_a_while(site, running, rng)
        state = work_for_a_while(site, running, rng)  # so that there are files of different age
        stores = rng.sample(sorted((state / "contacts").iterdir()), len(KINDS))
        for store, kind in zip(stores, KINDS, strict=True):
            spoil(rng.choice(sorted(store.glob(kind))), rng)
        shutil.copytree(state, site.folder / "supervised" / "worker-0")
        shutil.rmtree(state)
        running.must_be_under_way()
        running.go_on()
        worker = site.start("supervised", program=SUPERVISED)
        running.finish()
        assert "cannot be read and is made anew" in worker.log.read_text()
        site.must_be_exact(running, script)


def test_a_full_disk(site: Site, script: Script, seed: int) -> None:
    """The worker ends, again and again while there is no room; once there is, it goes on where it was."""
    rng = Random(seed)
    disk = SmallDisk(site.folder / "full")
    worker = site.start("full", {"CHAOS_FLUSH": "1"}, program=SUPERVISED, within=disk.command)
    with load(site.deployment, script) as running:
        running.until_folded(rng.randrange(50, 300))
        disk.fill(worker.process.pid)
        running.until(lambda: "No space left on device" in worker.log.read_text(), "a write that found no room")
        running.until(lambda: "ended with exit code" in worker.log.read_text(), "the worker's end")
        running.must_be_under_way()
        disk.clear(worker.process.pid)
        running.until_folded(50)
        running.finish()
        assert worker.process.poll() is None
        site.must_be_exact(running, script)
