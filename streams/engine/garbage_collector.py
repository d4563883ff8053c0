"""Python's cyclic garbage collector, kept from walking over what is no garbage.

A worker holds tens of thousands of records and states at a time, none of them in a cycle, and makes new ones all the
time. With Python's usual thresholds the collector walked over them again and again: a quarter of a worker's CPU.
"""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG_OBJECTS = 100_000
"""So many more objects made than freed start a collection of the young ones."""

_YOUNG_COLLECTIONS = 20
_MIDDLE_COLLECTIONS = 100


def collect_rarely() -> None:
    """Leave out what the program has loaded so far, and look at the rest rarely.

    To be called when a program starts, and again once it has loaded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, _YOUNG_COLLECTIONS, _MIDDLE_COLLECTIONS)


@contextmanager
def collecting_later() -> Iterator[None]:
    """Do not look for garbage for the length of a block, which makes much that is free again soon and in no cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def collect_what_was_closed() -> None:
    """Free the clients of partitions that were given up. To be called after each rebalance, when nothing flows yet.

    They are in cycles with hundreds of connections, and are old when they are closed: looked at as rarely as that, they
    held a hundred MB after ten rebalances. What restoring took for a moment, and what is free in between, goes back to
    the system: glibc keeps it, and it had doubled within nine minutes of which the second half held nothing more.
    """
    gc.collect()
    if _trim is not None:
        _trim(0)


_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Of glibc alone."""
