"""What dead letters would add to a profile, worked out from the letters alone.

That is less than "before and after", but true: what a profile holds already, under the same source and id or the same
donation_id, it will not take twice, and only the fold knows that. So what the letters say alone is shown beside what
the profile says now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from events.json_types import JSON
from events.refusal import Refusal
from streams.domain.contact import ContactState, fold, profile, read_fact

_NOT_SHOWN = ("contact_id", "version", "addresses")


@dataclass(frozen=True, slots=True)
class AddedField:
    """One field of a profile, with the value that it would have from the letters alone."""

    field: str
    value: JSON


def fields_added_by(contact_id: str, values: Sequence[bytes], at_ms: int) -> list[AddedField]:
    """Fields that these records of `interactions`, appended at one time, fill in a profile that is otherwise empty."""
    read = [read_fact(value, at_ms) for value in values]
    state, _ = fold(ContactState(), [fact for fact in read if not isinstance(fact, Refusal)])
    nobody = dict(leaf_fields(profile(contact_id, ContactState())))
    alone = dict(leaf_fields(profile(contact_id, state)))
    return [AddedField(name, value) for name, value in sorted(alone.items()) if nobody.get(name, 0) != value]


def leaf_fields(shown: Mapping[str, object]) -> Iterator[tuple[str, JSON]]:
    """The innermost fields of a profile by path, and of a list its length."""
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
