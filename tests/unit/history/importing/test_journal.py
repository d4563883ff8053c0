"""Import journals go by a file's content and not by its name; a broken journal is ignored."""

from pathlib import Path
from typing import Any

import pytest

from events.adapters.feed import Feed
from events.adapters.mapping import parse_mapping
from events.interactions.base import Provenance
from streams.history.importing.file_items import ImportFormat
from streams.history.importing.import_run import IMPORTS_FOLDER, ImportJournal, ImportProgress, fingerprint_of
from tests.unit.events.adapters.test_rows import GIFTS


def journal(home: Path, content: bytes, name: str = "a.csv", vendor: str = "van", **how: str) -> ImportJournal:
    (home / name).write_bytes(content)
    mapping = parse_mapping(GIFTS.replace("gifts", how.get("mapping", "gifts")))
    said = Provenance.model_validate({"kind": how["provenance"]}) if "provenance" in how else None
    feed = Feed(how.get("source", "field/van"), 0, time_zone=how.get("time_zone", "UTC"), provenance=said)
    return ImportJournal(home, fingerprint_of(home / name, ImportFormat(vendor, feed, mapping)))


def test_an_imported_file_is_recognised_under_another_name(tmp_path: Path) -> None:
    journal(tmp_path, b"rows").write(ImportProgress(2_000))

    assert journal(tmp_path, b"rows", "b.csv").read() == ImportProgress(2_000)


AROUND = b"row\n" * 50_000


@pytest.mark.parametrize(
    "other",
    [
        {"content": AROUND + b"2" + AROUND},
        {"vendor": "p2p"},
        {"source": "digital/van"},
        {"mapping": "mended"},
        {"time_zone": "America/New_York"},
        {"provenance": "self"},
    ],
)
def test_a_file_that_is_corrected_or_read_otherwise_is_another_import(tmp_path: Path, other: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"content": AROUND + b"1" + AROUND}
    journal(tmp_path, **whole).write(ImportProgress(2_000, finished=True))

    assert journal(tmp_path, **whole | other).read() == ImportProgress()


def test_a_broken_import_journal_is_ignored(tmp_path: Path) -> None:
    one = journal(tmp_path, b"rows")
    one.write(ImportProgress(1))
    [record] = (tmp_path / IMPORTS_FOLDER).iterdir()
    record.write_bytes(b'{"done":')

    assert one.read() == ImportProgress()
