"""Deferred erasures: they wait until the class of every node that they may reach is known, with all that follows.

A command knows hashes only: whom it makes one with others may be a voter of whom nobody has said of which state, and an
erasure would reach another voter of that state who uses the same address. So the fragments of such nodes are asked
first. Meanwhile all that has a say in whom the erasure reaches is held: it is told nothing, and what names it, or would
have it told something, waits in its order. Then everything is folded as if the answers had come before the erasure,
each record under the offset that it had: what was said behind the command neither widens nor narrows it.

Every wait ends. The question is told in the transaction that begins the wait, and the partition of whoever is asked
answers it, whatever is or is not known there, in the one by which it has read the question or as soon as it has folded
what `interactions` held by then: also if nothing was ever heard of them, if they were erased meanwhile, or if the
command was taken back. An answer is heard past all that waits,
so no wait hangs on another one. Only an older version reads a question and knows of no answer: so whoever finds roofs
asks again every few seconds until a newer one has taken its place.
"""

from collections.abc import Sequence

from msgspec import Struct

MOST_BEHIND = 1_000
"""Records that may wait: they have room in one state, of 4.5 kB each. With more, nobody is waited for any longer."""

MOST_HELD = 20_000
"""Nodes that may be held by one erasure; with more, nobody is waited for any longer."""


class DeferredRecord(Struct, frozen=True, array_like=True, gc=False):
    """A record of `identity-links` as it came, with its offset and when the broker appended it (ms since 1970)."""

    key: bytes
    value: bytes | None
    offset: int
    at: int


class ErasureWait(Struct, frozen=True, array_like=True):
    """An erasure that waits, the nodes that it holds, and the records that wait behind it.

    `held`: the nodes, each with the offset since which it is told nothing. `asked`: those of them that have not
    answered, each with the version of its question. `answers`: what the others said. `behind`: the records, an erasure
    first, in the order of their offsets.
    """

    held: dict[str, int] = {}
    asked: dict[str, int] = {}
    answers: dict[str, DeferredRecord] = {}
    behind: tuple[DeferredRecord, ...] = ()


def merge_waits(waits: Sequence[ErasureWait]) -> ErasureWait:
    """One wait instead of several, for as long as any of them; of a node the last one counts."""
    answers = {name: answer for each in waits for name, answer in each.answers.items()}
    asked = {name: version for each in waits for name, version in each.asked.items() if name not in answers}
    held = {name: since for each in waits for name, since in each.held.items()}
    behind = sorted((kept for each in waits for kept in each.behind), key=_offset)
    return ErasureWait(held, asked, answers, tuple(behind))


def is_overfull(waiting: ErasureWait) -> bool:
    """Whether more waits than there is room for."""
    return len(waiting.behind) > MOST_BEHIND or len(waiting.held) > MOST_HELD


def _offset(kept: DeferredRecord) -> int:
    return kept.offset
