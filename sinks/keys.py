"""The names of all Redis keys, the contract's public ones and the sinks' own under `sink:`; and partitions of keys.

`clear` has to find the contacts of one partition among all keys, so the partition is computed from a name exactly as
Kafka's default partitioner computes it from the record's key.
"""

from collections.abc import Sequence

from murmurhash2 import murmurhash2

from events.regimes import REGIME_MARK
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
SEGMENT_TOPICS = tuple(topic.name for topic in read_by("segments"))
"""The topics of a sink of segments."""


def contact_key(contact_id: str) -> str:
    """The key of the hash of one contact."""
    return CONTACT + contact_id


def identity_key(identity_hash: str) -> str:
    """The key of the contact_id that a hashed identifier leads to."""
    return IDENTITY + identity_hash


def experiment_key(experiment_id: str) -> str:
    """The key of the result of one experiment, as JSON."""
    return EXPERIMENT + experiment_id


def segments_key(partition: int) -> str:
    """The key of the hash of a partition with the segments that each contact is in, as JSON."""
    return f"segments:{partition}"


def members_key(segment_id: str, partition: int) -> str:
    """The key of the sorted set of a partition with the members of a segment, by since when they are in it (ms)."""
    return f"segment:{segment_id}:{partition}"


def kept_members_key(partition: int) -> str:
    """The key of the hash of a partition that says how far the members of each segment are kept."""
    return f"sink:segment-members:{partition}"


def segment_definitions_key(partition: int) -> str:
    """The key of the hash of all definitions of segments; each partition has one that says the same."""
    return f"segment-definitions:{partition}"


def segment_counts_key(partition: int) -> str:
    """The key of the hash with how many of a partition are in each segment."""
    return f"segment-counts:{partition}"


def reservation_key(contact_id: str, channel: str) -> str:
    """The key of the reservation of a contact on a channel."""
    return f"reservation:{contact_id}:{channel}"


def reserved_list_key(list_id: str) -> str:
    """The key of the set of all that were reserved with a list, each as `contact_id:channel`."""
    return f"reservation-list:{list_id}"


def position_key(partition: int, topic: str = CONTACT_STATE) -> str:
    """The key of the hash with a sink's position in one partition of a topic."""
    return f"sink:{topic}:{partition}"


_KAFKAS_SEED = 0x9747B28C
"""With which Kafka's default partitioner hashes keys."""

KEY_IDS = "key_ids"
"""Field of the position in `campaign-holds`: `Hasher.key_ids` of the workers, the writing key first, and their mark.

The mark is that of their regime (`regime_mark`); workers of before left none.
"""


def shares_regime(workers: bytes | str | None, own: Sequence[str]) -> bool:
    """Whether workers and a process have one mark; who has left none counts as the same."""
    theirs, ours = _mark(text(workers or "").split()), _mark(own)
    return theirs is None or ours is None or theirs == ours


def _mark(ids: Sequence[str]) -> str | None:
    return next((each for each in ids if each.startswith(REGIME_MARK)), None)


def shares_key(workers: bytes | str | None, own: Sequence[str]) -> bool:
    """Whether hashes of a process with keys of these ids (the writing one first) are those of the workers.

    `workers`: what they have written; of workers that write nothing nobody can tell, so they count as the same. While
    a key is changed one side has the new one already: it is enough that either writes with a key the other reads.
    """
    theirs = text(workers or "").split()
    return not theirs or not own or own[0] in theirs or theirs[0] in own


def partition_of(contact_id: str, partitions: int) -> int:
    """The partition, of `partitions`, that a contact has in every topic keyed by contacts."""
    return (murmurhash2(contact_id.encode(), _KAFKAS_SEED) & 0x7FFFFFFF) % partitions


def text(reply: bytes | str) -> str:
    """A key or word of a Redis reply as text, whether or not the client decodes replies."""
    return reply if isinstance(reply, str) else reply.decode()
