"""Redis may be emptied or go away: it is filled again by itself, and nothing else waits for it."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from events.topics import CONTACT_STATE
from streams.demo.collecting import profiles_in_redis, profiles_in_topic, versions_in_redis, versions_in_topic
from streams.local.server import running
from streams.local.stack import local_stack, start
from tests.integration.said import FITTING, event, fresh, structured
from tests.integration.system import System, ask, running_system, sample
from tests.integration.tap import tapped
from tests.integration.waiting import until

CONTACTS = 200
TOPICS = list(FITTING)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("redis-sink")


@pytest.fixture(scope="module")
def system(home: Path) -> Iterator[System]:
    """On a stack of its own, for nobody else's Redis may be emptied."""
    with local_stack(home / "stack") as stack, running_system(stack, home) as system:
        yield system


def publish(system: System, contact_ids: list[str], rounds: int = 1) -> None:
    """So many interactions of each contact."""
    producer = system.deployment.producer
    for topic in (TOPICS * rounds)[:rounds]:
        for contact_id in contact_ids:
            producer.send(topic, structured(event(FITTING[topic], {"contact_id": contact_id}))[0])
    producer.flush()


def until_all_in_redis(system: System, interactions: int) -> None:
    """Return once that many interactions more are applied and Redis has the latest version of every contact."""
    until(lambda: applied(system) >= interactions, f"{interactions} interactions applied")
    wanted = versions_in_topic(system.deployment.consumer)
    until(lambda: versions_in_redis(system.deployment.redis, wanted) == wanted, "every version in Redis")
    in_topic = profiles_in_topic(system.deployment.consumer)
    until(lambda: profiles_in_redis(system.deployment.redis) == in_topic, "every profile in Redis")


def applied(system: System) -> float:
    return metric(system, "harmonia_interactions_total", topic="interactions", outcome="applied")


def metric(system: System, name: str, **labels: str) -> float:
    return sample(system.workers.addresses[0], name, **labels)


def new_contacts() -> list[str]:
    return [fresh() for _ in range(CONTACTS)]


def test_a_redis_that_was_emptied_is_filled_again_without_any_traffic(system: System) -> None:
    before = applied(system)
    publish(system, new_contacts(), rounds=2)
    until_all_in_redis(system, int(before) + 2 * CONTACTS)
    there = profiles_in_redis(system.deployment.redis)
    assert len(there) >= CONTACTS

    system.deployment.redis.flushall()
    until(lambda: profiles_in_redis(system.deployment.redis) == there, "all profiles again")
    assert metric(system, "harmonia_sink_refills_total", sink="redis") >= system.settings.partitions
    assert system.workers.process.poll() is None


def in_order(process: psutil.Process) -> None:
    process.terminate()
    process.wait(30)


def at_once(process: psutil.Process) -> None:
    """What it had not saved is lost."""
    process.send_signal(signal.SIGKILL)
    process.wait(30)


@pytest.mark.parametrize("end", [in_order, at_once])
def test_while_redis_is_away_profiles_go_on_and_afterwards_nothing_is_missing(
    system: System, home: Path, end: Callable[[psutil.Process], None]
) -> None:
    before, errors = applied(system), metric(system, "harmonia_sink_errors_total", sink="redis")
    known, unknown = new_contacts(), new_contacts()
    publish(system, known)
    until_all_in_redis(system, int(before) + CONTACTS)

    with tapped(system.settings, CONTACT_STATE) as states:
        server = running(home / "stack" / "redis")
        assert server is not None
        end(psutil.Process(server.pid))
        publish(system, known + unknown, rounds=2)
        ids = {contact_id.encode() for contact_id in known + unknown}
        states.until(lambda seen: {record.key for record in seen} >= ids, "every contact in contact-state")
        until(lambda: applied(system) >= before + 5 * CONTACTS, "every interaction applied")
    until(lambda: metric(system, "harmonia_sink_errors_total", sink="redis") > errors, "errors of the sink")
    assert running(home / "stack" / "redis") is None
    assert [ask(f"{system.base}/{path}")[0] for path in ("livez", "readyz")] == [200, 200]

    assert start(home / "stack").environment == system.stack.environment
    until_all_in_redis(system, int(before) + 5 * CONTACTS)
    assert system.workers.process.poll() is None
