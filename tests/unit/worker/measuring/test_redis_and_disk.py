from pathlib import Path

import pytest

from streams.worker.measuring.redis_and_disk import disk_used, memory_used


@pytest.mark.parametrize(
    ("limits", "used"),
    [
        ({"maxmemory": 100, "total_system_memory": 1000}, 0.25),
        ({"maxmemory": 0, "total_system_memory": 1000}, 0.025),
        ({"maxmemory": 0}, 0),
    ],
)
def test_memory_is_a_part_of_the_limit_or_of_the_machines(limits: dict[str, int], used: float) -> None:
    assert memory_used({"used_memory": 25, **limits}) == used


def test_a_disk_is_partly_used(tmp_path: Path) -> None:
    assert 0 < disk_used(tmp_path) < 1
