"""The sink of contacts in Redis. Profiles and position are written in one call, so that they can never disagree.

Needs one server (no cluster) that does not evict (`maxmemory-policy noeviction`): nobody would notice that Redis has
dropped a contact. `clear` also calls INFO, to notice a restart in the middle of its scan.
"""

import secrets
from collections.abc import AsyncIterator, Sequence

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from events.identifiers import is_identity_hash
from events.topics import CONTACT_STATE
from sinks import redis_scripts
from sinks.base import ContactChange, Position, SinkUnavailable
from sinks.batch import cut_to_size, newest_changes, pack, weight_of
from sinks.keys import CONTACT, TOPICS, contact_key, identity_key, partition_of, position_key, text
from sinks.redis_call import TIMEOUT_S, Backoff
from sinks.redis_position import RedisPositions, position_words

CALL_BYTES = 2 << 20
"""Most bytes of one call: Redis serves nobody else during it, about 5 ms for 1,500 contacts."""
SCAN_COUNT = 1000


class RedisSink(RedisPositions):
    """The ContactSink on one Redis or Valkey server; for the parameters see `RedisPositions`."""

    def __init__(
        self, client: Redis, *, stale_after: float, timeout: float = TIMEOUT_S, backoff: Backoff | None = None
    ) -> None:
        super().__init__(client, CONTACT_STATE, stale_after=stale_after, timeout=timeout, backoff=backoff)
        self._write = client.register_script(redis_scripts.WRITE)
        self._claim = client.register_script(redis_scripts.CLAIM)
        self._remove = client.register_script(redis_scripts.REMOVE)

    async def write(
        self, partition: int, changes: Sequence[ContactChange], before: Position | None, after: Position
    ) -> bool:
        """See Sink. All calls for a long run but the last leave the position where it is, under a claim."""
        todo = list(cut_to_size(newest_changes(changes), CALL_BYTES, weight_of))
        claim = secrets.token_hex(8) if len(todo) > 1 else ""
        for number, part in enumerate(todo, start=1):
            last = number == len(todo)
            found = [*position_words(before), claim if number > 1 else ""]
            left = [*position_words(after if last else before), "" if last else claim]
            if not await self._write_part(partition, [*found, *left, *pack(part)]):
                return False
        return True

    async def clear(self, partition: int, partitions: int) -> None:
        """See Sink. Looks at every key of the database: about 7 µs of the caller's CPU for each contact."""
        keys, claim = [position_key(partition, topic) for topic in TOPICS], secrets.token_hex(8)
        server = await self._server()
        await self._did(self._claim, keys, [claim])
        async for found in self._contacts():
            mine = [contact_id for contact_id in found if partition_of(contact_id, partitions) == partition]
            await self._hold(self._remove, keys + _keys_of(mine), claim)
        if await self._server() != server:
            raise SinkUnavailable("redis: restarted during a scan", self._backoff.failed())
        await self._hold(self._remove, keys + keys, claim)  # nothing but the claim is left in them

    async def _write_part(self, partition: int, args: Sequence[str | bytes]) -> bool:
        return await self._did(self._write, [self._place(partition)], [self._stale_after, *args])

    async def _contacts(self) -> AsyncIterator[list[str]]:
        cursor = 0
        while True:
            cursor, keys = await self._ask(self._client.scan(cursor, match=CONTACT + "*", count=SCAN_COUNT))
            yield [text(key).removeprefix(CONTACT) for key in keys]
            if cursor == 0:
                return

    async def _server(self) -> str:
        """The id of the server process: a scan is complete only if one process answered from start to end."""
        return str((await self._ask(self._client.info("server")))["run_id"])

    async def _hold(self, script: AsyncScript, keys: list[str], claim: str) -> None:
        if not await self._did(script, keys, [claim, str(len(TOPICS))]):
            raise SinkUnavailable("redis: another owner is at this partition", self._backoff.failed())


def _keys_of(contact_ids: Sequence[str]) -> list[str]:
    own = [contact_key(contact_id) for contact_id in contact_ids]
    return own + [identity_key(contact_id) for contact_id in contact_ids if is_identity_hash(contact_id)]
