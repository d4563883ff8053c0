"""How fast history may be told: as fast as is said, and slower while workers are behind.

Whatever waits in front of a worker, a live record behind it waits as well, whoever has sent it. So what is watched is
all that the workers have not done. Slower at once, faster little by little.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

BUSY, TOO_BUSY = 2_000, 10_000
"""Records that workers are behind: from the first number on it goes slower, from the second on it pauses."""
CALM = 500
"""A pause ends when they are no further behind than this."""
SLOWEST, FIRST, FASTEST = 50.0, 2_000.0, 100_000.0
"""Records a second."""
LOOK_S = 1.0
SLICE_S = 0.1


class Speed(NamedTuple):
    """`rate`: records a second, while it does not pause."""

    rate: float
    paused: bool = False


def next_speed(speed: Speed, behind: int, most: float) -> Speed:
    """What follows from a look at the workers. `most`: what somebody has asked for, at most."""
    if behind >= TOO_BUSY or (speed.paused and behind > CALM):
        return Speed(speed.rate if speed.paused else _half(speed.rate, most), paused=True)
    if behind >= BUSY:
        return Speed(_half(speed.rate, most))
    if speed.paused:
        return Speed(speed.rate)
    return Speed(min(most, speed.rate * 1.25)) if behind <= CALM else speed


def _half(rate: float, most: float) -> float:
    return max(min(SLOWEST, most), rate / 2)


class Clock(NamedTuple):
    """Seconds, and how to let some pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Pace:
    """Holds up whoever sends. `behind`: how far workers are behind; None: nobody looks."""

    def __init__(
        self,
        most: float | None,
        behind: Callable[[], int] | None,
        say: Callable[[str], object],
        clock: Clock = Clock(),  # noqa: B008 (a tuple)
    ) -> None:
        self._most = most or FASTEST
        self._behind = behind
        self._say = say
        self._clock = clock
        self._speed = Speed(min(self._most, FIRST) if behind is not None else self._most)
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
        self._look()
        self._left = max(1, round(self._speed.rate * SLICE_S))
        self._ends = max(self._ends, self._clock.now() - SLICE_S) + self._left / self._speed.rate

    def _look(self) -> None:
        if self._behind is None or self._clock.now() - self._looked < LOOK_S:
            return
        behind = self._see(self._behind)
        if self._speed.paused:
            self._say(f"pausing: workers are {behind:,} records behind")
            while self._speed.paused:
                self._wait(LOOK_S)
                behind = self._see(self._behind)
            self._say(f"going on at {self._speed.rate:,.0f}/s: workers are {behind:,} records behind")
        elif behind >= BUSY and not self._slowed:
            self._say(f"slower, {self._speed.rate:,.0f}/s: workers are {behind:,} records behind")
        self._slowed = behind >= BUSY or (self._slowed and behind > CALM)

    def _see(self, behind: Callable[[], int]) -> int:
        found = behind()
        self._speed = next_speed(self._speed, found, self._most)
        self._looked = self._clock.now()
        return found

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._clock.sleep(seconds)
