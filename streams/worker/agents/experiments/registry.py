"""The registry of experiments of a partition of contacts: rules, experiments with anybody counted, the backfill.

It is decoded once and then at hand for as long as the partition is not opened again (`States.memory`); whatever is
changed in it goes into the transaction of the chunk that changes it.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import cast

import msgspec
from msgspec import Struct

from streams.domain.contact import ContactState
from streams.domain.experiments.counting_rules import DEFAULT_RULE, CountingRule
from streams.engine.decoded_states import States

MOST_COUNTED = 10_000
"""Experiments of which a partition keeps that somebody was counted in them; more are not counted.

Those that are defined have room for as many again: whoever makes up experiments turns none of them away.
"""
MOST_NOTED = 4 << 20
"""Bytes of the names of cells of which is known that people are counted in them today."""

UNHEARD_DAYS = 30
"""An experiment in which nobody was counted for so long makes room for others, if there is none."""

_RULE = b"rule/"
_COUNTED = b"counted/"
_SWEEP = b"sweep"
_MADE_ROOM = b"made-room"
_MEMORY = "experiments"

_encode = msgspec.msgpack.Encoder().encode


class Backfill(Struct, frozen=True, array_like=True):
    """The experiments that are counted anew now, and those afterwards. `experiments`, `waiting`: None is all of them.

    `number`: how many backfills there were before; a record that drives another one moves nothing.
    """

    number: int
    experiments: tuple[str, ...] | None
    waiting: tuple[str, ...] | None = ()

    @property
    def is_under_way(self) -> bool:
        """Whether anybody is counted anew."""
        return self.experiments is None or bool(self.experiments)


_read_rule = msgspec.msgpack.Decoder(CountingRule).decode
_read_sweep = msgspec.msgpack.Decoder(Backfill).decode


class ExperimentRegistry:
    """Experiments that a partition counts. `rules`: of defined ones. `counted`: by experiment the last day.

    `sweep`: the last backfill. `beside`: changes that are to be written.
    """

    def __init__(self, states: States[ContactState]) -> None:
        self.rules = {name: _read_rule(value) for name, value in _all(states, _RULE)}
        self.counted = {name: int(value) for name, value in _all(states, _COUNTED)}
        sweep = states.beside(_SWEEP)
        self.sweep = None if sweep is None else _read_sweep(sweep)
        self._made_room = states.beside(_MADE_ROOM) is not None
        self.beside: dict[bytes, bytes | None] = {}
        self._noted_on = self._noted_bytes = 0
        self._noted: set[bytes] = set()

    def edition(self, experiment: str) -> str:
        """The edition of the rule by which people are counted now."""
        return self.rules.get(experiment, DEFAULT_RULE).edition

    def rule(self, experiment: str, rule: CountingRule | None) -> None:
        """Count by this rule from now on; None: it is defined no more, and counted by the defaults."""
        key = _RULE + experiment.encode()
        if rule is None:
            self.rules.pop(experiment, None)
            self.beside[key] = None
        else:
            self.rules[experiment] = rule
            self.beside[key] = _encode(rule)

    def admits(self, experiment: str, day: int) -> bool:
        """Whether there is room to count somebody in an experiment today; if so, that day is noted."""
        if self.counted.get(experiment) == day:
            return True
        most = 2 * MOST_COUNTED if experiment in self.rules else MOST_COUNTED
        if experiment not in self.counted and len(self.counted) >= most and not self._make_room(day, most):
            return False
        self.counted[experiment] = day
        self.beside[_COUNTED + experiment.encode()] = b"%d" % day
        return True

    def has_noted(self, names: Iterable[bytes], day: int) -> bool:
        """Whether all of these were noted on that day, so that `admits` lets all their experiments in."""
        if day != self._noted_on:
            self._noted_on, self._noted, self._noted_bytes = day, set(), 0
        return self._noted.issuperset(names)

    def note(self, names: Collection[bytes]) -> None:
        """These were let in by `admits` on the day that `has_noted` was asked about last (names: `names_of`)."""
        self._noted_bytes += sum(map(len, names))
        if self._noted_bytes > MOST_NOTED:
            self._noted, self._noted_bytes = set(), 0
        self._noted.update(names)

    def may_count(self, experiment: str) -> bool:
        """Whether people may be counted in an experiment: in any, once one has made room for others."""
        return self._made_room or experiment in self.counted

    def sweeps(self, sweep: Backfill) -> None:
        """Keep this backfill as the one under way."""
        self.sweep = sweep
        self.beside[_SWEEP] = _encode(sweep)

    def _make_room(self, day: int, most: int) -> bool:
        old = [name for name, last in self.counted.items() if last < day - UNHEARD_DAYS]
        for name in old:
            del self.counted[name]
            self.beside[_COUNTED + name.encode()] = None
        if old:
            self._made_room = True
            self.beside[_MADE_ROOM] = b"1"
        return len(self.counted) < most


def registry_of(states: States[ContactState]) -> ExperimentRegistry:
    """The registry of a partition, kept in memory between chunks, with nothing to be written yet."""
    registry = cast(ExperimentRegistry | None, states.memory.get(_MEMORY))
    if registry is None:
        registry = states.memory[_MEMORY] = ExperimentRegistry(states)
    registry.beside = {}
    return registry


def _all(states: States[ContactState], prefix: bytes) -> Iterator[tuple[str, bytes]]:
    return ((key[len(prefix) :].decode(), value) for key, value in states.all_beside(prefix))
