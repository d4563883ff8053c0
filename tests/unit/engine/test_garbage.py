import gc
from collections.abc import Iterator

import pytest

from streams.engine.fetched import Fetched
from streams.engine.garbage import YOUNG_OBJECTS, collect_rarely
from streams.engine.runs import KafkaRecord
from streams.engine.writer import Output


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_loaded_is_left_out_and_the_rest_is_looked_at_rarely() -> None:
    collect_rarely()

    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold()[0] == YOUNG_OBJECTS
    assert gc.isenabled()


def test_records_are_nothing_to_walk_over() -> None:
    record: KafkaRecord = Fetched("topic", 0, 1, 2, b"k", b"v", (("name", b"text"),))

    assert not gc.is_tracked(record)
    assert not gc.is_tracked(Output("topic", 0, b"k", b"v"))
