"""A topic that Redis is filled from is deleted and made anew by hand while a worker runs: Redis follows the new one."""

from contextlib import closing

from kafka import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.keys import position_key
from streams.demo.read_back import profiles_in_redis, profiles_in_topic
from streams.platform.clients import KafkaClients
from streams.platform.topics import create_topics, describe_topics
from tests.integration.said import FITTING, event, fresh, structured
from tests.integration.system import System
from tests.integration.waiting import until

SAID_IN = next(iter(FITTING))


def say(system: System, count: int) -> set[str]:
    """So many contacts of whom nothing was heard before."""
    names = [fresh() for _ in range(count)]
    for name in names:
        system.deployment.producer.send(SAID_IN, structured(event(FITTING[SAID_IN], {"contact_id": name}))[0])
    system.deployment.producer.flush()
    return {*names}


def make_anew(system: System, topic: str) -> bytes:
    """Delete the topic and make it at once, as fast as an operator's script does; returns the new one's id."""
    kafka = KafkaClients(system.settings)
    former = kafka.topic_id(topic)
    admin = kafka.admin()
    admin.delete_topics([topic])
    until(lambda: made(admin, system), "the topic is there again")
    admin.close()
    return until(lambda: new_id(kafka, topic, former), "the new topic's id")


def made(admin: KafkaAdminClient, system: System) -> bool:
    try:
        create_topics(admin, system.settings)
    except TopicAlreadyExistsError:  # its deletion is under way
        return False
    return all(entry.partitions for entry in describe_topics(admin, system.settings))


def new_id(kafka: KafkaClients, topic: str, former: str) -> bytes | None:
    [(found, _)] = kafka.describe_topics([topic]).values()
    return None if found == former else found.encode()


def until_seen(system: System, names: set[str]) -> None:
    def seen() -> bool:
        assert system.workers.process.poll() is None, f"the worker has ended; see {system.log}"
        return names <= profiles_in_redis(system.deployment.redis).keys()

    until(seen, "everybody in Redis")


def test_topics_that_are_made_anew_under_a_worker_are_what_redis_holds(system: System) -> None:
    until_seen(system, say(system, 100))
    anew = {topic: make_anew(system, topic) for topic in (CONTACT_STATE, CONTACT_LINKS)}

    until_seen(system, say(system, 5))
    redis = system.deployment.redis
    for topic, new in anew.items():
        places = [position_key(number, topic) for number in range(system.settings.partitions)]
        until(lambda: {redis.hget(place, "topic_id") for place in places} == {new}, f"positions in the new {topic}")  # noqa: B023
    with closing(KafkaClients(system.settings).tool_consumer()) as consumer:
        until(lambda: profiles_in_redis(redis) == profiles_in_topic(consumer), "Redis equal to the topic")
    until_seen(system, say(system, 5))
