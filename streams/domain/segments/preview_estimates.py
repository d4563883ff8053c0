"""How many people a preview stands for, and between which numbers they are with 95 % confidence.

Each partition is a stratum, of which the contacts that come first by a hash are judged: a simple random sample without
replacement. The count is the stratified estimate, each partition's share of members weighed by how many contacts it
holds (Cochran, Sampling Techniques, 3rd ed. 1977, 5.3). Since contacts are spread over partitions by a hash too, every
partition has the same share but for chance, so the variance of the estimated share p is p (1 - p) / n, where 1 / n is
the sum of W² (1 - f) / judged over partitions: W is a partition's part of all contacts and f the part of it that was
judged (ibid., 5.9, with the finite population correction of 2.6). The interval is Wilson's score interval (Wilson,
Journal of the American Statistical Association 22, 1927) of p with that n, which holds for rare segments and for empty
samples too (Brown, Cai and DasGupta, Statistical Science 16, 2001). It is as wide as nothing once everybody is judged.

Where partitions have not answered, the others are taken for a sample of all: they stand for as many more.
"""

from collections.abc import Sequence
from math import ceil, floor, sqrt

from msgspec import Struct

Z = 1.959964
"""Of the normal distribution, 95 % lie within so many standard deviations."""


class PartitionCount(Struct, frozen=True):
    """What one partition has found: of so many contacts `known` so many `judged`, and so many of these `matched`."""

    known: int
    judged: int
    matched: int


class MemberEstimate(Struct, frozen=True):
    """How many it is about, and at least and at most with 95 % confidence; all are one number once it is certain."""

    count: int
    low: int
    high: int


def estimate(found: Sequence[PartitionCount], partitions: int) -> MemberEstimate | None:
    """Estimate how many there are in all `partitions` by what some or all have found; None: nothing can be said."""
    if not found or any(each.known and not each.judged for each in found):
        return None
    answered = len(found) / partitions
    known = sum(each.known for each in found)
    everybody = known / answered
    judged, matched = sum(each.judged for each in found), sum(each.matched for each in found)
    strata = [each for each in found if each.known]
    if not strata:
        return MemberEstimate(0, 0, 0) if answered == 1 else None
    share = sum(each.known / known * each.matched / each.judged for each in strata)
    spread = sum((each.known / known) ** 2 * (1 - answered * each.judged / each.known) / each.judged for each in strata)
    low, high = _wilson(share, spread)
    count = round(everybody * share)
    least, most = max(matched, floor(everybody * low)), min(round(everybody) - judged + matched, ceil(everybody * high))
    return MemberEstimate(min(max(count, least), most), least, most)


def _wilson(share: float, spread: float) -> tuple[float, float]:
    """Wilson's interval of a share by a sample whose size is 1 / `spread`."""
    if spread <= 0:
        return share, share
    room = Z * Z * spread
    middle = (share + room / 2) / (1 + room)
    half = Z * sqrt(share * (1 - share) * spread + room * spread / 4) / (1 + room)
    return max(0.0, middle - half), min(1.0, middle + half)
