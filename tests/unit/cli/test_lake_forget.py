"""`harmonia lake forget`, as an operator meets it: it asks, and refuses where more rows would go than expected."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from events.json_types import JSON
from events.times import render_time
from sinks.base import ContactChange
from sinks.lake.files import Files, LocalFiles
from sinks.lake.manifests import STAGING
from sinks.lake.snapshots import CONTACT_STATE, SnapshotWriter, profiles_table
from sinks.lake.writer import LakeWriter
from streams.cli.main import app
from tests.unit.events.records import NOW
from tests.unit.history.lake.lake_rows import rows_in_folders
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record

ROLL: JSON = {"kind": "voter_list", "file": "rolls-2012"}


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Two rows of a roll, and one of nowhere."""
    monkeypatch.setenv("HARMONIA_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HARMONIA_HOME", str(tmp_path / "home"))
    files = LocalFiles(tmp_path / "lake")
    said = [topic_record(at, "provenance.reported", NOW, provenance=ROLL) for at in range(2)]
    LakeWriter(files, TOPIC_ID).write(0, 0, 2, [*said, topic_record(2, "email.sent", NOW)])
    return files


def run(*words: object, answer: str = "", about: tuple[str, str] = ("--kind", "voter_list")) -> Result:
    named = ("lake", "forget", *about, "--until", render_time(NOW))
    return CliRunner().invoke(app, [*named, *map(str, words)], input=answer)


def forgotten(files: Files) -> int:
    return [event for _, _, event in rows_in_folders(files)].count(None)


@pytest.mark.parametrize(
    ("words", "answer", "outcome"),
    [
        (("--dry-run",), "", (0, "2 rows in 1 file would lose their person", 0)),
        ((), "", (2, "--most: say how many rows it may be at most; --dry-run counts them", 0)),
        (("--most", 1, "--yes"), "", (1, "nothing was changed: 2 rows in 1 file would lose their person", 0)),
        (("--most", 2), "n\n", (1, "This cannot be undone. Take the person out of 2 rows in 1 file?", 0)),
        (("--most", 2), "y\n", (0, "2 rows in 1 file lost their person", 2)),
        (("--most", 2, "--yes"), "", (0, "2 rows in 1 file lost their person", 2)),
        (("--most", 0, "--file", "rolls-2008"), "", (0, "0 rows in 0 files lost their person", 0)),
    ],
)
def test_rows_go_where_no_more_than_expected_would_and_somebody_says_yes(
    lake: Files, words: tuple[object, ...], answer: str, outcome: tuple[int, str, int]
) -> None:
    code, told, gone = outcome
    ended = run(*words, answer=answer)
    assert told in " ".join(ended.output.split())
    assert (ended.exit_code, forgotten(lake)) == (code, gone)


def test_rows_of_a_purpose_go_in_place_of_those_of_a_source(lake: Files) -> None:
    signed: JSON = {"kind": "self", "purpose": "petition-water"}
    LakeWriter(lake, TOPIC_ID).write(0, 3, 3, [topic_record(3, "form.submitted", NOW, provenance=signed)])
    ended = run("--most", 1, "--yes", about=("--purpose", "petition-water"))
    assert (ended.exit_code, forgotten(lake)) == (0, 1), ended.output


def test_neither_a_source_nor_a_purpose_is_wrong_use(lake: Files) -> None:
    ended = CliRunner().invoke(app, ["lake", "forget", "--until", render_time(NOW), "--most", "9", "--yes"])
    assert (ended.exit_code, forgotten(lake)) == (2, 0)
    assert "--kind: give one of self, voter_list" in " ".join(ended.output.split())


def test_profiles_that_a_snapshot_staged_and_never_committed_go_too(lake: Files) -> None:
    """They would show the source to whoever reads the files, and nothing else reaches them."""
    with SnapshotWriter(lake, "2012-02-22", NOW).file(CONTACT_STATE) as add:
        add(profiles_table([ContactChange("ada", 1, b"{}", None, None)]))
    assert len(lake.below(STAGING)) == 1
    assert run("--most", 2, "--yes").exit_code == 0
    assert lake.below(STAGING) == []
