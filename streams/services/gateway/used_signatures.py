"""Signatures that have been used, where a vendor's says nothing or too little of the body that it comes with.

Whoever has seen one such request could send its signature again with a body of their own. So each is good for one body:
the same again is a copy, which the fold drops; another is refused. Only while it is remembered, and in one process.
"""

from hashlib import blake2b
from secrets import token_bytes
from typing import Literal

from streams.services.gateway.signatures import Seal

MOST_SEALS = 500_000
"""Of one way to sign; about 75 MB."""


Use = Literal["first", "again", "used", "stale"]
"""Good for the first time, or for the same body again; used with another; so old that nobody knows."""


class UsedSeals:
    """Remembers between half of `most` and `most` seals, and with what body each came.

    In two generations: once the newer one holds half of them, the older one is forgotten. Of a seal as old as one that
    was forgotten nobody can say whether it has been used, so it is refused. Only digests are kept, under a key of this
    process, so that nobody can look for two bodies that are alike here.
    """

    def __init__(self, most: int = MOST_SEALS) -> None:
        self._half = most // 2
        self._key = token_bytes(16)
        self._new: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._latest_new = self._latest_old = self._forgotten = 0

    def take(self, seal: Seal, body: bytes) -> Use:
        """Whether the seal is good for this body. From now on it is for no other."""
        mark, used_with = self._digest(seal.text), self._digest(body)
        known = self._new.get(mark, self._old.get(mark))
        if known is not None:
            return "again" if known == used_with else "used"
        if seal.at <= self._forgotten:
            return "stale"
        if len(self._new) >= self._half:
            self._forgotten = max(self._forgotten, self._latest_old)
            self._old, self._new = self._new, {}
            self._latest_old, self._latest_new = self._latest_new, 0
        self._new[mark] = used_with
        self._latest_new = max(self._latest_new, seal.at)
        return "first"

    def give_back(self, seal: Seal) -> None:
        """Forget it: what it came with was not kept, and the vendor will send it again in whatever form."""
        mark = self._digest(seal.text)
        self._new.pop(mark, None)
        self._old.pop(mark, None)

    def _digest(self, text: bytes) -> int:
        return int.from_bytes(blake2b(text, key=self._key, digest_size=8).digest())
