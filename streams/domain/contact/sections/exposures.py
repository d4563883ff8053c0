"""Which variants of experiments a person was given: what interactions carried of them, and what stays of messages.

A message that the provider dropped assigned nobody. The drop may come before or after what carried the arm, so both
are kept one by one as long as either may still meet the other; what then stands, stands for ever. Which of them meet is
told by when they were appended, not by when they settle: so settling changes nothing that is seen. Only where two
fragments of a person were told of one message, one of its arm and the other of its drop, they meet for five weeks.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct

from streams.domain.contact.facts.event_order import Stamp

TOO_LATE = 30 * 24 * 3_600_000
"""A drop that is appended so long (ms) before or after what carried the arm of its message takes nothing back."""


class CarriedVariant(Struct, frozen=True, array_like=True, gc=False):
    """The variant that an interaction carried. Of `cluster`, household and turf, where they were named, checksums."""

    experiment: str
    variant: str
    cluster: int | None = None
    household: int | None = None
    turf: int | None = None


class MessageVariant(Struct, frozen=True, array_like=True, gc=False):
    """The variant that a settled message carried, with the stamp of the earliest interaction with it.

    `message_id` and `appended_at` are there while a drop may still take it back, else empty and 0.
    """

    time: int
    source: str
    id: str
    arm: CarriedVariant
    message_id: str = ""
    appended_at: int = 0

    @property
    def stamp(self) -> Stamp:
        """Its place among what happened."""
        return self.time, self.source, self.id


Drop: TypeAlias = tuple[str, int]
"""The message that was dropped, and when the word of it was appended (ms)."""

Drops: TypeAlias = Mapping[str, Collection[int]]
"""When what says that a message was dropped was appended, by message."""


def by_message(drops: Iterable[Drop]) -> Drops:
    """The same, to be looked up."""
    found: dict[str, list[int]] = {}
    for message_id, appended_at in drops:
        found.setdefault(message_id, []).append(appended_at)
    return found


def is_dropped(message_id: str, appended_at: int, drops: Drops) -> bool:
    """Whether a drop takes back what was said of a message, which was appended at a time (ms)."""
    return any(abs(at - appended_at) <= TOO_LATE for at in drops.get(message_id, ()))


def closed(
    arms: tuple[MessageVariant, ...], drops: tuple[Drop, ...], since: int
) -> tuple[tuple[MessageVariant, ...], tuple[Drop, ...]]:
    """What is to be kept of `arms` and `drops`, which are all of messages that have settled.

    What was appended before `since` (ms) can meet nothing any more.
    """
    if not drops and not any(each.message_id and each.appended_at < since for each in arms):
        return arms, drops
    kept = [
        each if each.appended_at >= since or not each.message_id else MessageVariant(*each.stamp, each.arm)
        for each in _standing(arms, drops)
    ]
    return all_arms(kept), tuple(drop for drop in drops if drop[1] >= since)


def all_arms(arms: Iterable[MessageVariant], drops: Collection[Drop] = ()) -> tuple[MessageVariant, ...]:
    """Each variant of each message once, sorted: the earliest of those that no drop takes back.

    A later one stays too if it was appended before that one: a drop that is still to come might take back the earlier
    one alone. One that is known may do so either way, so it comes first.
    """
    known: dict[tuple[str, str, str], list[MessageVariant]] = {}
    for each in _standing(arms, drops):
        known.setdefault((each.arm.experiment, each.arm.variant, each.message_id), []).append(each)
    return tuple(each for key in sorted(known) for each in _needed(known[key]))


def _standing(arms: Iterable[MessageVariant], drops: Collection[Drop]) -> Iterable[MessageVariant]:
    if not drops:
        return arms
    known = by_message(drops)
    return (each for each in arms if not is_dropped(each.message_id, each.appended_at, known))


def _needed(arms: list[MessageVariant]) -> list[MessageVariant]:
    if len(arms) == 1:
        return arms
    found: list[MessageVariant] = []
    for each in sorted(arms, key=lambda each: (each.stamp, each.appended_at)):
        if not found or each.appended_at < found[-1].appended_at:
            found.append(each)
    return found


def all_drops(*groups: Iterable[Drop]) -> tuple[Drop, ...]:
    """Each once, sorted."""
    return tuple(sorted({drop for group in groups for drop in group}))
