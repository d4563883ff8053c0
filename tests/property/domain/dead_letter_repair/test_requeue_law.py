"""However often letters are there and however often it is asked: each record is sent anew once."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.dead_letter_repair.letters import Letter
from streams.domain.dead_letter_repair.selection import LetterSelection
from streams.operations.requeue.requeue_run import RequeueCounts, RequeueOptions, letters_to_send
from tests.unit.domain.dead_letter_repair.writing import letter, rules, saying

WRITTEN = st.sampled_from([saying(), saying(message_id="m2"), saying(message_id=None), b"{"])
LETTERS = st.lists(st.builds(letter, WRITTEN, offset=st.integers(0, 5), at=st.integers(0, 3)), max_size=20)
ORDER = RequeueOptions(LetterSelection(), rules(old_messages=True))


def call(letters: Sequence[Letter], known: set[str], limit: int | None) -> tuple[list[str], RequeueCounts]:
    account = RequeueCounts()
    order = RequeueOptions(ORDER.choice, ORDER.rules, limit=limit)
    return [one.name for one, _ in letters_to_send(letters, order, known, account)], account


@given(LETTERS, st.none() | st.integers(1, 5))
def test_each_record_is_sent_once_in_as_many_calls_as_there_are(letters: list[Letter], limit: int | None) -> None:
    known: set[str] = set()
    sent: list[str] = []
    for _ in range(len(letters) + 1):
        more, account = call(letters, set(known), limit)
        known |= set(more)  # as it is read again by the next call
        sent += more
        assert limit is None or len(more) <= limit
        assert account.left.total() + account.refused.total() + len(more) == account.matched
    assert sorted(sent) == sorted({one.name for one in letters if one.value in (saying(), saying(message_id="m2"))})
