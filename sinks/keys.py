"""The names of all Redis keys, the contract's public ones and the sinks' own under `sink:`; and partitions of keys.

`clear` has to find the contacts of one partition among all keys, so the partition is computed from a name exactly as
Kafka's default partitioner computes it from the record's key.
"""

from collections.abc import Sequence
from struct import unpack_from

from events.topics import CONTACT_STATE, read_by

CONTACT = "contact:"
IDENTITY = "identity:"
EXPERIMENT = "experiment:"
HOLDS = "holds"
"""The key of the hash of all holds, by campaign."""
EXPERIMENTS = "experiments"
"""The key of the hash of all results, by experiment: the partition, a space, and a line for lists as JSON."""
TOPICS = tuple(topic.name for topic in read_by("redis"))
"""The topics of a sink of contacts."""

_SEED = 0x9747B28C
_FACTOR = 0x5BD1E995
_MASK = 0xFFFFFFFF


def contact_key(contact_id: str) -> str:
    """The key of the hash of one contact."""
    return CONTACT + contact_id


def identity_key(identity_hash: str) -> str:
    """The key of the contact_id that a hashed identifier leads to."""
    return IDENTITY + identity_hash


def experiment_key(experiment_id: str) -> str:
    """The key of the result of one experiment, as JSON."""
    return EXPERIMENT + experiment_id


def reservation_key(contact_id: str, channel: str) -> str:
    """The key of the reservation of a contact on a channel."""
    return f"reservation:{contact_id}:{channel}"


def position_key(partition: int, topic: str = CONTACT_STATE) -> str:
    """The key of the hash with a sink's position in one partition of a topic."""
    return f"sink:{topic}:{partition}"


KEY_IDS = "key_ids"
"""Field of the position in `campaign-holds`: `Hasher.key_ids` of the workers, the writing key's first."""


def shares_key(workers: bytes | str | None, own: Sequence[str]) -> bool:
    """Whether hashes of a process with keys of these ids (the writing one first) are those of the workers.

    `workers`: what they have written; of workers that write nothing nobody can tell, so they count as the same. While
    a key is changed one side has the new one already: it is enough that either writes with a key the other reads.
    """
    theirs = text(workers or "").split()
    return not theirs or not own or own[0] in theirs or theirs[0] in own


def partition_of(contact_id: str, partitions: int) -> int:
    """The partition, of `partitions`, that a contact has in every topic keyed by contacts."""
    return (murmur2(contact_id.encode()) & 0x7FFFFFFF) % partitions


def murmur2(key: bytes) -> int:
    """Kafka's hash of a record's key, 32 bits without a sign: MurmurHash2 with Kafka's seed.

    aiokafka has it too, byte by byte and three times as slow; intake hashes a key for every record.
    """
    words = len(key) // 4
    hashed = _SEED ^ len(key)
    for word in unpack_from(f"<{words}I", key):
        mixed = word * _FACTOR & _MASK
        hashed = (hashed * _FACTOR ^ (mixed ^ mixed >> 24) * _FACTOR) & _MASK
    if rest := key[4 * words :]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * _FACTOR & _MASK
    hashed = (hashed ^ hashed >> 13) * _FACTOR & _MASK
    return hashed ^ hashed >> 15


def text(reply: bytes | str) -> str:
    """A key or word of a Redis reply as text, whether or not the client decodes replies."""
    return reply if isinstance(reply, str) else reply.decode()
