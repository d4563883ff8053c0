"""Differences between the results and the oracle's: the demo's verdict on itself.

A difference names the contact and the field and shows both values. All of them are values of profiles, in which no
address or name can be, so it may be printed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from streams.demo.recount import Profile
from streams.demo.recount_experiments import Arm


class _Word:
    """A word that stands for a value which has no form to print, such as an absent one."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


ABSENT = _Word("absent")
PRESENT = _Word("present")
_NOT_COMPARED = "version"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field whose value is not the expected one. `contact_id`: None where it is about no contact."""

    where: str
    contact_id: str | None
    field: str
    expected: object
    found: object

    def __str__(self) -> str:
        """One line for a person."""
        about = f"{self.where}, {self.contact_id}" if self.contact_id else self.where
        return f"{about}: {self.field} is {self.found!r}, expected {self.expected!r}"


class Letter(NamedTuple):
    """One record of `dead-letters`: why it was refused and where it came from."""

    reason: str
    topic: str
    partition: int
    offset: int
    value: bytes


def compare_profiles(expected: Mapping[str, Profile], found: Mapping[str, Profile], where: str) -> list[Difference]:
    """All differences of profiles, `version` left out. `where` names the place that was read, such as `redis`."""
    differences = []
    for contact_id in sorted(expected.keys() | found.keys()):
        if contact_id not in found:
            differences.append(Difference(where, contact_id, "profile", PRESENT, ABSENT))
        elif contact_id not in expected:
            differences.append(Difference(where, contact_id, "profile", ABSENT, PRESENT))
        else:
            shown = {name: value for name, value in found[contact_id].items() if name != _NOT_COMPARED}
            if _as_bytes(expected[contact_id]) == _as_bytes(shown):
                continue  # as almost all are: to walk through two dictionaries takes five times as long
            for field, truth, other in _unequal(expected[contact_id], shown, ""):
                differences.append(Difference(where, contact_id, field, truth, other))
    return differences


def compare_letters(expected: Iterable[tuple[str, bytes]], found: Iterable[Letter]) -> list[Difference]:
    """Whether each bad record (reason, value) is in `dead-letters` byte for byte, and nothing else is.

    A record that is there twice, with the same reason and source offset, counts once: the topic is at least once.
    """
    truth = Counter(expected)
    seen = Counter((letter.reason, letter.value) for letter in set(found))
    differences = []
    for reason in sorted({reason for reason, _ in truth.keys() | seen.keys()}):
        wanted, there = _of_reason(truth, reason), _of_reason(seen, reason)
        if wanted.total() != there.total():
            differences.append(Difference("dead-letters", None, reason, wanted.total(), there.total()))
        elif wanted != there:
            unlike = (wanted - there).total()
            differences.append(
                Difference("dead-letters", None, f"{reason}: records whose bytes were changed", 0, unlike)
            )
    return differences


def compare_experiments(
    expected: Mapping[str, Mapping[str, Arm]], found: Mapping[str, Mapping[str, Any]]
) -> list[Difference]:
    """Whether the result of each experiment has as many people in each variant, and the same sum of each metric."""
    differences = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in found or name not in expected:
            here, there = (PRESENT, ABSENT) if name in expected else (ABSENT, PRESENT)
            differences.append(Difference("experiment-results", None, name, here, there))
            continue
        measured = {metric for one in found[name]["variants"].values() for metric in one["metrics"]}
        truth = {
            variant: {"assigned": arm["n"]} | {metric: arm["metrics"][metric]["raw"] for metric in measured}
            for variant, arm in expected[name].items()
        }
        shown = {
            variant: {"assigned": one["assigned"]} | {metric: each["sum"] for metric, each in one["metrics"].items()}
            for variant, one in found[name]["variants"].items()
            if one["assigned"]
        }
        for field, is_true, other in _unequal(truth, shown, name):
            differences.append(Difference("experiment-results", None, field, is_true, other))
    return differences


def compare_segments(expected: Mapping[str, set[str]], found: Mapping[str, set[str]]) -> list[Difference]:
    """Whether everybody is in the segments that they should be in, and in no other."""
    return [
        Difference("contact-segments", name, "segments", sorted(expected.get(name, ())), sorted(found.get(name, ())))
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name, set()) != found.get(name, set())
    ]


def _as_bytes(profile: Profile) -> bytes:
    return orjson.dumps(profile, option=orjson.OPT_SORT_KEYS)


def _of_reason(letters: Counter[tuple[str, bytes]], reason: str) -> Counter[bytes]:
    return Counter({value: count for (why, value), count in letters.items() if why == reason})


def _unequal(expected: object, found: object, path: str) -> Iterator[tuple[str, object, object]]:
    """The deepest fields that differ, as (path, expected, found)."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            below = f"{path}.{name}" if path else str(name)
            yield from _unequal(expected.get(name, ABSENT), found.get(name, ABSENT), below)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for place, (truth, other) in enumerate(zip(expected, found, strict=True)):
            yield from _unequal(truth, other, f"{path}[{place}]")
    elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
        yield path, expected, found
