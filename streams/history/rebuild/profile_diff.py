"""How two profiles of somebody differ: pure."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

Profile = dict[str, Any]

_NEVER_EQUAL = ("version",)
"""Says how often a profile was published, and nothing of the person."""


class Difference(NamedTuple):
    """A field, by its path (`counts.email.opened`), and its values; None: it has none."""

    path: str
    before: object
    after: object


class Sample(Struct, frozen=True):
    """One difference of one profile; of a profile that only one side has, the path is empty."""

    contact_id: str
    field: str
    before: object
    after: object


class Comparison(Struct):
    """How many profiles are equal; differ; are only in the running state, only in what was built.

    `moved_on`: those of the last three of whom something was heard since, so that nothing can be told of them; they
    are not counted there. `fields`: in how many profiles a field differs.
    """

    equal: int = 0
    differ: int = 0
    only_running: int = 0
    only_built: int = 0
    moved_on: int = 0
    fields: dict[str, int] = {}
    samples: list[Sample] = []

    @property
    def is_equal(self) -> bool:
        """Whether what was built says of everybody what the running state says, as far as that can be told."""
        return not (self.differ or self.only_running or self.only_built)


class Comparing:
    """Takes profiles one after the other; keeps so many samples of each field."""

    def __init__(self, samples: int) -> None:
        self._most = samples
        self._fields = Counter[str]()
        self._kept: list[Sample] = []
        self._found = Comparison()

    def take(self, contact_id: str, before: Profile | None, after: Profile | None, *, has_moved: bool) -> None:
        """One contact, as the running state shows it and as it was built; `has_moved`: there is news of it since."""
        different = list(differences(before, after))
        if not different:
            self._found.equal += 1
        elif has_moved:
            self._found.moved_on += 1
        else:
            self._count(before, after)
            for each in different:
                self._keep(contact_id, each)

    def found(self) -> Comparison:
        """What came out so far, the fields that differ most often first."""
        self._found.fields = {path: count for path, count in self._fields.most_common() if path}
        self._found.samples = self._kept
        return self._found

    def _count(self, before: Profile | None, after: Profile | None) -> None:
        if before is None:
            self._found.only_built += 1
        elif after is None:
            self._found.only_running += 1
        else:
            self._found.differ += 1

    def _keep(self, contact_id: str, found: Difference) -> None:
        if self._fields[found.path] < self._most:
            self._kept.append(Sample(contact_id, *found))
        self._fields[found.path] += 1


def differences(before: Profile | None, after: Profile | None) -> Iterator[Difference]:
    """The fields in which they differ; lists are compared whole. Of a profile that one side lacks: one, of no path."""
    if before is None or after is None:
        if before is not after:
            yield Difference("", before, after)
        return
    for name in sorted(before.keys() | after.keys()):
        if name not in _NEVER_EQUAL:
            yield from _unequal(before.get(name), after.get(name), name)


def _unequal(before: object, after: object, path: str) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from _unequal(before.get(name), after.get(name), f"{path}.{name}")
    else:
        yield Difference(path, before, after)
