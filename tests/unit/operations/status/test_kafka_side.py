"""How long `status` asks Kafka before it says that Kafka is away."""

import pytest
from kafka.errors import RequestTimedOutError

from streams.operations.status.kafka_side import PATIENCE_S, patiently


class FrozenBroker:
    """Does not answer the first questions: each takes longer than there is patience."""

    def __init__(self, questions: int) -> None:
        self.left = questions
        self.now = 0.0

    def ask(self) -> str:
        """The answer, once another broker leads."""
        if self.left:
            self.left -= 1
            self.now += PATIENCE_S + 5
            raise RequestTimedOutError
        return "answered"


def test_a_question_that_took_all_patience_is_asked_once_more() -> None:
    broker = FrozenBroker(questions=1)
    assert patiently(broker.ask, lambda: broker.now) == "answered"


def test_a_question_that_is_not_answered_twice_is_given_up() -> None:
    broker = FrozenBroker(questions=2)
    with pytest.raises(RequestTimedOutError):
        patiently(broker.ask, lambda: broker.now)
