from pathlib import Path

from streams.worker.measuring.redis_and_disk import disk_used, memory_used


def test_memory_is_part_of_what_redis_may_take() -> None:
    assert memory_used({"used_memory": 25, "maxmemory": 100, "total_system_memory": 1000}) == 0.25


def test_without_a_limit_it_is_part_of_the_machines() -> None:
    assert memory_used({"used_memory": 25, "maxmemory": 0, "total_system_memory": 1000}) == 0.025


def test_where_neither_is_told_nothing_is_full() -> None:
    assert memory_used({"used_memory": 25, "maxmemory": 0}) == 0


def test_a_disk_is_partly_used(tmp_path: Path) -> None:
    assert 0 < disk_used(tmp_path) < 1
