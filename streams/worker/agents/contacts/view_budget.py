"""Whether it pays to make views of states (`derived_view`): it does where people are heard of several times in a row.

To make a view costs about as much as to fold a record the full way, and each record that is folded with one that is
there saves about half of that. Views of those of whom nobody speaks a third time before many others save nothing.
"""

from typing import cast

from streams.domain.contact import ContactState
from streams.engine.decoded_states import States

FIRST = 64
MOST = 4_096
"""That may be saved up: of a chunk everybody may want a view at once."""
ONE_IN = 8
FOR_EACH_USE = 2
_MEMORY = "views"


class ViewBudget:
    """How many views may be made in a partition: a few, and two more for each record that is folded with one of them.

    Where few are used it runs out. Then one in eight is made all the same, so that it is noticed when that changes.
    """

    __slots__ = ("_left", "_refused")

    def __init__(self) -> None:
        self._left = FIRST
        self._refused = 0

    def may_make(self) -> bool:
        """Whether one more is to be made."""
        if self._left:
            self._left -= 1
            return True
        self._refused = (self._refused + 1) % ONE_IN
        return not self._refused

    def used(self) -> None:
        """Hear that a record was folded with a view that was there."""
        self._left = min(MOST, self._left + FOR_EACH_USE)


def view_budget_of(states: States[ContactState]) -> ViewBudget:
    """That of a partition, for as long as it is not opened again."""
    if _MEMORY not in states.memory:
        states.memory[_MEMORY] = ViewBudget()
    return cast(ViewBudget, states.memory[_MEMORY])
