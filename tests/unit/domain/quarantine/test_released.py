import pytest

from streams.domain.quarantine.held_records import ReleasedRecords


def note(letter: object) -> bytes:
    return b'{"at": "2012-02-22T10:00:00.000Z", "letter": "%s"}' % str(letter).encode()


def test_what_was_sent_anew_does_not_wait_any_more() -> None:
    released = ReleasedRecords()
    for place in ("quarantine/0/5", "quarantine/0/7", "quarantine/2/0", "dead-letters/0/6"):
        released.take(note(place))
    assert [released.has(0, offset) for offset in (4, 5, 6, 7, 8)] == [False, True, False, True, False]
    assert released.waiting({0: 0, 1: 0, 2: 0}, {0: 10, 1: 3, 2: 1}) == 8 + 3 + 0


def test_what_the_broker_has_deleted_neither_waits_nor_is_taken_off() -> None:
    released = ReleasedRecords()
    for offset in range(6):
        released.take(note(f"quarantine/0/{offset}"))
    assert released.waiting({0: 4}, {0: 10}) == 4


@pytest.mark.parametrize(
    "value", [None, b"", b"{", b"{}", b"\xff", note("quarantine"), note("quarantine/0"), note("quarantine/x/y")]
)
def test_a_note_that_cannot_be_read_says_nothing(value: bytes | None) -> None:
    released = ReleasedRecords()
    released.take(value)
    assert released.waiting({0: 0}, {0: 3}) == 3


def test_an_offset_that_no_topic_has_takes_no_memory() -> None:
    released = ReleasedRecords()
    released.take(note(f"quarantine/0/{10**15}"))
    released.take(note("quarantine/0/-1"))
    assert released.waiting({0: 0}, {0: 3}) == 3
