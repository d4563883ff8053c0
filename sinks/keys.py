"""The names of the sink's keys: the public ones of the contract, and its own under `sink:`.

`clear` has to find the contacts of one partition among all keys, so the partition is computed from the name exactly
as Kafka's default partitioner computes it from the record's key.
"""

from sinks.murmur2 import murmur2

CONTACT = "contact:"
IDENTITY = "identity:"


def contact_key(contact_id: str) -> str:
    """Name the hash of one contact."""
    return CONTACT + contact_id


def identity_key(identity_hash: str) -> str:
    """Name the string that leads from a hashed identifier to its contact_id."""
    return IDENTITY + identity_hash


def position_key(partition: int) -> str:
    """Name the hash with the sink's position in one partition of `contact-state`."""
    return f"sink:contact-state:{partition}"


def partition_of(contact_id: str, partitions: int) -> int:
    """Return the partition of `contact-state`, of `partitions`, that holds this contact."""
    return (murmur2(contact_id.encode()) & 0x7FFFFFFF) % partitions


def text(reply: bytes | str) -> str:
    """Read a key or word from Redis, whether or not the client decodes its replies."""
    return reply if isinstance(reply, str) else reply.decode()
