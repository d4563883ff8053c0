"""What one person adds to the sums of one experiment: kept with the contact, so that it can be taken back."""

from typing import TypeAlias

from msgspec import Struct

Value: TypeAlias = tuple[int, int, int, int]
"""Of a metric: its place in `METRICS`, the outcome in the window, the same in the days before assignment, and the
outcome before it was winsorised: of one person never more than the largest gift that is taken in.

Of opens and clicks the last one is less by `UNKNOWN` where some of them may not be known any more."""

UNKNOWN = 1
"""Taken off the last number of a `Value`, so that the sums tell of how many people opens or clicks are not known."""

GROUPS = 128
"""Households and turfs are put together by a hash into so many groups, so that their spread can be told from sums."""


class Contribution(Struct, frozen=True, array_like=True, gc=False):
    """A person's contribution to the sums of one experiment. `day`: of assignment, in days since 1970, UTC.

    `edition`: of the rule by which this was counted. `group`: of the household or turf, in 0 to `GROUPS` - 1; -1 where
    each person is a unit. `contaminated`: was given another variant as well, later. `values`: those that are not all 0.
    """

    experiment: str
    variant: str
    day: int
    edition: str = ""
    group: int = -1
    contaminated: bool = False
    values: tuple[Value, ...] = ()
