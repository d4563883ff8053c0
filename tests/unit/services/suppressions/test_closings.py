"""The newest of each contact counts, whatever was said before, and people are found under all their names."""

from collections.abc import Iterator

import orjson
import pytest

from events.outputs import Suppressions
from streams.services.suppressions import closings as shelves
from streams.services.suppressions.closings import Closing, ClosingStore, ContactLink, closing_of

UNSUBSCRIBED, STOPPED = Closing("unsubscribed", 10), Closing("suppressed", 20, until=100)


@pytest.fixture(params=[1, 1_000])
def shelf(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClosingStore]:
    monkeypatch.setattr(shelves, "_AT_ONCE", request.param)
    shelf = ClosingStore()
    yield shelf
    shelf.close()


def put(shelf: ClosingStore, *said: tuple[str, Closing | None]) -> None:
    for contact_id, closing in said:
        shelf.closings.put(contact_id, closing)
    shelf.closings.flush()


def test_the_newest_closing_of_a_contact_counts(shelf: ClosingStore) -> None:
    put(shelf, ("b", UNSUBSCRIBED), ("a", UNSUBSCRIBED), ("b", None), ("a", STOPPED), ("c", None), ("c", STOPPED))
    assert list(shelf.every()) == [("a", STOPPED), ("c", STOPPED)]
    put(shelf, ("a", None))
    assert list(shelf.every()) == [("c", STOPPED)]


def test_a_person_is_found_by_a_contact_id_that_was_merged(shelf: ClosingStore) -> None:
    put(shelf, ("ada", UNSUBSCRIBED))
    shelf.links.put("email:1", ContactLink("ada"))
    shelf.links.put("email:2", ContactLink("ada"))
    shelf.links.put("email:2", None)
    shelf.links.flush()
    assert shelf.of(["email:1"], at=50) == UNSUBSCRIBED
    assert shelf.of(["email:2"], at=50) is None
    assert shelf.of(["phone:1", "ada"], at=50) == UNSUBSCRIBED


def test_of_two_closings_the_later_counts_and_one_that_is_over_does_not(shelf: ClosingStore) -> None:
    put(shelf, ("a", UNSUBSCRIBED), ("b", STOPPED))
    assert shelf.of(["a", "b"], at=99) == STOPPED
    assert shelf.of(["a", "b"], at=100) == UNSUBSCRIBED
    assert shelf.of(["b"], at=100) is None


SAID: Suppressions = {
    "email": {"reason": "unsubscribed", "since": "1970-01-01T00:00:01.000Z", "source": "s", "id": "i"},
    "text": {
        "reason": "suppressed",
        "since": "1970-01-01T00:00:02.000Z",
        "until": "1970-01-01T00:00:03.000Z",
        "source": "s",
        "id": "i",
    },
}


def test_a_channel_is_closed_by_its_own_entry_alone() -> None:
    value = orjson.dumps(SAID)
    assert closing_of(value, "email") == Closing("unsubscribed", 1_000)
    assert closing_of(value, "text") == Closing("suppressed", 2_000, until=3_000)
    assert closing_of(value, "door") is None
    assert closing_of(None, "email") is None


def test_a_closing_ends_when_its_time_has_come() -> None:
    assert not Closing("suppressed", 2_000, until=3_000).is_over(2_999)
    assert Closing("suppressed", 2_000, until=3_000).is_over(3_000)
    assert not Closing("erased", 2_000).is_over(1 << 60)
