"""Who is told to stop the workers before something is put in the place of their states."""

import pytest

from streams.operations.backup.target_topics import judge_workers


@pytest.mark.parametrize(
    ("members", "told"),
    [
        (0, None),
        (1, "1 worker of harmonia is running: stop it before switching"),
        (3, "3 workers of harmonia are running: stop them before switching"),
    ],
)
def test_running_workers_are_refused_with_their_number_and_the_operation(members: int, told: str | None) -> None:
    assert judge_workers(members, "harmonia", "switching") == told
