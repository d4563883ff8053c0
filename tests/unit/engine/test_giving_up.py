"""Of the states in memory those used last may hold something beside themselves; the others give it up."""

from collections.abc import Callable

from streams.engine import decoded_states
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position

ROOM = 8 * decoded_states._BYTES_EACH
"""For eight states that hold something, in two generations."""


def held(given_up: Callable[[bytes], None]) -> States[bytes]:
    codec: Codec[bytes] = Codec(bytes, bytes, given_up)
    return States(MemoryStore(), codec, RecentStates(ROOM))


def write(states: States[bytes], *keys: bytes) -> None:
    states.commit({key: key * 2 for key in keys}, {key: key * 2 for key in keys}, Position("topic", 1, 0))


def test_states_that_were_not_used_of_late_give_up_what_they_hold() -> None:
    given_up: list[bytes] = []
    states = held(given_up.append)
    for number in range(9):
        write(states, b"%d" % number)
    assert given_up == []
    for number in range(9, 14):
        write(states, b"%d" % number)
    assert given_up == [b"%d" % number * 2 for number in range(5)]


def test_a_state_that_is_used_again_holds_on() -> None:
    given_up: list[bytes] = []
    states = held(given_up.append)
    for number in range(15):
        write(states, b"%d" % number, b"x")
    assert given_up
    assert b"xx" not in given_up


def test_a_state_that_is_too_large_to_be_remembered_gives_it_up_at_once() -> None:
    given_up: list[bytes] = []
    states = held(given_up.append)
    states.commit({b"a": bytes(ROOM)}, {b"a": bytes(ROOM)}, Position("topic", 1, 0))
    assert given_up == [bytes(ROOM)]
