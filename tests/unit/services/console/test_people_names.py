"""What is typed to find somebody, and what is written down of it where nobody is known by it."""

import pytest

from events.identifiers import is_identity_hash
from streams.platform.settings import Settings
from streams.services.console.pages.person_looks import unknown_name
from streams.services.permission.person_name import readable_meanings


@pytest.mark.parametrize("typed", ["555-123-4567", "5551234567", "john.smith", "OH:123", "ada.lovelace:1815-12-10"])
def test_of_what_was_typed_only_a_hash_is_written_down_where_nobody_is_known_by_it(typed: str) -> None:
    hasher = Settings().hasher
    [(_, names), *_] = readable_meanings(typed, hasher)
    written = unknown_name(names[0], hasher)
    assert is_identity_hash(written)
    assert written == unknown_name(typed, hasher)


def test_a_hash_is_written_down_as_it_is() -> None:
    hasher = Settings().hasher
    [(_, [name])] = readable_meanings("ada@example.org", hasher)
    assert unknown_name(name, hasher) == name
