"""When what was told is stored, and what may be told meanwhile."""

from streams.services.deliver.unstored import STORE_EVERY_S, STORED_A_SECOND, Unstored


def test_what_was_told_is_stored_at_once_where_nothing_else_is_under_way() -> None:
    unstored = Unstored()
    unstored.note(100, 10.0)
    assert unstored.due_in(10.001, is_busy=False) == 0
    assert 0 < unstored.due_in(10.001, is_busy=True) < STORE_EVERY_S
    assert unstored.due_in(10.0 + STORE_EVERY_S, is_busy=True) == 0


def test_the_more_was_written_the_later_it_is_written_again() -> None:
    unstored = Unstored()
    unstored.note(STORED_A_SECOND // 2, 10.0)
    for is_busy in (True, False):
        assert unstored.due_in(10.0, is_busy=is_busy) == 0.5
        assert unstored.due_in(10.5, is_busy=is_busy) == 0
