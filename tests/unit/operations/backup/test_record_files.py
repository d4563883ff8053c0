import stat
from pathlib import Path

import pytest

from streams.operations.backup.record_files import (
    BackupError,
    Record,
    RecordWriter,
    read_records,
    sha256_of,
    write_records,
)

MANY = [Record(n % 3, b"key %d" % n, None if n % 7 == 0 else b"value" * n, (("version", b"1"),)) for n in range(1_201)]


@pytest.mark.parametrize("records", [[], [Record(0, None, None)], MANY], ids=["none", "one", "many"])
def test_records_are_read_as_they_were_written(tmp_path: Path, records: list[Record]) -> None:
    file = write_records(tmp_path / "records.zst", records)
    assert [*read_records(tmp_path / "records.zst")] == records
    assert (file.name, file.records) == ("records.zst", len(records))
    assert file.sha256 == sha256_of(tmp_path / "records.zst")


def test_a_record_file_is_private_and_appears_once_it_is_whole(tmp_path: Path) -> None:
    out = RecordWriter(tmp_path / "records.zst")
    out.add(MANY)
    assert not (tmp_path / "records.zst").exists()
    out.done()
    assert stat.S_IMODE((tmp_path / "records.zst").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["records.zst"]


def test_a_dropped_record_file_is_deleted(tmp_path: Path) -> None:
    out = RecordWriter(tmp_path / "records.zst")
    out.add(MANY)
    out.drop()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("cut", [1, 40, 1000])
def test_a_truncated_record_file_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "records.zst"
    write_records(path, MANY)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(BackupError, match=r"records\.zst: not a whole file"):
        list(read_records(path))
