from pathlib import Path

import pytest

from streams.operations.backup.erasure_ledger import Entry, keep, read
from streams.operations.backup.errors import BackupError

ADA, BEN, CY = (Entry(f"/{name}", 1_000, "office/erasures", name) for name in ("ada", "ben", "cy"))


def test_each_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "erasures.jsonl"
    assert keep(path, [ADA, BEN]) == 2
    assert keep(path, [BEN, CY]) == 3
    assert read(path) == [ADA, BEN, CY]


@pytest.mark.parametrize("cut", range(1, 40, 6))
def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "erasures.jsonl"
    keep(path, [ADA, BEN])
    path.write_bytes(path.read_bytes()[:-cut])
    assert keep(path, [BEN, CY]) == 3
    assert read(path) == [ADA, BEN, CY]


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "erasures.jsonl"
    path.write_bytes(b"{}\n")
    with pytest.raises(BackupError, match="line 1"):
        keep(path, [ADA])


def test_a_last_line_without_its_end_stays(tmp_path: Path) -> None:
    """The topic tells it no more once it is a day old."""
    path = tmp_path / "erasures.jsonl"
    keep(path, [ADA, BEN])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert keep(path, [CY]) == 3
    assert read(path) == [ADA, BEN, CY]
