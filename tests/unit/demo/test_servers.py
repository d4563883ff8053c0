"""Failures of servers name those that the demo has tried, and no others."""

from pathlib import Path

import pytest
from kafka.errors import KafkaTimeoutError
from redis.exceptions import ConnectionError as RedisAway

from streams.demo.servers import OwnServerSilent, naming_own_servers
from streams.local.stack import ExistingServers, Stack

STACK = Stack("127.0.0.1:41007", "redis://127.0.0.1:41008/0", ())


@pytest.mark.parametrize(
    ("failure", "named"),
    [
        (KafkaTimeoutError("late"), "Kafka, which the demo started at 127.0.0.1:41007"),
        (RedisAway("away"), "Redis, which the demo started at 127.0.0.1:41008"),
    ],
)
def test_a_server_of_the_demos_own_that_fails_is_named_by_its_address_and_log(
    failure: Exception, named: str, tmp_path: Path
) -> None:
    with pytest.raises(OwnServerSilent) as refused, naming_own_servers(STACK, ExistingServers(), tmp_path):
        raise failure
    told = str(refused.value)
    assert told.startswith(named)
    assert str(tmp_path) in told
    assert "9092" not in told
    assert "KAFKA_BOOTSTRAP" not in told


def test_a_server_that_settings_name_fails_as_it_does_everywhere(tmp_path: Path) -> None:
    given = ExistingServers(STACK.kafka_bootstrap, STACK.redis_url)
    with pytest.raises(KafkaTimeoutError), naming_own_servers(STACK, given, tmp_path):
        raise KafkaTimeoutError("late")
