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

Some are told less (`told_estimate`): a number below ten says something of one person, and two that differ by one do.
"""

from collections.abc import Sequence
from math import ceil, floor, sqrt

from msgspec import Struct

FEWEST = 10
"""Judged members, at least, before anything is told that depends on how many they are; numbers are told in tens."""

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


class ToldEstimate(Struct, frozen=True):
    """An estimate as it is told to whoever may not learn of one person; `count` None: fewer than ten were found."""

    count: int | None
    low: int
    high: int


def estimate(found: Sequence[PartitionCount], partitions: int) -> MemberEstimate | None:
    """Estimate how many there are in all `partitions` by what some or all have found; None: nothing can be said."""
    if not found or any(each.known and not each.judged for each in found):
        return None
    strata = [each for each in found if each.known]
    if not strata:
        return MemberEstimate(0, 0, 0) if len(found) == partitions else None
    share = sum(each.matched * weight for each, weight in zip(strata, _weights(strata), strict=True))
    return _around(share, sum(each.matched for each in found), found, partitions)


def told_estimate(found: Sequence[PartitionCount], partitions: int) -> ToldEstimate | None:
    """An estimate of which nobody learns of one person: the same for 0 to 9 judged members, and in tens above."""
    whole = estimate(found, partitions)
    if whole is None:
        return None
    if sum(each.matched for each in found) >= FEWEST:
        count, low, high = whole.count / FEWEST, whole.low / FEWEST, whole.high / FEWEST
        return ToldEstimate(round(count) * FEWEST, floor(low) * FEWEST, ceil(high) * FEWEST)
    strata = [each for each in found if each.known]
    if not strata:
        return ToldEstimate(None, 0, FEWEST - 1)
    most = _around(min(1.0, (FEWEST - 1) * max(_weights(strata))), FEWEST - 1, found, partitions).high
    return ToldEstimate(None, 0, most if most < FEWEST else ceil(most / FEWEST) * FEWEST)


def _weights(strata: Sequence[PartitionCount]) -> list[float]:
    """What share of everybody one judged contact of each partition stands for."""
    known = sum(each.known for each in strata)
    return [each.known / known / each.judged for each in strata]


def _around(share: float, matched: int, found: Sequence[PartitionCount], partitions: int) -> MemberEstimate:
    """The estimate around a share of everybody; `matched` were found among those judged."""
    answered, known = len(found) / partitions, sum(each.known for each in found)
    everybody, judged = known / answered, sum(each.judged for each in found)
    strata = [each for each in found if each.known]
    spread = sum((each.known / known) ** 2 * (1 - answered * each.judged / each.known) / each.judged for each in strata)
    low, high = _wilson(share, spread)
    least = max(matched, floor(everybody * low))
    most = max(matched, min(round(everybody) - judged + matched, ceil(everybody * high)))
    return MemberEstimate(min(max(round(everybody * share), least), most), least, most)


def _wilson(share: float, spread: float) -> tuple[float, float]:
    """Wilson's interval of a share by a sample whose size is 1 / `spread`."""
    if spread <= 0:
        return share, share
    room = Z * Z * spread
    middle = (share + room / 2) / (1 + room)
    half = Z * sqrt(share * (1 - share) * spread + room * spread / 4) / (1 + room)
    return max(0.0, middle - half), min(1.0, middle + half)
