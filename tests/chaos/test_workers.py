"""Workers that die, are stopped, freeze, come and go under load: at the end it is as if nothing had happened."""

import os
import signal
import time
from dataclasses import replace
from random import Random

import psutil
import pytest

from streams.demo.script import Script
from streams.demo.workers import Workers
from streams.engine.rocksdb_store import RocksStore, _options
from tests.chaos.load import Load, load
from tests.chaos.site import EXIT_FENCED, SESSION_TIMEOUT_S, Site
from tests.chaos.stores import stores_below, wrong_stores
from tests.chaos.verdict import wrongs
from tests.chaos.workers import SABOTAGED
from tests.integration.waiting import until

ONE_BY_ONE = {"HARMONIA_CHUNK_RECORDS": "1"}
"""So slow that a worker always has something in hand."""


@pytest.mark.short
def test_kill_at_random_moments(site: Site, script: Script, seed: int) -> None:
    rng = Random(seed)
    with load(site.deployment, script) as running:
        for _ in range(2):
            worker = site.start("one")
            running.until_folded(rng.randrange(50, 400))
            assert worker.stop(signal.SIGKILL) == -signal.SIGKILL
        running.must_be_under_way()
        site.start("one")
        running.finish()
        assert_wrong_truths_are_noticed(site, running, script)
        site.must_be_exact(running, script)
        assert_a_wrong_store_is_noticed(site)


def assert_wrong_truths_are_noticed(site: Site, running: Load, script: Script) -> None:
    """The verdict can fail: here the truth says a cent more, and another place of a bad record."""
    gift = next(one.sent for one in script.publications if one.sent.type == "donation.made" and one.kind == "first")
    dearer = replace(gift, fields={**gift.fields, "amount": gift.fields["amount"] + 1})
    publications = [replace(one, sent=dearer) if one.sent == gift else one for one in script.publications]
    truth = replace(script, publications=publications).profiles(site.deployment.identify)
    moved = min(running.letters())
    letters = running.letters() - {moved} | {moved._replace(offset=moved.offset + 1_000_000)}
    found = wrongs(site.deployment, truth, letters)

    assert {one.partition(",")[0] for one in found if ": donations.gross" in one} == {"table", "contact-state", "redis"}
    assert [one.partition(":")[0] for one in found][-2:] == ["dead-letters", "dead-letters"]
    assert sum(one.startswith("dead-letters") for one in found) == 2


def assert_a_wrong_store_is_noticed(site: Site) -> None:
    victim = max(stores_below(site.folder), key=lambda store: store.offset)
    store = RocksStore(victim.path, _options())
    assert store.position is not None
    store.write({min(key for key in victim.held if key[0]): None}, store.position)
    store.close()
    [found] = wrong_stores(site.deployment, site.folder)
    assert str(victim.path) in found


def test_told_to_stop_under_load(site: Site, script: Script, seed: int) -> None:
    rng = Random(seed)
    with load(site.deployment, script) as running:
        for _ in range(2):
            worker = site.start("one")
            running.until_folded(rng.randrange(50, 400))
            assert worker.stop(signal.SIGTERM) == 0
        running.must_be_under_way()
        site.start("one")
        running.finish()
        site.must_be_exact(running, script)


@pytest.mark.parametrize("gap", [pytest.param("inside-transaction", marks=pytest.mark.short), "before-offsets"])
def test_a_stale_owner_wakes_while_its_successor_works(site: Site, script: Script, seed: int, gap: str) -> None:
    """Frozen in the middle of a transaction until it was replaced: it must be refused, and end by itself."""
    fault = {"CHAOS_FREEZE": f"{gap}:{Random(seed).randrange(20, 100)}"}
    frozen = site.start("one", {**ONE_BY_ONE, **fault}, program=SABOTAGED)
    with load(site.deployment, script) as running:
        running.until(lambda: is_frozen(frozen), "the worker to freeze")
        successor = site.start("two")
        running.must_be_under_way()
        running.rush()
        os.kill(frozen.process.pid, signal.SIGCONT)
        code = until(frozen.process.poll, "the end of the frozen worker")
        running.finish()
        assert code == EXIT_FENCED
        assert "Fenced" in frozen.log.read_text()
        assert successor.process.poll() is None
        site.must_be_exact(running, script)


def is_frozen(workers: Workers) -> bool:
    return bool(psutil.Process(workers.process.pid).status() == psutil.STATUS_STOPPED)


def test_a_stale_owner_wakes_past_every_time_limit(site: Site, script: Script, seed: int) -> None:
    """It may be fenced and end, or notice first that it is out of the group and join again as a new member."""
    frozen = site.start("one", ONE_BY_ONE)
    with load(site.deployment, script) as running:
        running.until_folded(Random(seed).randrange(50, 300))
        os.kill(frozen.process.pid, signal.SIGSTOP)
        since = time.monotonic()
        successor = site.start("two")
        running.pause()
        until(lambda: time.monotonic() - since > 2.5 * SESSION_TIMEOUT_S, "the time limits")
        running.must_be_under_way()
        running.rush()
        os.kill(frozen.process.pid, signal.SIGCONT)
        running.finish()
        assert frozen.process.poll() in (None, EXIT_FENCED)
        assert successor.process.poll() is None
        site.must_be_exact(running, script)


def test_workers_with_names_die_come_back_and_are_replaced(site: Site, script: Script, seed: int) -> None:
    """Static members: a frozen one's name is taken by another process before it wakes."""
    rng = Random(seed)
    named = {name: {"HARMONIA_INSTANCE": name} for name in ("one", "two")}
    with load(site.deployment, script) as running:
        other = site.start("two", named["two"])
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            worker = site.start("one", named["one"])
            running.until_folded(rng.randrange(50, 200))
            worker.stop(number)
        frozen = site.start("one", {**named["one"], **ONE_BY_ONE})
        running.until_folded(rng.randrange(50, 200))
        os.kill(frozen.process.pid, signal.SIGSTOP)
        successor = site.start("elsewhere", named["one"])
        running.must_be_under_way()
        running.rush()
        os.kill(frozen.process.pid, signal.SIGCONT)
        code = until(frozen.process.poll, "the end of the frozen worker")
        running.finish()
        assert code == EXIT_FENCED
        assert [successor.process.poll(), other.process.poll()] == [None, None]
        site.must_be_exact(running, script)


def test_workers_come_and_go_every_few_seconds(site: Site, script: Script, seed: int) -> None:
    """Each change is a rebalance; one begins while the last one's recovery may still be under way."""
    rng = Random(seed)
    at_work = [site.start("0")]
    with load(site.deployment, script) as running:
        for number in range(1, 6):
            running.until_folded(rng.randrange(30, 150))
            if len(at_work) == 1 or (len(at_work) < 3 and rng.random() < 0.5):
                at_work.append(site.start(str(number)))
            else:
                leaver = at_work.pop(rng.randrange(len(at_work)))
                assert leaver.stop(signal.SIGTERM) == 0
        running.must_be_under_way()
        running.finish()
        assert all(worker.process.poll() is None for worker in at_work)
        site.must_be_exact(running, script)
