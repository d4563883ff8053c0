"""Snapshots that were begun and never ended."""

import pytest

from sinks.base import ContactChange
from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import STAGING
from sinks.lake.snapshots import CONTACT_STATE, SnapshotWriter, abandon_snapshots, profiles_table

OLD, NEW = "2012-02-20", "2012-02-22"


def begun(files: Files, date: str) -> SnapshotWriter:
    """A snapshot with somebody in it."""
    writer = SnapshotWriter(files, date, 0)
    with writer.file(CONTACT_STATE) as add:
        add(profiles_table([ContactChange("ada", 1, b"{}", None, None)]))
    return writer


def test_profiles_of_an_abandoned_snapshot_are_deleted(files: Files) -> None:
    begun(files, OLD)

    assert abandon_snapshots(files, NEW, 0) == [OLD]

    assert files.below(STAGING) == []
    assert find_live_files(files).of(CONTACT_STATE) == []


def test_a_snapshot_writer_that_wakes_up_later_is_too_late(files: Files) -> None:
    frozen = begun(files, OLD)
    abandon_snapshots(files, NEW, 0)

    assert frozen.commit() is None

    assert files.below(STAGING) == []
    assert find_live_files(files).of(CONTACT_STATE) == []


@pytest.mark.parametrize("date", [OLD, NEW])
def test_committed_and_later_snapshots_stay(files: Files, date: str) -> None:
    writer = begun(files, date)
    if date == OLD:
        writer.commit()

    assert abandon_snapshots(files, NEW, 0) == []

    assert begun(files, date).commit() is None if date == OLD else writer.commit() is not None
    assert len(find_live_files(files).of(CONTACT_STATE)) == 1
