"""What is remembered of a hanging transaction, and whose it is to end."""

from faust.types import TP

from streams.engine.hanging_transactions import HangingTransactions
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

KAFKA = KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1"))
WRITTEN = {number: (TP("changelog", number), TP("outputs", number)) for number in range(3)}


def test_another_try_remembers_how_the_transaction_ended_and_a_later_transaction_does_not() -> None:
    hanging = HangingTransactions(KAFKA, "app-", WRITTEN, ())
    first = {(TP("changelog", 0), 7, 40), (TP("outputs", 0), 7, 12)}

    leftovers = hanging._leftovers("app-one", first)

    assert hanging._leftovers("app-one", {(TP("outputs", 0), 7, 12)}) is leftovers
    assert hanging._leftovers("app-one", {(TP("outputs", 0), 7, 90)}) is not leftovers


def test_shared_partitions_count_only_where_there_are_no_others() -> None:
    hanging = HangingTransactions(KAFKA, "app-", WRITTEN, (TP("shared", 0), TP("shared", 4)))

    assert hanging._numbers_of([TP("shared", 0), TP("outputs", 2), TP("changelog", 1)]) == {1, 2}
    assert hanging._numbers_of([TP("shared", 4)]) == {1}
