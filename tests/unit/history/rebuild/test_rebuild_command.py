"""What a rebuild says."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.history.rebuild import comparison
from streams.history.rebuild.builder import WORK, Positions, _begin, read_positions, write_positions
from streams.history.rebuild.profile_diff import (
    Comparison,
    Difference,
    ProfileComparer,
    Sample,
    changed_people,
    differences,
)
from streams.operations.backup.manifest import FORMAT, NAME, Manifest, identity_of, write_manifest
from streams.operations.backup.record_files import BackupError
from streams.platform.settings import Settings


def said(*words: str, code: int) -> str:
    ended = CliRunner().invoke(app, ["rebuild", *words], env={"HARMONIA_PARTITIONS": "4"})
    assert ended.exit_code == code, ended.output
    return ended.stderr


def a_backup(folder: Path) -> Path:
    folder.mkdir()
    identity = identity_of(Settings())
    at = "2012-02-22T10:00:00.000Z"
    write_manifest(folder, Manifest(FORMAT, "1", at, at, at, 4, 0, identity, 0, [0] * 4, [0] * 4, []))
    return folder


def test_a_rebuild_neither_compares_nor_switches_to_a_directory_that_is_no_backup(tmp_path: Path) -> None:
    for command in ("compare", "switch"):
        assert "is no backup" in said(command, str(tmp_path), code=1)


def test_a_backup_that_was_not_built_is_not_compared(tmp_path: Path) -> None:
    assert "was not made by `harmonia rebuild build`" in said("compare", str(a_backup(tmp_path / "one")), code=1)


@pytest.mark.parametrize(("found", "code"), [(Comparison(equal=2), 0), (Comparison(equal=1, differ=1), 3)])
def test_rebuild_compare_has_different_exit_codes_for_differences_and_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Comparison, code: int
) -> None:
    async def compared(*_: object) -> Comparison:
        return found

    monkeypatch.setattr(comparison, "compare", compared)
    said("compare", str(tmp_path), code=code)


def test_a_rebuild_refuses_other_partitions_than_the_settings_say(tmp_path: Path) -> None:
    folder = str(a_backup(tmp_path / "one"))
    assert "HARMONIA_PARTITIONS is 4" in said("switch", folder, "--partitions", "6", code=2)


def test_a_rebuilds_positions_are_read_as_they_were_written(tmp_path: Path) -> None:
    positions = Positions("topic", [3, 0], {"applied": 3})
    write_positions(tmp_path, positions)
    assert read_positions(tmp_path) == positions


@pytest.mark.parametrize("names", [["letter"], [WORK, "letter"], [WORK, f"{WORK}/thesis"], [WORK, NAME]])
def test_a_rebuild_leaves_a_directory_alone_that_holds_a_finished_one_or_something_else(
    tmp_path: Path, names: list[str]
) -> None:
    for name in names:
        (tmp_path / name).mkdir() if name == WORK else (tmp_path / name).write_text("all of it")
    with pytest.raises(BackupError, match="is not empty"):
        _begin(tmp_path)
    assert (tmp_path / names[-1]).exists()


def test_a_rebuild_deletes_what_a_killed_one_has_left(tmp_path: Path) -> None:
    _begin(tmp_path / "new")
    (tmp_path / "new" / "contacts-0.zst.part").write_text("half")
    (tmp_path / "new" / WORK / "system").mkdir()
    _begin(tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").rglob("*")] == [WORK]


BEFORE = {"version": 1, "counts": {"email.opened": 2, "form.submitted": 1}, "tags": ["a", "b"], "region": "US-NJ"}


def test_profiles_that_differ_only_in_version_are_equal() -> None:
    assert list(differences(BEFORE, BEFORE | {"version": 99})) == []


def test_fields_of_differing_profiles_are_named_by_path_and_lists_are_compared_whole() -> None:
    after = {"version": 2, "counts": {"email.opened": 3, "form.submitted": 1}, "tags": ["a"], "zone": None}
    assert list(differences(BEFORE, after)) == [
        Difference("counts.email.opened", 2, 3),
        Difference("region", "US-NJ", None),
        Difference("tags", ["a", "b"], ["a"]),
    ]


def test_a_profile_that_one_side_lacks_is_counted_by_side_and_in_no_field() -> None:
    comparing = ProfileComparer(5)
    comparing.take("a", BEFORE, None, has_moved=False)
    comparing.take("b", None, BEFORE, has_moved=False)
    found = comparing.found()
    assert (found.only_running, found.only_built, found.differ, found.fields) == (1, 1, 0, {})
    assert not found.is_equal


def test_a_comparison_keeps_samples_of_each_field_and_lists_the_most_frequent_first() -> None:
    comparing = ProfileComparer(1)
    comparing.take("a", BEFORE, BEFORE | {"tags": []}, has_moved=False)
    for name in ("b", "c"):
        comparing.take(name, BEFORE, BEFORE | {"region": "US-PA"}, has_moved=False)
    found = comparing.found()
    assert list(found.fields.items()) == [("region", 2), ("tags", 1)]
    assert found.samples == [Sample("a", "tags", ["a", "b"], []), Sample("b", "region", "US-NJ", "US-PA")]


def test_profiles_with_interactions_since_do_not_count_as_different() -> None:
    comparing = ProfileComparer(5)
    comparing.take("a", BEFORE, None, has_moved=True)
    comparing.take("b", BEFORE, BEFORE, has_moved=True)
    found = comparing.found()
    assert (found.moved_on, found.equal, found.samples) == (1, 1, [])
    assert found.is_equal


def test_an_interaction_of_a_fragment_concerns_its_whole_cluster_before_and_after() -> None:
    links = [("email:1", "crm.ada"), ("phone:1", "crm.ada"), ("email:2", "crm.bo")]
    assert changed_people(["email:1"], lambda: links) == {"email:1", "phone:1", "crm.ada"}
    assert changed_people([], lambda: links) == set()
