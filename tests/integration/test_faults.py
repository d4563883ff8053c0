"""Workers that come and go under load: at the end every profile is as if nothing had happened."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pytest

from streams.demo.deployment import Deployment, open_deployment
from streams.demo.run import verify
from streams.demo.script import Script, write_script
from streams.demo.workers import Workers, start_workers
from streams.local.stack import local_stack
from tests.integration.load import load
from tests.integration.system import environment_of_worker, settings_of
from tests.integration.waiting import until

SCALE = 0.05
SESSION_TIMEOUT_S = "6"
EXIT_FENCED = 70


class StartWorker(Protocol):
    def __call__(self, name: str, **settings: str) -> Workers: ...


@dataclass(frozen=True, slots=True)
class Site:
    """An empty deployment, and how to start workers on it: they are stopped at the end whatever happens."""

    deployment: Deployment
    start: StartWorker


@contextmanager
def empty_site(folder: Path) -> Iterator[Site]:
    with (
        local_stack(folder / "stack") as stack,
        open_deployment(settings_of(stack)) as deployment,
        ExitStack() as started,
    ):

        def start(name: str, **settings: str) -> Workers:
            settings = {"HARMONIA_SESSION_TIMEOUT_S": SESSION_TIMEOUT_S, **settings}
            workers = start_workers(environment_of_worker(stack, folder / name, **settings), folder / f"{name}.log")
            started.callback(workers.stop, signal.SIGKILL)
            return workers

        yield Site(deployment, start)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with empty_site(tmp_path) as site:
        yield site


@pytest.fixture(scope="module")
def script() -> Script:
    return write_script(7, SCALE)


def test_a_worker_that_is_killed_and_started_again_leaves_no_trace(site: Site, script: Script) -> None:
    worker = site.start("one")
    with load(site.deployment, script) as running:
        running.until_folded(3000)
        running.rush()
        assert worker.stop(signal.SIGKILL) == -signal.SIGKILL
        site.start("one")
        running.finish()
    assert verify(site.deployment, script) == []
    assert_a_wrong_truth_is_noticed(site.deployment, script)


def assert_a_wrong_truth_is_noticed(deployment: Deployment, script: Script) -> None:
    """The check above can fail: here the truth says a cent more, and another reason for a bad record."""
    gift = next(one.sent for one in script.publications if one.sent.type == "donation.made" and one.kind == "first")
    bad = next(one for one in script.publications if one.reason == "not_json")
    dearer = replace(gift, fields={**gift.fields, "amount": gift.fields["amount"] + 1})
    wrong = [replace(one, sent=dearer) if one.sent == gift else one for one in script.publications if one is not bad]
    found = verify(deployment, replace(script, publications=[*wrong, replace(bad, reason="no_time")]))

    contact_id = deployment.identify(gift.contact)
    profiles = [one for one in found if one.where != "dead-letters"]
    assert {(one.where, one.contact_id) for one in profiles} == {("redis", contact_id), ("contact-state", contact_id)}
    assert {"donations.gross.USD", "donations.net.USD"} <= {one.field for one in profiles}
    assert all(contact_id in str(one) and one.field in str(one) for one in profiles)
    assert {one.field for one in found if one.where == "dead-letters"} == {"no_time", "not_json"}


def test_a_worker_that_is_told_to_stop_under_load_ends_well(site: Site, script: Script) -> None:
    worker = site.start("one")
    with load(site.deployment, script) as running:
        running.until_folded(3000)
        assert worker.stop(signal.SIGTERM) == 0
        site.start("two")
        running.finish()
    assert verify(site.deployment, script) == []


def test_a_worker_that_was_frozen_until_it_was_replaced_ends_by_itself(site: Site, script: Script) -> None:
    frozen = site.start("one", HARMONIA_CHUNK_RECORDS="1")  # so slow that it always has something in hand
    with load(site.deployment, script) as running:
        running.until_folded(300)
        os.kill(frozen.process.pid, signal.SIGSTOP)
        successor = site.start("two")
        running.rush()
        os.kill(frozen.process.pid, signal.SIGCONT)
        code = until(frozen.process.poll, "the end of the frozen worker")
        running.finish()
    assert code == EXIT_FENCED
    assert successor.process.poll() is None
    assert verify(site.deployment, script) == []


def test_a_worker_that_was_frozen_past_every_time_limit_spoils_nothing(site: Site, script: Script) -> None:
    """It may be fenced and end, or notice first that it is out of the group and join again as a new member."""
    frozen = site.start("one", HARMONIA_CHUNK_RECORDS="1")
    with load(site.deployment, script) as running:
        running.until_folded(300)
        os.kill(frozen.process.pid, signal.SIGSTOP)
        since = time.monotonic()
        successor = site.start("two")
        until(lambda: time.monotonic() - since > 16, "the time limits")
        running.rush()
        os.kill(frozen.process.pid, signal.SIGCONT)
        running.finish()
    assert frozen.process.poll() in (None, EXIT_FENCED)
    assert successor.process.poll() is None
    assert verify(site.deployment, script) == []


def test_a_worker_may_join_and_another_leave_under_load(site: Site, script: Script) -> None:
    first = site.start("one")
    with load(site.deployment, script) as running:
        running.until_folded(1000)
        site.start("two")
        running.until_folded(2000)
        assert first.stop(signal.SIGTERM) == 0
        running.finish()
    assert verify(site.deployment, script) == []
