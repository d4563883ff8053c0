"""What is said of segments: the JSON values of their topics, which other teams read too.

A segment is a rule about people. Times are RFC 3339, UTC, with milliseconds. `version`s of one contact only grow: that
of `contact-segments` and that of the change that led to it are the same.
"""

from typing import Literal, NotRequired

import orjson
from typing_extensions import TypedDict

ChangeCause = Literal["interaction", "time", "link", "merged", "defined", "withdrawn", "recounted", "erased"]
"""Why somebody entered or left: something was heard of the person; time went by; who is one person has changed, and
`merged` where an id went under another one; the segment was defined anew or withdrawn; everything was counted anew; the
person was erased."""
RUN_BY_ITSELF: tuple[ChangeCause, ...] = ("defined", "withdrawn", "recounted")
"""Causes that lie in definitions and tables: nothing has happened to the person, and nobody has come or gone."""

SegmentState = Literal["filling", "complete", "withdrawn"]
"""How far a partition is with an edition: people are still judged anew; all are; or members are still let go."""


class Membership(TypedDict):
    """Since when a person is in a segment, and by which edition of it they came in."""

    since: str
    edition: str


class ContactSegments(TypedDict):
    """The value of `contact-segments`: all segments that a person is in, by id, as was judged at `as_of`.

    Null once the person is erased or is shown under another id; somebody who has left all of them has an empty one.
    """

    version: int
    as_of: str
    segments: dict[str, Membership]


class SegmentChange(TypedDict):
    """The value of `segment-changes`: the segments that a person entered and left at one moment, for one cause.

    `profile_version`: of `contact-state` at that moment, and 0 where no profile was ever shown. An erasure names no
    segments: whoever follows forgets the id.
    """

    contact_id: str
    version: int
    at: str
    cause: ChangeCause
    entered: list[str]
    left: list[str]
    profile_version: int


class SegmentCount(TypedDict):
    """The value of `segment-counts`: of one segment in one partition; who reads adds up the partitions.

    `members`: who is in it now. `entered`, `left`: how often somebody came or went since the edition was defined,
    whom its definition or a recount let in or out left aside. An edition is complete once all partitions say so of it.
    """

    edition: str
    state: SegmentState
    members: int
    entered: int
    left: int
    as_of: str


class SegmentDefinitionTable(TypedDict):
    """The value of `segment-definitions`: a table `[[segment]]` as JSON; null once it is withdrawn.

    `members`: whether a list of its members is kept; not, where it is left out. At least one of `all`, `any` and
    `none`, whose conditions `docs/segments.md` names.
    """

    id: str
    owner: str
    members: NotRequired[bool]
    all: NotRequired[list[dict[str, object]]]
    any: NotRequired[list[dict[str, object]]]
    none: NotRequired[list[dict[str, object]]]


def keeps_members(definition: bytes) -> bool:
    """Whether a list of the members is kept of a segment that is defined so, as `segment-definitions` has it."""
    table: SegmentDefinitionTable = orjson.loads(definition)
    return table.get("members", False)
