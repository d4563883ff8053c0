"""`harmonia lake import`, as an operator meets it: it needs no server."""

from pathlib import Path

import orjson
import pytest
import zstandard
from typer.testing import CliRunner, Result

from events.json_types import JSON
from streams.cli.main import app
from tests.unit.events.records import NOW
from tests.unit.history.lake.old_files import json_lines, old_event
from tests.unit.history.lake.topic_records import DAY


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
