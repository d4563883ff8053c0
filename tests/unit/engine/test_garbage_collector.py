import gc
from collections.abc import Iterator

import pytest

from streams.engine.aiokafka_patches.fetched_records import FetchedRecord
from streams.engine.garbage_collector import YOUNG_OBJECTS, collect_rarely, collecting_later
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


def test_objects_made_and_freed_at_once_are_not_collected() -> None:
    seen: list[str] = []
    gc.callbacks.append(lambda phase, _: seen.append(phase))
    try:
        gc.set_threshold(1_000)
        with collecting_later():
            made = [[number] for number in range(10_000)]
            del made
        assert (seen, gc.isenabled()) == ([], True)
        assert len([[number] for number in range(10_000)]) > len(seen) > 0
    finally:
        gc.callbacks.pop()


def test_records_are_nothing_to_walk_over() -> None:
    record: KafkaRecord = FetchedRecord("topic", 0, 1, 2, b"k", b"v", (("name", b"text"),))

    assert not gc.is_tracked(record)
    assert not gc.is_tracked(Output("topic", 0, b"k", b"v"))
