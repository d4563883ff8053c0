"""A policy is put in the place of the one that its author has read, or of none, and every publication is kept."""

from pathlib import Path
from threading import Barrier, Thread

import pytest

from streams.platform.published_policies import Overtaken, PublishedPolicy, mark_of, name_of, publish, published


def publication(text: str, at: int, by: str = "dina") -> PublishedPolicy:
    return PublishedPolicy(name_of(at, "ab12"), "ab12", by, at, text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "policy.toml"
    file.write_text("# first\n")
    file.chmod(0o640)
    return file


def test_a_text_takes_the_place_of_the_one_it_is_based_on_and_is_kept_with_who_and_when(path: Path) -> None:
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    publish(path, "# third\n", mark_of("# second\n"), publication("# third\n", 7, "ada"))
    assert path.read_text() == "# third\n"
    assert [(row.by, row.at, row.text) for row in published(path)] == [
        ("ada", 7, "# third\n"),
        ("dina", 5, "# second\n"),
    ]
    assert path.stat().st_mode & 0o777 == 0o640


def test_one_that_is_based_on_an_older_text_changes_nothing_and_is_not_kept(path: Path) -> None:
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    with pytest.raises(Overtaken):
        publish(path, "# other\n", mark_of("# first\n"), publication("# other\n", 6))
    assert path.read_text() == "# second\n"
    assert len(published(path)) == 1


def test_of_two_that_publish_at_once_one_is_refused(path: Path) -> None:
    outcomes: list[str] = []
    barrier = Barrier(2)

    def one(text: str, at: int) -> None:
        barrier.wait()
        try:
            publish(path, text, mark_of("# first\n"), publication(text, at))
            outcomes.append(text)
        except Overtaken:
            outcomes.append("refused")

    threads = [Thread(target=one, args=(f"# {at}\n", at)) for at in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted([path.read_text(), "refused"])


def test_a_record_that_cannot_be_read_is_left_out(path: Path) -> None:
    assert published(path) == []
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    (path.with_name("policy.toml.published") / "000000000000009-x.json").write_text("{")
    assert len(published(path)) == 1
