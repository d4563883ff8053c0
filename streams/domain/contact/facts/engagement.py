"""What is kept of an open or a click: what tells a person's from a program's, and nothing that tells who it was."""

from zlib import crc32

from msgspec import Struct

from events.registry import ENGAGEMENTS
from streams.domain.human import Agent

DEEDS = frozenset(ENGAGEMENTS)


class Deed(Struct, frozen=True, array_like=True, gc=False, tag=12):
    """An open or a click of a message. `link`: a checksum of the URL, which is not kept; None: no URL was reported."""

    message_id: str
    machine: bool | None = None
    agent: Agent = Agent.ABSENT
    link: int | None = None


def link_of(url: str | None) -> int | None:
    """What tells one URL from another, in 32 bits."""
    return checksum_of(url)


def checksum_of(text: str | None) -> int | None:
    """What tells one text from another, in 32 bits; of nothing nothing."""
    return crc32(text.encode(errors="surrogatepass")) if text else None
