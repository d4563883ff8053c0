"""Contact profiles in Redis, with the position in the same call, so that the two can never disagree.

Needs one server (no cluster) that does not evict (`maxmemory-policy noeviction`): a contact that Redis drops by itself
would be missed by nobody. `clear` also asks INFO, to notice a restart in the middle of its scan.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Sequence
from copy import copy
from typing import Self, TypeVar

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from events.identifiers import is_identity_hash
from events.topics import CONTACT_STATE
from sinks import scripts
from sinks.asking import TIMEOUT_S, ask
from sinks.base import Change, Position, SinkUnavailable, Whole
from sinks.batch import newest, pack, parts
from sinks.keys import CONTACT, TOPICS, contact_key, identity_key, partition_of, position_key, text
from sinks.outage import Outage

Answer = TypeVar("Answer")

CALL_BYTES = 2 << 20
"""Most bytes of one call: Redis serves nobody else during it, about 5 ms for 1,500 contacts."""
SCAN_COUNT = 1000


class RedisSink:
    """A ContactSink on one Redis or Valkey server, which it takes over from the caller and closes.

    `client` had better not retry by itself: a repeated write whose first answer was lost is refused, and costs the
    caller a question for the position.
    `stale_after` and `timeout` are seconds: how old a position may be, by the server's clock, and how long a call may
    take, connecting included. Two sinks may work on one partition (a frozen owner wakes up): at most one gets on.
    """

    def __init__(
        self, client: Redis, *, stale_after: float, timeout: float = TIMEOUT_S, outage: Outage | None = None
    ) -> None:
        self._client = client
        self.topic = CONTACT_STATE
        self._stale_after = str(round(stale_after * 1000))
        self._timeout = timeout
        self._outage = outage or Outage()
        self._position = client.register_script(scripts.POSITION)
        self._touch = client.register_script(scripts.TOUCH)
        self._whole = client.register_script(scripts.WHOLE)
        self._write = client.register_script(scripts.WRITE)
        self._claim = client.register_script(scripts.CLAIM)
        self._remove = client.register_script(scripts.REMOVE)

    def reading(self, topic: str) -> Self:
        """See ContactSink."""
        other = copy(self)
        other.topic = topic
        return other

    async def position(self, partition: int) -> Position | None:
        """See ContactSink."""
        found = await self._ask(self._position(keys=[self._place(partition)], args=[self._stale_after]))
        return None if found is None else Position(text(found[0]), int(found[1]))

    async def touch(self, partition: int, position: Position) -> bool:
        """See ContactSink."""
        return await self._did(self._touch, [self._place(partition)], [self._stale_after, *_words(position)])

    async def whole(self, partition: int, position: Position, standing: Whole) -> bool:
        """See ContactSink."""
        told = [self._stale_after, *_words(position), str(standing.age_ms), str(standing.partitions)]
        return await self._did(self._whole, [self._place(partition)], told)

    async def write(self, partition: int, changes: Sequence[Change], before: Position | None, after: Position) -> bool:
        """See ContactSink. All parts of a long run but the last leave the position where it is, under a claim."""
        todo = list(parts(newest(changes), CALL_BYTES))
        claim = secrets.token_hex(8) if len(todo) > 1 else ""
        for number, part in enumerate(todo, start=1):
            last = number == len(todo)
            found = [*_words(before), claim if number > 1 else ""]
            left = [*_words(after if last else before), "" if last else claim]
            if not await self._write_part(partition, [*found, *left, *pack(part)]):
                return False
        return True

    async def clear(self, partition: int, partitions: int) -> None:
        """See ContactSink. Looks at every key of the database: about 7 µs of the caller's CPU for each contact."""
        keys, claim = [position_key(partition, topic) for topic in TOPICS], secrets.token_hex(8)
        server = await self._server()
        await self._did(self._claim, keys, [claim])
        async for found in self._contacts():
            mine = [contact_id for contact_id in found if partition_of(contact_id, partitions) == partition]
            await self._hold(self._remove, keys + _keys_of(mine), claim)
        if await self._server() != server:
            raise SinkUnavailable("redis: restarted during a scan", self._outage.failed())
        await self._hold(self._remove, keys + keys, claim)  # nothing but the claim is left in them

    async def close(self) -> None:
        """See ContactSink."""
        await self._client.aclose()

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
        """Who answers; a scan is complete only if it was one process from start to end."""
        return str((await self._ask(self._client.info("server")))["run_id"])

    def _place(self, partition: int) -> str:
        return position_key(partition, self.topic)

    async def _hold(self, script: AsyncScript, keys: list[str], claim: str) -> None:
        if not await self._did(script, keys, [claim, str(len(TOPICS))]):
            raise SinkUnavailable("redis: another owner is at this partition", self._outage.failed())

    async def _did(self, script: AsyncScript, keys: list[str], args: Sequence[str | bytes]) -> bool:
        return bool(await self._ask(script(keys=keys, args=args)))

    async def _ask(self, call: Awaitable[Answer]) -> Answer:
        return await ask(call, self._outage, self._timeout)


def _words(position: Position | None) -> tuple[str, str]:
    return ("", "") if position is None else (position.topic_id, str(position.offset))


def _keys_of(contact_ids: Sequence[str]) -> list[str]:
    own = [contact_key(contact_id) for contact_id in contact_ids]
    return own + [identity_key(contact_id) for contact_id in contact_ids if is_identity_hash(contact_id)]
