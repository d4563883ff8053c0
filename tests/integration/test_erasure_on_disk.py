"""A person who is forgotten is gone from the files of the stores. The worker has all of them: there is no other one."""

import re
from pathlib import Path

from streams.local.stack import Stack
from tests.integration.system import running_system
from tests.integration.test_erasure import Somebody, erase, tell_of
from tests.integration.traces import found_in_topics
from tests.integration.waiting import until


def test_nothing_of_a_person_who_was_erased_is_left_on_disk(stack: Stack, tmp_path: Path) -> None:
    with running_system(stack, tmp_path) as system:
        erased, bystander = Somebody(system.deployment), Somebody(system.deployment)
        tell_of(system, bystander)
        tell_of(system, erased)
        erase(system, erased)
        until(lambda: not found_in_topics(system, erased.hashes), "nothing in the topics")
        assert system.workers.stop() == 0
        assert found_on_disk(tmp_path / "state", bystander.gift), "a search that finds nobody shows nothing"
        assert not found_on_disk(tmp_path / "state", erased.gift)


def found_on_disk(folder: Path, digits: str) -> list[Path]:
    """By any ten digits of them: what a key or a block has in common with what is before is not written again."""
    pieces = re.compile("|".join(digits[at : at + 10] for at in range(len(digits) - 9)).encode())
    files = [(path, path.read_bytes()) for path in folder.glob("**/*") if path.is_file()]
    return [path for path, held in files if pieces.search(held)]
