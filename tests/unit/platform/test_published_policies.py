"""A policy is put in the place of the one that its author has read, or of none, and every text before it is kept."""

import os
from pathlib import Path
from threading import Barrier, Thread

import pytest

from streams.platform.published_policies import (
    Overtaken,
    PublishedPolicy,
    Unlisted,
    mark_of,
    name_of,
    publish,
    published,
)


def publication(text: str, at: int, by: str = "dina") -> PublishedPolicy:
    return PublishedPolicy(name_of(at, "ab12"), "ab12", by, at, text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "policy.toml"
    file.write_text("# first\n")
    file.chmod(0o640)
    written_at(file, 3)
    return file


def written_at(file: Path, ms: int) -> None:
    os.utime(file, ns=(ms * 1_000_000, ms * 1_000_000))


def rows(path: Path) -> list[tuple[str, int, str]]:
    return [(row.by, row.at, row.text) for row in published(path)]


def left_behind(path: Path) -> list[str]:
    return [file.name for folder in (path.parent, path.parent / "policy.toml.published") for file in folder.glob(".*")]


def test_a_text_takes_the_place_of_the_one_it_is_based_on_and_is_kept_with_who_and_when(path: Path) -> None:
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    publish(path, "# third\n", mark_of("# second\n"), publication("# third\n", 7, "ada"))
    assert path.read_text() == "# third\n"
    assert rows(path)[:2] == [("ada", 7, "# third\n"), ("dina", 5, "# second\n")]
    assert path.stat().st_mode & 0o777 == 0o640
    assert left_behind(path) == []


def test_a_text_that_was_written_by_hand_is_kept_as_nobodys_as_of_when_it_was_written(path: Path) -> None:
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    path.write_text("# by hand\n")
    written_at(path, 7)
    publish(path, "# third\n", mark_of("# by hand\n"), publication("# third\n", 9))
    assert rows(path) == [
        ("dina", 9, "# third\n"),
        ("", 7, "# by hand\n"),
        ("dina", 5, "# second\n"),
        ("", 3, "# first\n"),
    ]


@pytest.mark.parametrize("written", [0, 100])
def test_one_that_was_copied_there_with_another_time_stands_between_the_texts_around_it(
    path: Path, written: int
) -> None:
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    path.write_text("# by hand\n")
    written_at(path, written)
    publish(path, "# third\n", mark_of("# by hand\n"), publication("# third\n", 9))
    assert [text for _, _, text in rows(path)] == ["# third\n", "# by hand\n", "# second\n", "# first\n"]


def test_what_is_not_published_stands_in_no_list_and_leaves_nothing_behind(path: Path) -> None:
    path.with_name(".policy.toml.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    assert path.read_text() == "# first\n"
    assert "# second\n" not in [text for _, _, text in rows(path)]
    assert left_behind(path) == [".policy.toml.new"]


def test_what_is_published_and_cannot_be_put_on_the_list_is_told_apart_and_kept_the_next_time(path: Path) -> None:
    one = publication("# second\n", 5)
    (path.with_name("policy.toml.published") / f"{one.name}.json" / "in the way").mkdir(parents=True)
    with pytest.raises(Unlisted):
        publish(path, "# second\n", mark_of("# first\n"), one)
    assert path.read_text() == "# second\n"
    assert left_behind(path) == []
    publish(path, "# third\n", mark_of("# second\n"), publication("# third\n", 2**45))
    assert [(by, text) for by, _, text in rows(path)][:2] == [("dina", "# third\n"), ("", "# second\n")]


def test_one_that_is_based_on_an_older_text_changes_nothing_and_is_not_kept(path: Path) -> None:
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    with pytest.raises(Overtaken):
        publish(path, "# other\n", mark_of("# first\n"), publication("# other\n", 6))
    assert path.read_text() == "# second\n"
    assert "# other\n" not in [text for _, _, text in rows(path)]


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
    assert [text for _, _, text in rows(path)] == ["# second\n", "# first\n"]
