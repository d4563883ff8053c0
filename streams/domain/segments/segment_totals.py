"""How many are in a segment in all partitions together, and whether everybody has been judged by its edition."""

from collections.abc import Collection

from msgspec import Struct

from events.segments import SegmentCount, SegmentState


class SegmentTotal(Struct, frozen=True):
    """What all partitions say of a segment. `edition`: the one of the latest count; `as_of`: of the latest.

    `state`: `complete` once every partition says so of the same edition; `partitions`: how many say so of this one.
    """

    edition: str
    state: SegmentState
    members: int
    entered: int
    left: int
    as_of: str
    partitions: int


def added_up(counts: Collection[SegmentCount], partitions: int) -> SegmentTotal | None:
    """Add up what partitions say; None: none says anything. `partitions`: how many there are."""
    if not counts:
        return None
    latest = max(counts, key=lambda count: count["as_of"])
    edition = latest["edition"]
    done = sum(count["edition"] == edition and count["state"] == "complete" for count in counts)
    state: SegmentState = "complete" if done == partitions else "filling"
    if all(count["state"] == "withdrawn" for count in counts):
        state = "withdrawn"
    return SegmentTotal(
        edition,
        state,
        sum(count["members"] for count in counts),
        sum(count["entered"] for count in counts),
        sum(count["left"] for count in counts),
        latest["as_of"],
        done,
    )
