"""How interactions come in: some late, some again, some spoilt, as real feeds bring them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from random import Random

from streams.demo.encoding import attributes, body, encode, key, spoil
from streams.demo.source_system import DAY, MINUTE, TimedInteraction
from streams.demo.truth import Kind, Publication, Sent

LATE_SHARE, REPEAT_SHARE, BAD_SHARE = 0.05, 0.02, 0.005
_SHORTEST_DELAY, LONGEST_DELAY = 10 * MINUTE, 5 * DAY
_SOON = 200  # records later: half of the repeats are a producer's quick retry


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record and when its producer publishes it, ms since 1970."""

    at: int
    publication: Publication


def arrivals(rng: Random, said: Sequence[TimedInteraction], longest: int = LONGEST_DELAY) -> list[Arrival]:
    """The records of these interactions in the order of publication, with repeats and bad ones among them.

    `longest`: the longest delay of a late one, ms. A repeat comes at any time after the first, perhaps in the other
    CloudEvents mode and under another key.
    """
    good = [
        Arrival(at, publication_of(rng, one.sent, "first", late))
        for at, one, late in _in_order_of_arrival(rng, said, longest)
    ]
    count = len(good)
    placed = [(float(place), one) for place, one in enumerate(good)]
    for place in rng.sample(range(count), round(count * REPEAT_SHARE)):
        end = min(count, place + _SOON) if rng.random() < 0.5 else count
        again = publication_of(rng, good[place].publication.sent, "repeat", False)
        after = rng.randrange(place, end)
        placed.append((after + 0.5, Arrival(good[after].at, again)))
    for number in range(round(count * BAD_SHARE)):
        place = rng.randrange(count)
        bad = spoil(good[place].publication.sent, number, rng)
        placed.append((place + 0.5, Arrival(good[place].at, bad)))
    return [one for _, one in sorted(placed, key=lambda each: each[0])]


def publication_of(rng: Random, sent: Sent, kind: Kind, late: bool) -> Publication:
    """A good record of an interaction, in either CloudEvents mode."""
    value, headers = encode(attributes(sent), body(sent), rng)
    return Publication(sent.topic, key(sent, rng), value, headers, sent, kind, late, None)


def _in_order_of_arrival(
    rng: Random, said: Sequence[TimedInteraction], longest: int
) -> list[tuple[int, TimedInteraction, bool]]:
    """When each interaction arrives, and whether it is late: published after a younger one; in order of arrival."""
    times = sorted(one.at for one in said)
    arrivals = [one.at for one in said]
    for place in rng.sample(range(len(said)), round(len(said) * LATE_SHARE)):
        arrivals[place] += _delay(rng, said[place].at, times, longest)
    found = []
    youngest = 0
    for place in sorted(range(len(said)), key=arrivals.__getitem__):
        one = said[place]
        found.append((arrivals[place], one, one.at < youngest))
        youngest = max(youngest, one.at)
    return found


def _delay(rng: Random, at: int, times: list[int], longest: int) -> int:
    """A delay in ms, minutes as likely as days, long enough to come after a younger interaction, if there is any."""
    delay = round(exp(rng.uniform(log(_SHORTEST_DELAY), log(longest))))
    younger = bisect_right(times, at)
    return max(delay, times[younger] + 1 - at) if younger < len(times) else delay
