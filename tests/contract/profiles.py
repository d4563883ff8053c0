"""What the Redis sink holds under one key, field by field, with the version: readers of the product follow links."""

from redis.asyncio import Redis

from sinks.base import Stored
from sinks.keys import contact_key, identity_key, text


async def read_profile(client: Redis, contact_id: str) -> Stored | None:
    """Return what is held of a contact, None when it is unknown. Raises RedisError."""
    found = await client.hmget(contact_key(contact_id), ["version", "state", "merged_into", "erased"])
    version, state, merged_into, erased = found
    if version is None:
        return None
    profile = state.encode() if isinstance(state, str) else state
    return Stored(int(version), profile, None if merged_into is None else text(merged_into), erased is not None)


async def contact_of(client: Redis, identity_hash: str) -> str | None:
    """Return the contact_id that goes by a hashed identifier, None when it is unknown. Raises RedisError."""
    found = await client.get(identity_key(identity_hash))
    return None if found is None else text(found)
