"""A manifest that names a file outside the lake is refused before anything is moved or deleted."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from sinks.lake.compaction import compact
from sinks.lake.erasure import erase
from sinks.lake.erasure_list import Erasures
from sinks.lake.files import Files, LocalFiles
from sinks.lake.live_files import Checkpoint, find_live_files
from sinks.lake.manifests import LakeFile, OffsetRange, begin, encode, name_of
from sinks.lake.rewrites import Rewrite, manifest_of
from sinks.lake.snapshots import Snapshot, SnapshotWriter
from sinks.lake.snapshots import manifest_of as snapshot_of
from tests.unit.history.lake.topic_records import TOPIC_ID

TOMORROW = "2012-02-23"
HERE = "interactions/date=2012-02-22/type=email.sent/a.parquet"
BAD = ["../outside/donations", "interactions/../../outside/donations", "_manifests/interactions/x.json", "erasures"]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What is not the lake's: a file, beside the lake."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "donations").write_text("precious")
    return tmp_path / "outside" / "donations"


@pytest.fixture
def lake(tmp_path: Path, outside: Path) -> Files:
    files = LocalFiles(tmp_path / "lake")
    begin(files)
    return files


def write(files: Files, name: str, manifest: msgspec.Struct) -> None:
    assert files.create(name, encode(manifest), "_staging/draft")


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Exception, match="is no manifest of the lake") as refused:
        act()
    assert type(refused.value).__name__ == "LakeDamaged"
    return str(refused.value)


def rewrite_of(files: Files, old: str = HERE, new: str = HERE, writer: str = "w") -> None:
    write(files, manifest_of(0), Rewrite(0, writer, (old,), (LakeFile(new, 1, 1),)))


@pytest.mark.parametrize("name", [*BAD, "{}", "interactions/a\0b"])
@pytest.mark.parametrize("merging", [True, False])
def test_a_lake_rewrite_deletes_nothing_outside_the_lake(lake: Files, outside: Path, name: str, merging: bool) -> None:
    rewrite_of(lake, old=name.format(outside))

    said = refusal(lambda: compact(lake, TOMORROW) if merging else erase(lake, Erasures()))

    assert "see $.old[" in said
    assert str(outside) not in said
    assert outside.read_text() == "precious"


@pytest.mark.parametrize("name", [*BAD, "{}"])
def test_a_lake_rewrite_moves_nothing_out_of_the_lake(lake: Files, outside: Path, name: str) -> None:
    rewrite_of(lake, new=name.format(outside))
    with lake.writing(f"_staging/rewrites/{0:020}/w/x") as file:
        file.write(b"bad")

    assert "see $.new[" in refusal(lambda: compact(lake, TOMORROW))
    assert outside.read_text() == "precious"


def test_no_manifest_of_a_range_snapshot_or_checkpoint_leads_outside_the_lake(lake: Files, outside: Path) -> None:
    for number, topic_id in enumerate(["../../../outside", "..", "/outside"]):
        write(lake, name_of(TOPIC_ID, 0, number), OffsetRange(topic_id, 0, number, number, "w"))
        assert "see $.topic_id" in refusal(lambda: find_live_files(lake))
        lake.delete(name_of(TOPIC_ID, 0, number))
    for writer in ("..", "../..", "a/b", "", "."):
        rewrite_of(lake, writer=writer)
        assert "see $.writer" in refusal(lambda: find_live_files(lake))
        lake.delete(manifest_of(0))
    for name in BAD:
        checkpoint = f"_manifests/checkpoints/{0:020}.json"
        write(lake, checkpoint, Checkpoint({}, (), 0, (LakeFile(name, 1, 1),)))
        assert "see $.files[" in refusal(lambda: find_live_files(lake))
        lake.delete(checkpoint)
    write(lake, snapshot_of(TOMORROW), Snapshot("..", 0, "w", ()))
    assert "see $.date" in refusal(SnapshotWriter(lake, TOMORROW, 0).is_taken)
    assert outside.read_text() == "precious"
