"""Erasures that wait in the lake are counted by who may read it and no more, as in the compose file."""

from pathlib import Path

import pytest

from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.platform.errors import LakeStopped
from streams.platform.settings import Settings
from streams.services.console.lake_erasures import LookAtLake, WaitingErasures
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record


def look(place: Path) -> WaitingErasures:
    return LookAtLake(Settings(_env_file=None, lake=str(place)))()


def test_erasures_that_wait_are_counted_and_the_lake_stays_as_it_is(tmp_path: Path) -> None:
    command = topic_record(0, "contact.erased", contact={"contact_id": "c9"})
    LakeWriter(LocalFiles(tmp_path / "lake"), TOPIC_ID).write(0, 0, 0, [command])
    before = {each: each.stat().st_mtime_ns for each in tmp_path.rglob("*")}
    assert look(tmp_path / "lake") == WaitingErasures(1, NOW)
    assert {each: each.stat().st_mtime_ns for each in tmp_path.rglob("*")} == before


def test_where_no_lake_has_begun_none_is_begun(tmp_path: Path) -> None:
    with pytest.raises(LakeStopped):
        look(tmp_path / "lake")
    assert list(tmp_path.iterdir()) == []
