from pathlib import Path

from streams.worker.measuring.redis_and_disk import disk_used, memory_used


def test_memory_is_part_of_what_redis_may_take() -> None:
    assert memory_used({"used_memory": 25, "maxmemory": 100, "total_system_memory": 1000}) == 0.25


def test_redis_without_a_limit_is_measured_by_the_machines_memory() -> None:
    assert memory_used({"used_memory": 25, "maxmemory": 0, "total_system_memory": 1000}) == 0.025


def test_redis_without_a_limit_and_a_memory_size_counts_as_empty() -> None:
    assert memory_used({"used_memory": 25, "maxmemory": 0}) == 0


def test_a_disk_is_partly_used(tmp_path: Path) -> None:
    assert 0 < disk_used(tmp_path) < 1
