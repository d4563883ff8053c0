"""Conditions as alternatives, each of which wants certain positions of certain dials: all judged at once.

Whatever is said of one dial becomes one set of positions: any of fifty regions is one alternative and not fifty.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from streams.domain.segments.conditions import Condition, Node
from streams.domain.segments.dials import Dial, Scale, setting_of

Alternative: TypeAlias = Mapping[Dial, int]
"""The positions at which each dial has to be, as bits; of other dials any will do."""

MOST_ALTERNATIVES = 64

ALWAYS: Sequence[Alternative] = ({},)
NEVER: Sequence[Alternative] = ()


class TooManyAlternatives(Exception):
    """Conditions that multiply to more than `MOST_ALTERNATIVES`."""


class Scales(Struct, frozen=True):
    """The scale of each dial that is read."""

    of: Mapping[Dial, Scale]

    def wanted(self, condition: Condition, *, yes: bool) -> tuple[Dial, int]:
        """The positions of its dial at which a condition holds, or at which it does not."""
        setting = setting_of(condition)
        scale = self.of[setting.dial]
        positions = scale.let_in(setting)
        return setting.dial, positions if yes else scale.everywhere ^ positions


def alternatives(node: Node, scales: Scales, *, yes: bool = True) -> Sequence[Alternative]:
    """The alternatives of which one has to be true for conditions to hold (`yes`) or not to hold.

    Raises `TooManyAlternatives`.
    """
    if isinstance(node, Condition):
        dial, positions = scales.wanted(node, yes=yes)
        return _tidied([{dial: positions}], scales)
    each = [alternatives(part, scales, yes=yes) for part in node.all]
    without = [alternatives(part, scales, yes=not yes) for part in node.none]
    some = [alternatives(part, scales, yes=yes) for part in node.any]
    if yes:
        return _all_of([*each, *without, *([_any_of(some, scales)] if some else [])], scales)
    return _any_of([*each, *without, *([_all_of(some, scales)] if some else [])], scales)


def _all_of(parts: Iterable[Sequence[Alternative]], scales: Scales) -> Sequence[Alternative]:
    found = ALWAYS
    for part in parts:
        found = _tidied([_both(one, other) for one in found for other in part], scales)
    return found


def _any_of(parts: Iterable[Sequence[Alternative]], scales: Scales) -> Sequence[Alternative]:
    return _tidied([each for part in parts for each in part], scales)


def _both(one: Alternative, other: Alternative) -> Alternative:
    found = {**one}
    for dial, positions in other.items():
        found[dial] = found.get(dial, positions) & positions
    return found


def _tidied(found: Iterable[Alternative], scales: Scales) -> Sequence[Alternative]:
    """Without those that are never true, each once, and with all that want one dial alone in one."""
    alone: dict[Dial, int] = {}
    others: dict[frozenset[tuple[Dial, int]], Alternative] = {}
    for each in found:
        if not all(each.values()):
            continue
        wanting = {dial: positions for dial, positions in each.items() if positions != scales.of[dial].everywhere}
        if not wanting:
            return ALWAYS
        if len(wanting) == 1:
            ((dial, positions),) = wanting.items()
            alone[dial] = alone.get(dial, 0) | positions
        else:
            others[frozenset(wanting.items())] = wanting
    if any(positions == scales.of[dial].everywhere for dial, positions in alone.items()):
        return ALWAYS
    tidy = [*({dial: positions} for dial, positions in alone.items()), *others.values()]
    if len(tidy) > MOST_ALTERNATIVES:
        raise TooManyAlternatives
    return tidy
