"""The compact form in which all contributions of one person to experiments are kept with the contact.

Most interactions change outcomes and leave people where they are, and most experiments of a person hold the same
outcomes. So whatever says where somebody is counted is bytes that are passed on and compared, and each set of outcomes
is kept once: ten experiments took as long to read and to write as all else that is known of somebody.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec
from msgspec import Struct

from streams.domain.contact.contribution import Contribution, Value

Values: TypeAlias = tuple[Value, ...]

DatedCell: TypeAlias = tuple[bytes, int]
"""A cell that people of one day are counted in: its names as `names_of` encodes them, and the day of assignment."""

Mark: TypeAlias = tuple[int, int, bool]
"""The place of an experiment, with the `group` and the `contaminated` of its `Contribution`; most people have none."""

MOST = 200
"""Experiments that one person is counted in, so that a byte tells their different outcomes apart."""


class PackedContribution(Struct, frozen=True, array_like=True, gc=False):
    """All contributions of one person, by experiment.

    `names`, `days`: the cells (`DatedCell`). `values`: the different ones, in the order in which they come first. `of`:
    for each experiment the place of its values in `values`. `marks`: of experiments whose mark is not `PLAIN`.
    """

    names: tuple[bytes, ...] = ()
    days: tuple[int, ...] = ()
    values: tuple[Values, ...] = ()
    of: bytes = b""
    marks: tuple[Mark, ...] = ()

    @property
    def places(self) -> Iterator[DatedCell]:
        """The cells that the person is counted in."""
        return zip(self.names, self.days, strict=True)

    @property
    def marked(self) -> Mapping[int, tuple[int, bool]]:
        """The marks, by place of the experiment."""
        return {place: (group, contaminated) for place, group, contaminated in self.marks}

    @property
    def experiments(self) -> Iterator[str]:
        """The ids of the experiments that the person is counted in."""
        return (experiment_of(names) for names in self.names)


NOTHING = PackedContribution()
PLAIN = -1, False
"""Group and `contaminated` of a person who is a unit and was given one variant only."""

names_of = msgspec.msgpack.Encoder().encode
"""Encodes the names of a cell (experiment, edition, variant); the same names are the same bytes."""
_read_names = msgspec.msgpack.Decoder(tuple[str, str, str]).decode


def experiment_of(names: bytes) -> str:
    """The id of the experiment in names that `names_of` encoded."""
    return _read_names(names)[0]


def packed(given: Iterable[Contribution]) -> PackedContribution:
    """The compact form of one person's contributions, in their order; at most 256 different sets of values."""
    every = tuple(given)
    return PackedContribution(
        tuple(names_of((each.experiment, each.edition, each.variant)) for each in every),
        tuple(each.day for each in every),
        *of_each([each.values for each in every]),
        tuple(
            (number, each.group, each.contaminated)
            for number, each in enumerate(every)
            if (each.group, each.contaminated) != PLAIN
        ),
    )


def of_each(values: Iterable[Values]) -> tuple[tuple[Values, ...], bytes]:
    """`values` and `of` of a `PackedContribution` for one set of values for each experiment."""
    places: dict[Values, int] = {}
    of = bytes([places.setdefault(each, len(places)) for each in values])
    return tuple(places), of


def unpacked(given: PackedContribution) -> Iterator[Contribution]:
    """The contributions that `packed` was given, in their order."""
    marked = given.marked
    for number, (names, day) in enumerate(given.places):
        experiment, edition, variant = _read_names(names)
        group, contaminated = marked.get(number, PLAIN)
        yield Contribution(experiment, variant, day, edition, group, contaminated, given.values[given.of[number]])
