"""What a person has added to the sums of experiments, as it is kept with the contact: hardly ever looked into.

Most interactions change outcomes and leave people where they are, and most experiments of a person hold the same
outcomes. So whatever says where somebody is counted is bytes that are passed on and compared, and each set of outcomes
is kept once: ten experiments took as long to read and to write as all else that is known of somebody.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec
from msgspec import Struct

from streams.domain.contact.contribution import Given, Value

Values: TypeAlias = tuple[Value, ...]

Place: TypeAlias = tuple[bytes, int]
"""Where somebody is counted: what `names_of` makes of the names of a cell, and the day of assignment."""

Mark: TypeAlias = tuple[int, int, bool]
"""Which of the experiments, group, and whether contaminated: see `Given`. Of most people there is none."""

MOST = 200
"""Experiments that one person is counted in, so that a byte tells their different outcomes apart."""


class Packed(Struct, frozen=True, array_like=True, gc=False):
    """All that one person gives, by experiment. `names`, `days`: where (`Place`). `marks`: those that are not plain.

    `values`: the different ones, in the order in which they come first; `of`: by experiment, which of them.
    """

    names: tuple[bytes, ...] = ()
    days: tuple[int, ...] = ()
    values: tuple[Values, ...] = ()
    of: bytes = b""
    marks: tuple[Mark, ...] = ()

    @property
    def places(self) -> Iterator[Place]:
        """Where the person is counted."""
        return zip(self.names, self.days, strict=True)

    @property
    def marked(self) -> Mapping[int, tuple[int, bool]]:
        """The marks, by place of the experiment."""
        return {place: (group, contaminated) for place, group, contaminated in self.marks}

    @property
    def experiments(self) -> Iterator[str]:
        """Their ids."""
        return (experiment_of(names) for names in self.names)


NOTHING = Packed()
PLAIN = -1, False
"""Of whoever is a unit and was given one variant only."""

names_of = msgspec.msgpack.Encoder().encode
"""Of experiment, edition and variant, what is kept of them; the same names are the same bytes."""
_read_names = msgspec.msgpack.Decoder(tuple[str, str, str]).decode


def experiment_of(names: bytes) -> str:
    """The id of the experiment in what `names_of` made."""
    return _read_names(names)[0]


def packed(given: Iterable[Given]) -> Packed:
    """What somebody gives to each experiment, by experiment; at most 256 different outcomes."""
    every = tuple(given)
    return Packed(
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
    """`values` and `of` of somebody who gives these to one experiment after the other."""
    places: dict[Values, int] = {}
    of = bytes([places.setdefault(each, len(places)) for each in values])
    return tuple(places), of


def unpacked(given: Packed) -> Iterator[Given]:
    """The same, one by one."""
    marked = given.marked
    for number, (names, day) in enumerate(given.places):
        experiment, edition, variant = _read_names(names)
        group, contaminated = marked.get(number, PLAIN)
        yield Given(experiment, variant, day, edition, group, contaminated, given.values[given.of[number]])
