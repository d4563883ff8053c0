"""What a restore puts back beside newer holds, and that workers have to stop before it."""

import pytest

from streams.operations.backup.record_files import Record
from streams.operations.backup.restore import not_superseded
from streams.operations.backup.target_topics import judge_workers

DIRECT_MAIL, PHONES, PETITION = (Record(0, key, b"{}") for key in (b"direct-mail", b"phones", b"petition"))


def test_a_newer_hold_does_not_drop_other_holds_of_a_restored_backup() -> None:
    held = [DIRECT_MAIL, PHONES, PETITION]
    assert [*not_superseded(held, {b"phones"})] == [DIRECT_MAIL, PETITION]
    assert [*not_superseded(held, set())] == held


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
