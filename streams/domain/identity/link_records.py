"""Records around the fold of identities: links that come in, canonical ids that change, and findings."""

from typing import NamedTuple, TypeGuard

from events.identity_links import (
    CommandStamp,
    EdgeWithdrawal,
    ErasureCompletion,
    FragmentErasure,
    IdentityEdge,
    IdentityLink,
    read_link,
    write_link,
)
from events.refusal import Refusal
from streams.domain.identity.deferred_erasures import DeferredRecord
from streams.domain.identity.link_changes import FindingKind


class LinkRecord(NamedTuple):
    """A record of `identity-links`: its link, its offset, and when the broker appended it (ms since 1970)."""

    link: IdentityLink
    offset: int
    at: int


class CanonicalIdChange(NamedTuple):
    """The canonical id of a node has changed. `roof`: the new one, None: it stands alone. `version` only grows.

    Its own name as `roof`: it has no other, but a command makes it one with others, so it is to tell its class. `asks`:
    it is to say so also if it does not know, since an erasure waits for that.
    """

    node: str
    version: int
    roof: str | None
    erased: CommandStamp | None = None
    asks: bool = False


class LinkFinding(NamedTuple):
    """An identifier to look at: from now on it links nobody, or no further command links it.

    `by`: the record that made it so.
    """

    finding: FindingKind
    node: str
    by: LinkRecord


def deferred(heard: LinkRecord) -> DeferredRecord:
    """A record as it is stored while it waits."""
    return DeferredRecord(*write_link(heard.link), heard.offset, heard.at)


def undeferred(record: DeferredRecord) -> LinkRecord:
    """A record that has waited, as it came."""
    link = read_link(record.key, record.value)
    if isinstance(link, Refusal):  # it was read when it came
        raise ValueError(link.detail)
    return LinkRecord(link, record.offset, record.at)


def is_of_itself(link: IdentityLink) -> TypeGuard[IdentityEdge | EdgeWithdrawal]:
    """Whether a link is what a fragment tells of itself alone, not an edge."""
    return isinstance(link, IdentityEdge | EdgeWithdrawal) and link.a == link.b


def names_in(link: IdentityLink) -> tuple[str, ...]:
    """The nodes that a link names."""
    return (link.fragment,) if isinstance(link, FragmentErasure | ErasureCompletion) else (link.a, link.b)
