from pathlib import Path

import pytest

from streams.operations.backup.erasure_ledger import LedgerEntry, add_to_ledger, read_ledger
from streams.operations.backup.record_files import BackupError

ADA, BEN, CY = (LedgerEntry(f"/{name}", 1_000, "office/erasures", name) for name in ("ada", "ben", "cy"))


def test_each_erasure_is_in_the_ledger_once(tmp_path: Path) -> None:
    path = tmp_path / "erasures.jsonl"
    assert add_to_ledger(path, [ADA, BEN]) == 2
    assert add_to_ledger(path, [BEN, CY]) == 3
    assert read_ledger(path) == [ADA, BEN, CY]


@pytest.mark.parametrize("cut", range(1, 40, 6))
def test_a_cut_off_line_of_the_ledger_spoils_no_other(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "erasures.jsonl"
    add_to_ledger(path, [ADA, BEN])
    path.write_bytes(path.read_bytes()[:-cut])
    assert add_to_ledger(path, [BEN, CY]) == 3
    assert read_ledger(path) == [ADA, BEN, CY]


def test_a_bad_line_of_the_ledger_is_named(tmp_path: Path) -> None:
    path = tmp_path / "erasures.jsonl"
    path.write_bytes(b"{}\n")
    with pytest.raises(BackupError, match="line 1"):
        add_to_ledger(path, [ADA])


def test_a_last_line_of_the_ledger_without_line_end_stays(tmp_path: Path) -> None:
    """The topic tells it no more once it is a day old."""
    path = tmp_path / "erasures.jsonl"
    add_to_ledger(path, [ADA, BEN])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert add_to_ledger(path, [CY]) == 3
    assert read_ledger(path) == [ADA, BEN, CY]
