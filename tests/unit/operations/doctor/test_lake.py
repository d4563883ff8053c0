"""What is found of a lake in a folder, and what of one that Kafka is compared with."""

import time
from pathlib import Path

import pytest

from events.json_types import JSON
from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.history.lake.erasure import erase_from_lake
from streams.operations.doctor.finding import Finding
from streams.operations.doctor.lake import (
    MUCH_BEHIND,
    OVERDUE_MS,
    examine_lake,
    judge_behind,
    judge_erasures,
    judge_modes,
)
from streams.platform.settings import Settings
from tests.contract.lake.conftest import quick_folder
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, crash
from tests.unit.history.lake.old_files import imported, json_lines, old_event
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalFiles:
    """With a gift and a command to erase in it."""
    files = quick_folder(tmp_path / "lake", monkeypatch)
    assert isinstance(files, LocalFiles)
    LakeWriter(files, TOPIC_ID).write(0, 0, 1, [topic_record(0, "donation.made"), topic_record(1, "contact.erased")])
    return files


def found(place: object, now: int = NOW) -> dict[str, Finding]:
    findings = list(examine_lake(Settings(lake=str(place)), now))
    assert all(finding.to_do for finding in findings if finding.verdict != "ok")
    return {finding.what: finding for finding in findings}


def test_without_a_lake_the_doctor_finds_nothing_about_it() -> None:
    assert list(examine_lake(Settings(), NOW)) == []


def test_the_doctor_says_what_is_in_a_healthy_lake(files: LocalFiles, tmp_path: Path) -> None:
    before = files.below("")
    well = found(tmp_path / "lake")
    assert "2 interactions in 2 files" in well["HARMONIA_LAKE"].found
    assert {one.verdict for one in well.values()} == {"ok"}
    assert files.below("") == before


def test_the_doctor_makes_no_lake_where_there_is_none(tmp_path: Path) -> None:
    assert found(tmp_path / "lake")["HARMONIA_LAKE"].verdict == "warn"
    assert not (tmp_path / "lake").exists()


def test_the_doctor_fails_a_place_that_is_no_lake(files: LocalFiles, tmp_path: Path) -> None:
    assert found("nowhere://lake")["HARMONIA_LAKE"].verdict == "fail"
    manifest = next((tmp_path / "lake" / "_manifests").rglob("*.json"))
    manifest.write_text("dear diary")
    assert "is no manifest of the lake" in found(tmp_path / "lake")["HARMONIA_LAKE"].found


def test_the_doctor_fails_a_lake_store_that_cannot_be_written(
    files: LocalFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(LocalFiles, "create", refuse)
    told = found(tmp_path / "lake")["HARMONIA_LAKE"]
    assert (told.verdict, told.found) == ("fail", "cannot be written to: Permission denied")


def test_the_doctor_warns_of_erasures_pending_for_more_than_a_day(files: LocalFiles, tmp_path: Path) -> None:
    name = "erasures in the lake"
    late = found(tmp_path / "lake", NOW + OVERDUE_MS + 3_600_000)[name]
    assert (late.verdict, late.found) == ("warn", "1 are not carried out, the oldest for 26 hours")

    erase_from_lake(files, [], None)

    assert found(tmp_path / "lake", NOW + OVERDUE_MS + 3_600_000)[name].verdict == "ok"
    assert judge_erasures([NOW], NOW + OVERDUE_MS).verdict == "ok"


def test_the_doctor_does_not_say_that_an_erasure_for_doing_nothing_is_carried_out_of_which_the_lake_cannot_know(
    files: LocalFiles, tmp_path: Path
) -> None:
    nobody: JSON = {"contact_id": "c9"}
    command = topic_record(1, "contact.erased_if_inactive", contact=nobody, inactive_since="2009-01-01T00:00:00Z")
    LakeWriter(files, TOPIC_ID).write(0, 1, 1, [command])
    erase_from_lake(files, [], None)
    told = found(tmp_path / "lake")["erasures in the lake"]
    assert "1 for doing nothing were in vain, or wait" in told.found


def test_the_doctor_warns_of_unfinished_writes_into_the_lake(files: LocalFiles, tmp_path: Path) -> None:
    name = "writings into the lake"
    assert found(tmp_path / "lake")[name].verdict == "ok"
    for calls in (4, 5):  # before there is a manifest, and then
        with pytest.raises(Crash):
            imported(
                Interrupted(files, calls, crash),
                json_lines(tmp_path / f"{calls}.jsonl", [old_event(str(calls), "email.sent", NOW)]),
            )

    now = time.time_ns() // 1_000_000
    assert found(tmp_path / "lake", now)[name].found.startswith("1 files are on their way, and 0 of imports")
    assert found(tmp_path / "lake", now + 2 * OVERDUE_MS)[name].found.startswith("1 files are on their way, and 1 of")


@pytest.mark.parametrize(
    ("mode", "group_reads", "verdicts"),
    [
        (0o700, False, []),
        (0o750, False, ["warn"]),
        (0o755, False, ["warn"]),
        (0o2750, True, []),
        (0o755, True, ["warn"]),
    ],
)
def test_the_doctor_judges_the_mode_of_the_lakes_folder(mode: int, group_reads: bool, verdicts: list[str]) -> None:
    assert [one.verdict for one in judge_modes(mode, group_reads=group_reads)] == verdicts


@pytest.mark.parametrize(
    ("begin", "starts", "ends", "verdict"),
    [
        ({0: 5}, {0: 0, 1: 0}, {0: 7, 1: 0}, "ok"),
        ({}, {0: 7}, {0: 9}, "ok"),
        ({0: 5}, {0: 6}, {0: 7}, "fail"),
        ({0: 5}, {0: 0}, {0: 6 + MUCH_BEHIND}, "warn"),
    ],
)
def test_the_doctor_judges_how_far_the_lake_is_behind(
    begin: dict[int, int], starts: dict[int, int], ends: dict[int, int], verdict: str
) -> None:
    assert judge_behind(begin, starts, ends).verdict == verdict
