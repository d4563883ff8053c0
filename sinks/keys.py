"""The names of the sink's keys: the public ones of the contract, and its own under `sink:`.

`clear` has to find the contacts of one partition among all keys, so the partition is computed from the name exactly
as Kafka's default partitioner computes it from the record's key.
"""

from events.topics import CONTACT_STATE, read_by
from sinks.murmur2 import murmur2

CONTACT = "contact:"
IDENTITY = "identity:"
EXPERIMENT = "experiment:"
HOLDS = "holds"
"""The hash of all holds, by campaign."""
EXPERIMENTS = "experiments"
"""The hash of all experiments that have a result, by id: the partition, a space, and a line for lists as JSON."""
TOPICS = tuple(topic.name for topic in read_by("redis"))
"""What a sink of contacts reads."""


def contact_key(contact_id: str) -> str:
    """Name the hash of one contact."""
    return CONTACT + contact_id


def identity_key(identity_hash: str) -> str:
    """Name the string that leads from a hashed identifier to its contact_id."""
    return IDENTITY + identity_hash


def experiment_key(experiment_id: str) -> str:
    """Name the string with the result of one experiment, as JSON."""
    return EXPERIMENT + experiment_id


def reservation_key(contact_id: str, channel: str) -> str:
    """Name the string that says who has reserved a contact on a channel."""
    return f"reservation:{contact_id}:{channel}"


def position_key(partition: int, topic: str = CONTACT_STATE) -> str:
    """Name the hash with the sink's position in one partition of a topic."""
    return f"sink:{topic}:{partition}"


def partition_of(contact_id: str, partitions: int) -> int:
    """Return the partition, of `partitions`, that holds this contact in every topic that is keyed by contacts."""
    return (murmur2(contact_id.encode()) & 0x7FFFFFFF) % partitions


def text(reply: bytes | str) -> str:
    """Read a key or word from Redis, whether or not the client decodes its replies."""
    return reply if isinstance(reply, str) else reply.decode()
