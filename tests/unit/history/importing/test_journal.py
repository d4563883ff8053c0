"""Import journals go by a file's content and not by its name; a broken journal is ignored."""

from pathlib import Path

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


def test_another_file_vendor_or_source_makes_another_import(tmp_path: Path) -> None:
    journal(tmp_path, b"rows").write(ImportProgress(2_000, finished=True))

    assert journal(tmp_path, b"other rows").read() == ImportProgress()
    assert journal(tmp_path, b"rows", vendor="p2p").read() == ImportProgress()
    assert journal(tmp_path, b"rows", source="digital/van").read() == ImportProgress()


def test_a_file_corrected_in_its_middle_is_another_import(tmp_path: Path) -> None:
    around = b"row\n" * 50_000
    journal(tmp_path, around + b"1" + around).write(ImportProgress(2_000, finished=True))

    assert journal(tmp_path, around + b"2" + around).read() == ImportProgress()


def test_a_file_read_with_another_mapping_is_another_import(tmp_path: Path) -> None:
    journal(tmp_path, b"rows").write(ImportProgress(2_000, finished=True))

    assert journal(tmp_path, b"rows", mapping="mended").read() == ImportProgress()
    assert journal(tmp_path, b"rows", time_zone="America/New_York").read() == ImportProgress()
    assert journal(tmp_path, b"rows", provenance="self").read() == ImportProgress()


def test_a_broken_import_journal_is_ignored(tmp_path: Path) -> None:
    one = journal(tmp_path, b"rows")
    one.write(ImportProgress(1))
    [record] = (tmp_path / IMPORTS_FOLDER).iterdir()
    record.write_bytes(b'{"done":')

    assert one.read() == ImportProgress()
