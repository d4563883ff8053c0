"""How fast history may be told: as fast as is said, and slower while workers are behind.

Whatever waits in front of a worker, a live record behind it waits as well, whoever has sent it. So what is watched is
all that the workers have not done, and by how many seconds that is too late at the speed at which they work. Slower at
once, faster little by little.
"""

import time
from collections import deque
from collections.abc import Callable
from math import inf
from typing import NamedTuple

CALM_S, BUSY_S, TOO_BUSY_S = 1.2, 2.0, 5.0
"""Seconds that workers are behind. Up to the first it goes faster, and a pause ends; from the second on it goes slower,
from the third on it pauses. Workers say once a second what they have done, so a second is nothing."""
FEW = 500
"""Records: so few are never too many."""
SLOWEST, FIRST, FASTEST = 50.0, 2_000.0, 100_000.0
"""Records a second."""
LOOK_S, SLICE_S = 1.0, 0.1
MEASURED_S, REMEMBERED_S = 3.0, 6.0
"""Over how many seconds the speed of workers is measured, at least and at most."""


class Look(NamedTuple):
    """At the workers: how many records they have not done, and how many they have, from whatever moment on."""

    behind: int
    done: int


class Lateness:
    """By how many seconds workers are behind, from looks at them."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def seconds(self, look: Look, now: float) -> float:
        """At the time `now`, seconds. While their speed is not known: something that changes nothing."""
        while len(self._seen) > 1 and now - self._seen[1][0] >= MEASURED_S and now - self._seen[0][0] > REMEMBERED_S:
            self._seen.popleft()
        self._seen.append((now, look.done))
        since, before = self._seen[0]
        if look.behind <= FEW:
            return 0.0
        if now - since < MEASURED_S:
            return (CALM_S + BUSY_S) / 2
        return look.behind * (now - since) / (look.done - before) if look.done > before else inf


class Speed(NamedTuple):
    """`rate`: records a second, while it does not pause."""

    rate: float
    paused: bool = False


def next_speed(speed: Speed, late: float, most: float) -> Speed:
    """What follows from a look at the workers. `late`: seconds; `most`: what somebody has asked for, at most."""
    if speed.paused:
        return Speed(speed.rate, paused=late > CALM_S)
    if late >= BUSY_S:
        return Speed(max(min(SLOWEST, most), speed.rate / 2), paused=late >= TOO_BUSY_S)
    return Speed(min(most, speed.rate * 1.25)) if late <= CALM_S else speed


class Clock(NamedTuple):
    """Seconds, and how to let some pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Pace:
    """Holds up whoever sends. `look`: at the workers; None: nobody looks."""

    def __init__(
        self,
        most: float | None,
        look: Callable[[], Look] | None,
        say: Callable[[str], object],
        clock: Clock = Clock(),  # noqa: B008 (a tuple)
    ) -> None:
        self._most = most or FASTEST
        self._look = look
        self._say = say
        self._clock = clock
        self._lateness = Lateness()
        self._speed = Speed(min(self._most, FIRST) if look is not None else self._most)
        self._slowed = False
        self._left = 0
        self._ends = self._looked = clock.now() - LOOK_S

    def __call__(self) -> None:
        """Before each record. Blocks for as long as it has to; raises what looking raises."""
        if self._left <= 0:
            self._next_slice()
        self._left -= 1

    def _next_slice(self) -> None:
        self._wait(self._ends - self._clock.now())
        if self._look is not None and self._clock.now() - self._looked >= LOOK_S:
            self._follow(self._look)
        self._left = max(1, round(self._speed.rate * SLICE_S))
        self._ends = max(self._ends, self._clock.now() - SLICE_S) + self._left / self._speed.rate

    def _follow(self, look: Callable[[], Look]) -> None:
        seen, late = self._see(look)
        if self._speed.paused:
            self._say(f"pausing: workers are {_by(seen, late)} behind")
            while self._speed.paused:
                self._wait(LOOK_S)
                seen, late = self._see(look)
            self._say(f"going on at {self._speed.rate:,.0f}/s: workers are {_by(seen, late)} behind")
        elif late >= BUSY_S and not self._slowed:
            self._say(f"slower, {self._speed.rate:,.0f}/s: workers are {_by(seen, late)} behind")
        self._slowed = late >= BUSY_S or (self._slowed and late > CALM_S)

    def _see(self, look: Callable[[], Look]) -> tuple[Look, float]:
        seen = look()
        self._looked = self._clock.now()
        late = self._lateness.seconds(seen, self._looked)
        self._speed = next_speed(self._speed, late, self._most)
        return seen, late

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._clock.sleep(seconds)


def _by(look: Look, late: float) -> str:
    return f"{look.behind:,} records" + ("" if late in {0.0, inf} else f" or {late:.0f} s")
