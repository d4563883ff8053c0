"""What the links agent hears, what it tells, and what it finds: the records around a fold."""

from typing import NamedTuple, TypeGuard

from events.links import Command, Erased, Forgotten, Link, Seen, Unseen, read_link, write_link
from events.refusal import Refusal
from streams.domain.identity.changed_parts import Finding
from streams.domain.identity.deferred_erasures import DeferredRecord


class LinkRecord(NamedTuple):
    """A record: what it says, its offset, and when the broker appended it (ms since 1970)."""

    link: Link
    offset: int
    at: int


class RoofTold(NamedTuple):
    """What is to be told of a node. `roof` None: it stands alone. `version` only grows for a node.

    Its own name as `roof`: it has no other, but a command makes it one with others, so it is to tell its class. `asks`:
    it is to say so also if it does not know, since an erasure waits for that.
    """

    node: str
    version: int
    roof: str | None
    erased: Command | None = None
    asks: bool = False


class Found(NamedTuple):
    """What somebody should look at: an identifier that from now on links nobody, or is linked by no further command.

    `by`: the record that made it so.
    """

    finding: Finding
    node: str
    by: LinkRecord


def kept(heard: LinkRecord) -> DeferredRecord:
    """As it waits."""
    return DeferredRecord(*write_link(heard.link), heard.offset, heard.at)


def unkept(record: DeferredRecord) -> LinkRecord:
    """As it came."""
    link = read_link(record.key, record.value)
    if isinstance(link, Refusal):  # it was read when it came
        raise ValueError(link.detail)
    return LinkRecord(link, record.offset, record.at)


def is_of_itself(link: Link) -> TypeGuard[Seen | Unseen]:
    """Whether a fragment tells of itself alone, not of an edge."""
    return isinstance(link, Seen | Unseen) and link.a == link.b


def names_in(link: Link) -> tuple[str, ...]:
    """The nodes that it names."""
    return (link.fragment,) if isinstance(link, Erased | Forgotten) else (link.a, link.b)
