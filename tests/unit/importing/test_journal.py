"""What was done is known by what is in the file, not by its name; a record that was cut short is none."""

from pathlib import Path

from streams.importing.journal import FOLDER, Journal, Progress


def journal(home: Path, content: bytes, name: str = "a.csv", vendor: str = "van", source: str = "field/van") -> Journal:
    (home / name).write_bytes(content)
    return Journal(home, home / name, vendor, source)


def test_it_is_known_again_under_another_name(tmp_path: Path) -> None:
    journal(tmp_path, b"rows").write(Progress(2_000))

    assert journal(tmp_path, b"rows", "b.csv").read() == Progress(2_000)


def test_another_file_vendor_or_source_is_another_import(tmp_path: Path) -> None:
    journal(tmp_path, b"rows").write(Progress(2_000, finished=True))

    assert journal(tmp_path, b"other rows").read() == Progress()
    assert journal(tmp_path, b"rows", vendor="p2p").read() == Progress()
    assert journal(tmp_path, b"rows", source="digital/van").read() == Progress()


def test_a_record_that_is_broken_is_none(tmp_path: Path) -> None:
    one = journal(tmp_path, b"rows")
    one.write(Progress(1))
    [record] = (tmp_path / FOLDER).iterdir()
    record.write_bytes(b'{"done":')

    assert one.read() == Progress()
