"""How a profile came to be: what each interaction has changed in it, one after the other as they happened."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from events.json_types import JSON
from streams.domain.contact.fold import fold
from streams.domain.contact.profile import profile
from streams.domain.contact.state import ContactState, Fact


class ProfileStep(NamedTuple):
    """An interaction with what it changed in the profile: by path the values before and after it."""

    fact: Fact
    changed: dict[str, tuple[JSON, JSON]]


def history(contact_id: str, facts: Iterable[Fact]) -> Iterator[ProfileStep]:
    """Each of `facts` once, in the order of their stamps; none of them is a command.

    What was taken back later has changed the profile when it happened, and the retraction changes it again.
    """
    state, before = ContactState(), _paths(contact_id, ContactState())
    taken = {fact.key: fact for fact in sorted(facts, key=lambda fact: (fact.stamp, -fact.appended_at))}
    for fact in sorted(taken.values(), key=lambda fact: fact.stamp):
        state, _ = fold(state, [fact])
        after = _paths(contact_id, state)
        paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        yield ProfileStep(fact, {path: (before.get(path), after.get(path)) for path in paths})
        before = after


def _paths(contact_id: str, state: ContactState) -> dict[str, JSON]:
    """The profile's values by path, `donations.net.USD`; a list is a value."""
    found: dict[str, JSON] = {}
    todo: list[tuple[str, object]] = [("", profile(contact_id, state))]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict):
            todo += [(f"{path}.{name}" if path else str(name), part) for name, part in value.items()]
        else:
            found[path] = value  # type: ignore[assignment]  # a profile is JSON
    return found
