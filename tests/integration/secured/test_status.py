"""What `harmonia status` sees with the rights that are listed for people at a terminal and for the console."""

import time
from collections.abc import Iterator

import pytest

from streams.operations.status.kafka_side import observe_kafka
from streams.operations.status.observations import KafkaObservation, RedisObservation
from streams.operations.status.snapshot import observe_redis
from streams.platform.clients import tool_redis
from streams.platform.settings import Settings
from tests.integration.command import ended_well, harmonia
from tests.integration.secured.broker import secured_kafka, settings_of
from tests.integration.secured.redis import secured_redis
from tests.unit.platform.certificates import Authority

API, CONSOLE, OPERATOR, TOPICS = "harmonia-api", "harmonia-console", "harmonia-operator", "harmonia-topics"
AS_LISTED = [(OPERATOR, API), (CONSOLE, CONSOLE)]
"""Users of Kafka, and whom Redis takes each for (deploy/acl/README.md)."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Settings]]:
    """By user of Kafka what such a program is told, of servers that have all topics and no worker yet."""
    folder = tmp_path_factory.mktemp("status")
    authority = Authority(folder)
    users = {user: f"password-of-{user}" for user in (OPERATOR, CONSOLE, TOPICS)}
    known = {user: f"password-of-{user}" for user in (API, CONSOLE)}
    with (
        secured_redis(folder / "redis", authority, known) as redis,
        secured_kafka(folder / "kafka", authority, users) as kafka,
    ):
        shared = {"HARMONIA_PARTITIONS": "2"}
        ended_well(harmonia(folder, "topics", "create", environment={**shared, **kafka.by_password(TOPICS)}))
        yield {
            user: settings_of({**shared, **kafka.by_password(user), **redis.by_password(in_redis)})
            for user, in_redis in AS_LISTED
        }


@pytest.mark.parametrize("user", [OPERATOR, CONSOLE])
def test_no_topic_that_is_there_is_said_to_be_missing(settings: dict[str, Settings], user: str) -> None:
    seen = observe_kafka(settings[user], int(time.time() * 1000))
    assert isinstance(seen, KafkaObservation), seen
    assert seen.topics_missing == []


@pytest.mark.parametrize("user", [OPERATOR, CONSOLE])
def test_redis_is_not_said_to_be_away(settings: dict[str, Settings], user: str) -> None:
    with tool_redis(settings[user]) as client:
        seen = observe_redis(client, 2)
    assert isinstance(seen, RedisObservation), seen
