"""Every reason for which a record is refused has words in the console."""

from events.refusal import Reason
from streams.services.console.names import REFUSALS


def test_each_reason_of_a_dead_letter_has_words() -> None:
    assert set(REFUSALS) == {str(reason) for reason in Reason}
