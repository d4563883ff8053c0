"""Assignment of units to variants, by hashes of the unit alone, so that anybody finds the same, in any language.

Each question has a hash of its own: whether one is in the experiment's slice, whether one is held out, which variant.
So a slice that grows takes people in and moves nobody, and a holdout that grows moves people into it and no others.

    point(purpose, salt, unit) = first 8 bytes of SHA-256(purpose + US + salt + US + unit), as an unsigned big-endian
                                 integer, shifted right by 11 bits, divided by 2 to the power of 53

All text is UTF-8, US is the byte 0x1F. The point is in [0, 1), and exact in a double. In this order:

1. rolled out: `rollout_variant` for everybody.
2. exclusion: in the experiment only where from <= point("exclusion", group, unit) < to.
3. holdout: where point("holdout", salt, unit) < holdout.
4. split: point("variant", salt, unit) falls to the first variant, by the order of the names' bytes in UTF-8, for which
   it is less than the sum of the weights up to and with it, divided by the sum of all, as doubles. A stratum with
   weights of its own uses those.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import Literal, TypeAlias

from events.experiments import HOLDOUT, ExperimentDefinition

Purpose: TypeAlias = Literal["exclusion", "holdout", "variant"]
_SEPARATOR = b"\x1f"
_UNUSED_BITS = 11
_RANGE = float(1 << 53)


class HashPoint:
    """Hashes units to points in [0, 1), for one purpose and salt."""

    __slots__ = ("_begun",)

    def __init__(self, purpose: Purpose, salt: str) -> None:
        self._begun = hashlib.sha256(_SEPARATOR.join((purpose.encode(), salt.encode(), b"")))

    def of(self, unit: str) -> float:
        """The point of one unit."""
        hashed = self._begun.copy()
        hashed.update(unit.encode())
        return (int.from_bytes(hashed.digest()[:8]) >> _UNUSED_BITS) / _RANGE


class _Split:
    """Variants in the order of their names, each with the point at which it ends."""

    __slots__ = ("_ends", "_names")

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._names = sorted(weights, key=str.encode)
        total = sum(weights.values())
        self._ends = [upto / total for upto in accumulate(weights[name] for name in self._names)]

    def at(self, point: float) -> str:
        return self._names[bisect_right(self._ends, point)]


class VariantAssigner:
    """Assigns units to the variants of one experiment."""

    def __init__(self, definition: ExperimentDefinition) -> None:
        self._rollout = definition.rollout_variant if definition.phase == "rollout" else None
        self._slice = definition.exclusion
        self._group = None if self._slice is None else HashPoint("exclusion", self._slice.group)
        self._holdout = definition.holdout
        self._held = HashPoint("holdout", definition.salt)
        self._place = HashPoint("variant", definition.salt)
        self._split = _Split(definition.variants)
        splits = definition.strata.splits if definition.strata else {}
        self._splits = {stratum: _Split(weights) for stratum, weights in splits.items()}

    def variant_of(self, unit: str, stratum: str = "") -> str | None:
        """The variant of a unit: a person's identifier, or the name of a household or turf; None: not in it.

        `stratum`: what the column of the strata says.
        """
        if self._rollout is not None:
            return self._rollout
        if not self._is_in_slice(unit):
            return None
        if self._holdout and self._held.of(unit) < self._holdout:
            return HOLDOUT
        return self._splits.get(stratum, self._split).at(self._place.of(unit))

    def _is_in_slice(self, unit: str) -> bool:
        if self._slice is None or self._group is None:
            return True
        return self._slice.from_ <= self._group.of(unit) < self._slice.to


def assignment_id(definition: ExperimentDefinition, person: str, variant: str) -> str:
    """The id of a person's `experiment.assigned`: the same in every run, so that a second one is a copy.

    Of another variant, which a changed definition may give, it is another one: that is no copy, but contaminates.

    `person`: the identifier by which the person is named, an address as its keyed hash: from an id that was made of an
    address alone it could be guessed.
    """
    words = "assigned", definition.id, definition.salt, person, variant
    text = _SEPARATOR.join(word.encode() for word in words)
    return hashlib.sha256(text).hexdigest()[:32]
