"""Compares two profiles of a contact field by field, and counts the differences: pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from msgspec import Struct

Profile = dict[str, Any]

_NEVER_EQUAL = ("version",)
"""Counts how often a profile was published, and says nothing of the person."""


class Difference(NamedTuple):
    """A field, by its path (`counts.email.opened`), and its two values; None: the field is missing."""

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
    """How many profiles are equal, differ, are only in the running state, or only in what was built.

    `moved_on`: profiles that differ, but about whom something came since, so that nothing can be concluded; they are
    not counted in the others. `fields`: in how many profiles a field differs.
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
        """Whether no profile differs, as far as that can be told."""
        return not (self.differ or self.only_running or self.only_built)


class ProfileComparer:
    """Compares profiles one after the other; keeps at most `samples` samples of each field."""

    def __init__(self, samples: int) -> None:
        self._most = samples
        self._fields = Counter[str]()
        self._kept: list[Sample] = []
        self._found = Comparison()

    def take(self, contact_id: str, before: Profile | None, after: Profile | None, *, has_moved: bool) -> None:
        """Compare one contact as it is published and as it was built; `has_moved`: something came about it since."""
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
        """The result so far, the fields that differ most often first."""
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
    """The fields in which two profiles differ; lists are compared whole.

    Of a profile that one side lacks: one difference with an empty path.
    """
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


Pairs = Callable[[], Iterable[tuple[str, str]]]
"""Fragments, each with the canonical id under which it is shown, in either of two states; called twice."""


def changed_people(touched: Iterable[str], links: Pairs) -> set[str]:
    """The fragments `touched`, and all fragments of their identity clusters, in either of the two states."""
    found = set(touched)
    if found:
        found |= {canonical_id for fragment, canonical_id in links() if fragment in found}
        found |= {fragment for fragment, canonical_id in links() if canonical_id in found}
    return found
