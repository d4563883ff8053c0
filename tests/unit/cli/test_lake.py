"""`harmonia lake`, as an operator meets it: it needs no server, and asks before it forgets."""

from pathlib import Path

import orjson
import pytest
import zstandard
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
from tests.unit.history.lake.old_files import json_lines, old_event
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARMONIA_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HARMONIA_HOME", str(tmp_path / "home"))
    said: list[JSON] = [
        old_event("1", "email.sent", NOW - 90 * DAY),
        old_event("2", "donation.made", NOW - 80 * DAY),
        "no object",
    ]
    return json_lines(tmp_path / "old.jsonl", said)


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["lake", "import", *map(str, words)])


def test_lake_import_reports_its_counts_and_a_dry_run_writes_nothing(file: Path) -> None:
    counts = {"interactions": {"donation.made": 1, "email.sent": 1}, "refused": {"not_json": 1}, "left_out": {}}
    for words in (("--dry-run", "--json"), ("--json",)):
        ended = run(file, *words)
        refusals = 0 if "--dry-run" in words else 1
        assert (ended.exit_code, orjson.loads(ended.stdout)) == (refusals, counts), ended.stderr
        assert "old.jsonl: line 3: not_json" in ended.stderr
    assert f"no lake was at {file.parent}/lake: a new one begins there" in ended.stderr
    again = run(file)
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr.strip() == "3 rows were brought in before"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("{file}", "--types", "email.mad"), 2, "--types: email.mad"),
        (("{file}", "--to", "monday"), 2, "--to: give a date"),
        (("{file}", "{file}x"), 1, "old.jsonlx: there is nothing"),
        (("{file}.zst",), 1, "old.jsonl.zst: is damaged or was cut short"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(file: Path, words: tuple[str, ...], code: int, said: str) -> None:
    file.with_suffix(".jsonl.zst").write_bytes(zstandard.compress(file.read_bytes())[:-3])

    ended = run(*(word.format(file=file) for word in words))

    assert (ended.exit_code, said in ended.stderr) == (code, True), ended.stderr
    assert not (file.parent / "lake" / "interactions").exists()


def test_a_field_that_no_type_has_is_named_with_what_was_meant(file: Path) -> None:
    strange = old_event("3", "email.sent", NOW - 90 * DAY)
    assert isinstance(strange, dict)
    assert isinstance(strange["data"], dict)
    strange["data"]["purpos"] = "fundraising"
    json_lines(file, [strange, old_event("4", "email.sent", NOW - 90 * DAY)])
    ended = run(file, "--json")
    assert ended.exit_code == 0, ended.stderr
    assert "1 × data.purpos: no field of email.sent; did you mean purpose? It is taken, and counts for nothing" in (
        ended.stderr
    )
    [told] = orjson.loads(ended.stdout)["unknown_fields"]
    assert (told["field"], told["near"], told["events"]) == ("data.purpos", "purpose", 1)


# `harmonia lake forget`, as an operator meets it: it asks, and refuses where more rows would go than expected.
ROLL: JSON = {"kind": "voter_list", "file": "rolls-2012"}


@pytest.fixture
def lake_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Two rows of a roll, and one of nowhere."""
    monkeypatch.setenv("HARMONIA_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HARMONIA_HOME", str(tmp_path / "home"))
    files = LocalFiles(tmp_path / "lake")
    said = [topic_record(at, "provenance.reported", NOW, provenance=ROLL) for at in range(2)]
    LakeWriter(files, TOPIC_ID).write(0, 0, 2, [*said, topic_record(2, "email.sent", NOW)])
    return files


def forget(*words: object, answer: str = "", about: tuple[str, str] = ("--kind", "voter_list")) -> Result:
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
    lake_of_rows: Files, words: tuple[object, ...], answer: str, outcome: tuple[int, str, int]
) -> None:
    code, told, gone = outcome
    ended = forget(*words, answer=answer)
    assert told in " ".join(ended.output.split())
    assert (ended.exit_code, forgotten(lake_of_rows)) == (code, gone)


def test_rows_of_a_purpose_go_in_place_of_those_of_a_source(lake_of_rows: Files) -> None:
    signed: JSON = {"kind": "self", "purpose": "petition-water"}
    LakeWriter(lake_of_rows, TOPIC_ID).write(0, 3, 3, [topic_record(3, "form.submitted", NOW, provenance=signed)])
    ended = forget("--most", 1, "--yes", about=("--purpose", "petition-water"))
    assert (ended.exit_code, forgotten(lake_of_rows)) == (0, 1), ended.output


def test_neither_a_source_nor_a_purpose_is_wrong_use(lake_of_rows: Files) -> None:
    ended = CliRunner().invoke(app, ["lake", "forget", "--until", render_time(NOW), "--most", "9", "--yes"])
    assert (ended.exit_code, forgotten(lake_of_rows)) == (2, 0)
    assert "--kind: give one of self, voter_list" in " ".join(ended.output.split())


def test_profiles_that_a_snapshot_staged_and_never_committed_go_too(lake_of_rows: Files) -> None:
    """They would show the source to whoever reads the files, and nothing else reaches them."""
    with SnapshotWriter(lake_of_rows, "2012-02-22", NOW).file(CONTACT_STATE) as add:
        add(profiles_table([ContactChange("ada", 1, b"{}", None, None)]))
    assert len(lake_of_rows.below(STAGING)) == 1
    assert forget("--most", 2, "--yes").exit_code == 0
    assert lake_of_rows.below(STAGING) == []
