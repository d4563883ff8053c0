"""What letters would add to profiles, each person's by themselves.

That is less than "before and after", and true: what a profile holds already, under the same source and id or the same
donation_id, it will not take twice, and only the fold knows that. So what is shown is what the letters say alone,
beside what the profile says now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from events.json_types import JSON
from events.refusal import Refusal
from streams.domain.contact import ContactState, fold, profile, read_fact

_NOT_SHOWN = ("contact_id", "version", "addresses")


@dataclass(frozen=True, slots=True)
class Added:
    """One field of a profile: what it would be from the letters alone."""

    field: str
    value: JSON


def added_by(contact_id: str, values: Sequence[bytes], at_ms: int) -> list[Added]:
    """What these records of `interactions`, appended at one time, make of somebody of whom nothing else is known."""
    read = [read_fact(value, at_ms) for value in values]
    state, _ = fold(ContactState(), [fact for fact in read if not isinstance(fact, Refusal)])
    nobody = dict(leaves(profile(contact_id, ContactState())))
    alone = dict(leaves(profile(contact_id, state)))
    return [Added(name, value) for name, value in sorted(alone.items()) if nobody.get(name, 0) != value]


def leaves(shown: Mapping[str, object]) -> Iterator[tuple[str, JSON]]:
    """The innermost fields of a profile by path; of a list its length."""
    for name, value in shown.items():
        if name not in _NOT_SHOWN:
            yield from _leaves(name, value)


def _leaves(path: str, value: object) -> Iterator[tuple[str, JSON]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}", inner)
    elif isinstance(value, list):
        yield path, len(value)
    elif isinstance(value, str | int | float) or value is None:
        yield path, value
