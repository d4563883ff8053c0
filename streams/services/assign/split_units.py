"""Whether all of a household or turf got the same: they do not where its people are in strata that are split otherwise.

A household is kept as eight bytes a row, never by its id: a million rows need 40 MB at most, when they are sorted.
"""

from array import array
from typing import NamedTuple

import numpy as np

from events.experiments import ExperimentDefinition
from streams.services.assign.list_units import Unit

_ARM_BITS = 6
"""There are 33 variants at most, the holdout included."""
_HASH = (1 << (64 - _ARM_BITS)) - 1


class Parted(NamedTuple):
    """Of so many `units` that are in the experiment, so many are in `several` variants."""

    several: int
    units: int


class Together:
    """Hears what each unit was given. Nothing of it is kept where all strata are split alike, or people are the units.

    Two of a million households are taken for one in two of a million lists.
    """

    def __init__(self, definition: ExperimentDefinition) -> None:
        strata = definition.strata
        self._may_part = definition.unit != "contact" and strata is not None and bool(strata.splits)
        self._arms = {arm: number for number, arm in enumerate(definition.arms)}
        self._seen = array("Q")

    def hear(self, unit: Unit, variant: str) -> None:
        """A row and its variant."""
        if self._may_part:
            self._seen.append((hash(unit.text) & _HASH) << _ARM_BITS | self._arms[variant])

    def parted(self) -> Parted | None:
        """How many are not together; None where that cannot be."""
        if not self._may_part:
            return None
        pairs = np.unique(np.frombuffer(self._seen, np.uint64))
        _, variants = np.unique(pairs >> np.uint64(_ARM_BITS), return_counts=True)
        return Parted(int(np.count_nonzero(variants > 1)), len(variants))
