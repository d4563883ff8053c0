"""When a sink held all of a partition: at the moment for which it has reached what was the end then.

Under a steady load it never stands at the end of now. So an end is noted, and told once the sink has come so far.
"""

from collections.abc import Mapping

from faust.types import TP

from streams.engine.runs import End

OVERDUE_MS = 3000
"""An end that is not reached by then, with no chunk in hand, has nothing but transactions' markers before it."""


class Marks:
    """Of each partition the oldest end that was not reached yet."""

    def __init__(self) -> None:
        self._ends: dict[TP, End] = {}

    def note(self, ends: Mapping[TP, End]) -> None:
        """Take the ends of now, of the owned partitions and no others; one that is waited for stays."""
        self._ends = {**ends, **{tp: end for tp, end in self._ends.items() if tp in ends}}

    def reached(self, tp: TP, offset: int) -> End | None:
        """The end that was waited for, once, if everything below `offset` is in the sink and that is far enough."""
        end = self._ends.get(tp)
        return self._ends.pop(tp) if end is not None and end.offset <= offset else None

    def is_overdue(self, tp: TP, offset: int, now: int) -> bool:
        """Whether it is beyond `offset`, and has been for too long for a chunk to be on its way."""
        end = self._ends.get(tp)
        return end is not None and end.offset > offset and now - end.at > OVERDUE_MS
