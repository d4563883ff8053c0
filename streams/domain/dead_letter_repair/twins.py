"""Letters that a mapping would make one: a name for `id` that is not each letter's own would lose all but the first."""

from hashlib import blake2b

import orjson

from events.cloudevents import open_event
from events.refusal import Refusal
from streams.domain.dead_letter_repair.judging import Cured


class Twins:
    """Remembers what was cured, by `source` and `id`. Copies of one interaction are equal, so they are no twins."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}

    def has(self, cured: Cured) -> bool:
        """Whether another interaction under the same `source` and `id` was seen before; else this one is now."""
        event = open_event(cured.value, cured.headers)
        if isinstance(event, Refusal):
            return False
        name = _hash([event.get("source"), event.get("id")])
        content = _hash(event)
        return self._known.setdefault(name, content) != content


def _hash(said: object) -> bytes:
    return blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
