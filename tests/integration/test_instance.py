"""Workers with names: one that is back within a session finds its partitions, and nobody else has noticed."""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from streams.demo.deployment import open_deployment
from streams.demo.workers import Workers, start_workers
from streams.local.stack import Stack
from streams.platform.settings import Settings
from tests.integration.system import environment_of_worker
from tests.integration.waiting import until

EXIT_FENCED = 70
SESSION_S = "30"
Start = Callable[[str, str], Workers]


@pytest.fixture
def start(stack: Stack, tmp_path: Path) -> Iterator[Start]:
    """Starts a worker of this test's group by its name, in a place of its own."""
    app_id = f"named-{uuid4().hex[:8]}"
    settings = Settings(kafka_bootstrap=stack.kafka_bootstrap, redis_url=stack.redis_url, app_id=app_id)
    with open_deployment(settings), ExitStack() as started:

        def start(instance: str, place: str) -> Workers:
            own = {"HARMONIA_APP_ID": app_id, "HARMONIA_INSTANCE": instance, "HARMONIA_SESSION_TIMEOUT_S": SESSION_S}
            workers = start_workers(environment_of_worker(stack, tmp_path / place, **own), tmp_path / f"{place}.log")
            started.callback(workers.stop, signal.SIGKILL)
            return workers

        yield start


def taken_over(worker: Workers) -> list[int]:
    """How many partitions it had after each rebalance that it took part in, by all that its place has seen."""
    return [int(count) for count in re.findall(r"working on (\d+) partitions", worker.log.read_text())]


def test_a_worker_that_is_back_within_a_session_disturbs_nobody(start: Start) -> None:
    """A group waits for all of its members in each rebalance: who works by then had none, or the others had it too."""
    first, other = start("a", "first"), start("b", "other")
    until(lambda: len(taken_over(first)) == 2, "the rebalance that the other one's coming makes")
    before = taken_over(other)

    assert first.stop(signal.SIGTERM) == 0
    back = start("a", "first")
    assert taken_over(back)[2:] == taken_over(first)[1:2]
    assert back.stop(signal.SIGKILL) == -signal.SIGKILL
    again = start("a", "first")
    assert taken_over(again)[3:] == taken_over(first)[1:2]
    assert (taken_over(other), other.process.poll()) == (before, None)

    impostor = start("a", "elsewhere")
    assert until(again.process.poll, "the end of the older of two with one name") == EXIT_FENCED
    assert "HARMONIA_INSTANCE a away: to another process of that name" in again.log.read_text()
    assert taken_over(impostor) == taken_over(first)[1:2]
    assert (taken_over(other), other.process.poll()) == (before, None)
