"""What workers say when a neighbour dies, when one was frozen and when the broker was away: each thing once."""

import os
import re
import signal
from collections import Counter
from http import HTTPStatus

import pytest

from streams.demo.script import Script
from streams.demo.workers import Workers
from streams.platform.shutdown import EXIT_HARD
from tests.chaos.load import load
from tests.chaos.site import EXIT_FENCED, Site, kill
from tests.chaos.test_broker import ALWAYS_AT_WORK
from tests.integration.system import ask
from tests.integration.waiting import until

PATIENT = {"HARMONIA_SESSION_TIMEOUT_S": "40"}
"""So that it outlives the time without a broker."""
_told = re.compile(r"^\[[^]]*\] \[\d+\] \[(?:WARNING|ERROR)\] (.*)$", re.MULTILINE)


def shares(workers: Workers) -> list[int]:
    """How many partitions the worker has said it works on, each time that it took them over."""
    return [int(number) for number in re.findall(r"working on (\d+)", workers.log.read_text())]


def is_ready(workers: Workers) -> bool:
    return ask(workers.addresses[0].removesuffix("metrics") + "readyz")[0] == HTTPStatus.OK


@pytest.mark.short
def test_a_log_has_no_traceback_and_each_line_once(frail_site: Site, script: Script) -> None:
    site = frail_site
    with load(site.deployment, script) as running:
        survivor = site.start("survivor", PATIENT)
        neighbour = site.start("neighbour")
        woken = site.start("woken")
        running.until_folded(50)
        alone, before = shares(survivor)[0], len(shares(woken))
        neighbour.stop(signal.SIGKILL)
        os.kill(woken.process.pid, signal.SIGSTOP)
        until(lambda: shares(survivor)[-1] == alone, "the survivor to take all partitions over")
        os.kill(woken.process.pid, signal.SIGCONT)
        until(lambda: woken.process.poll() or len(shares(woken)) > before, "the woken worker to end or to go on")
        running.until_folded(50)
        running.finish()
        assert woken.process.poll() in (None, EXIT_FENCED)
        kill(site.kafka)  # with nothing in hand, or the survivor may end before a slow machine has a broker again
        until(lambda: _told.search(survivor.log.read_text()), "a word of the survivor's about the broker")
        site.start_broker()
        until(lambda: is_ready(survivor), "the survivor to be ready again")
        assert survivor.process.poll() is None
    for workers in (survivor, woken):
        said = workers.log.read_text()
        assert "Traceback" not in said
        assert "never retrieved" not in said
        again = {line: count for line, count in Counter(_told.findall(said)).items() if count > 1}
        assert not again


def test_with_the_broker_gone_for_good_workers_end_in_a_line_that_says_what_they_leave(
    frail_site: Site, script: Script
) -> None:
    site = frail_site
    with load(site.deployment, script) as running:
        told = site.start("told to stop", {"HARMONIA_GRACE_S": "600"})
        left_alone = site.start("left alone", ALWAYS_AT_WORK)
        running.until_folded(50)
        kill(site.kafka)
        assert told.stop(signal.SIGTERM) == EXIT_HARD
        until(lambda: left_alone.process.poll() is not None, "the other worker's end")
        site.start_broker()
    last = told.log.read_text().splitlines()[-1]
    assert re.search(r"CRITICAL.*no broker can be reached.*up to \d+ records of \d+ partitions are not committed", last)
    for workers in (told, left_alone):
        said = workers.log.read_text()
        assert "Traceback" not in said
        assert 'File "' not in said
