"""Who is counted anew in a partition, in which order: one sweep at a time; what changes meanwhile waits for the next.

What drives a sweep are records that the partition writes to itself, each in the transaction of what it has done.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from events.topics import EXPERIMENT_SWEEPS
from streams.engine.writer import Output
from streams.worker.agents.experiments.registry import Book, Sweep

RECOUNT = b"recount"
"""Key of a record of `experiment-sweeps` that begins a sweep over all experiments; it has no value."""


class Step(Struct, frozen=True, array_like=True):
    """The next piece of a sweep: of which one, and the states behind which key."""

    number: int
    after: bytes = b""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Step).decode


def read_step(value: bytes | None) -> Step | None:
    """What a record says; None for one that says nothing."""
    try:
        return None if value is None else _decode(value)
    except (msgspec.DecodeError, RecursionError):
        return None


def step_record(partition: int, step: Step) -> Output:
    """The record that has the next piece done."""
    return Output(EXPERIMENT_SWEEPS, partition, b"sweep", _encode(step))


def recount_record(partition: int) -> Output:
    """The record that has everybody of a partition counted anew."""
    return Output(EXPERIMENT_SWEEPS, partition, RECOUNT, b"")


def begun(book: Book, partition: int, experiments: Iterable[str] | None) -> list[Output]:
    """Have these counted anew (None: all): now, or once what is under way has ended."""
    sweep = book.sweep
    wanted = None if experiments is None else tuple(sorted(experiments))
    if sweep is not None and sweep.is_under_way:
        book.sweeps(Sweep(sweep.number, sweep.experiments, _both(sweep.waiting, wanted)))
        return []
    return _begun(book, partition, 0 if sweep is None else sweep.number + 1, wanted)


def ended(book: Book, partition: int) -> list[Output]:
    """Begin the sweep that waits, if one does."""
    sweep = book.sweep or Sweep(0, ())
    if sweep.waiting == ():
        book.sweeps(Sweep(sweep.number, ()))
        return []
    return _begun(book, partition, sweep.number + 1, sweep.waiting)


def _begun(book: Book, partition: int, number: int, experiments: tuple[str, ...] | None) -> list[Output]:
    book.sweeps(Sweep(number, experiments))
    return [step_record(partition, Step(number))]


def _both(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if one is None or other is None else tuple(sorted({*one, *other}))
