"""States that grow old in memory give up what they can have again."""

from collections.abc import Callable

from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position


def held(room: int, given_up: Callable[[bytes], None]) -> States[bytes]:
    codec: Codec[bytes] = Codec(bytes, bytes, given_up)
    return States(MemoryStore(), codec, RecentStates(room))


def test_the_older_half_gives_up_what_it_holds_when_the_younger_is_full() -> None:
    given_up: list[bytes] = []
    states = held(room=8, given_up=given_up.append)
    for number, state in enumerate((b"aa", b"bb", b"cc")):
        states.commit({state: state}, {state: state}, Position("topic", number, 0))
    assert given_up == [b"aa", b"bb"]
    assert states.get(b"aa") == b"aa"
