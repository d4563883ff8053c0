"""Commands of the lake and of history: what is wrong is said plainly, without any server."""

import fcntl
import signal
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
from streams.domain.pressure import default_policy_text
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


# `harmonia replay` and `harmonia backtest`: what is wrong is said plainly, and a replay can be stopped.
REVERSED = ("--from", "2012-02-22", "--to", "2012-02-22")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARMONIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HARMONIA_POLICY", raising=False)
    monkeypatch.delenv("HARMONIA_LAKE", raising=False)
    types = ("email.sent", "text.sent", "donation.made", "email.unsubscribed")
    records = [topic_record(at, type_, NOW - DAY + at) for at, type_ in enumerate(types)]
    LakeWriter(LocalFiles(tmp_path / "lake"), TOPIC_ID).write(0, 0, len(records) - 1, records)
    (tmp_path / "policy.toml").write_text(default_policy_text().replace('text = "deny"', 'text = "allow"'))
    return tmp_path / "lake"


def run_command(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_dry_run_says_what_would_be_sent(lake: Path) -> None:
    ended = run_command("replay", lake, "--dry-run", "--json", "--types", "donation.*,email.*")

    assert ended.exit_code == 0, ended.stderr
    assert orjson.loads(ended.stdout) == {
        "interactions": {"donation.made": 1, "email.unsubscribed": 1},
        "refused": {},
        "left_out": {"messages older than 7 days, which enter by a rebuild": 1},
    }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("replay", "{lake}", "--types", "donation.mad"), 2, "--types: donation.mad"),
        (("replay", "{lake}", "--from", "monday"), 2, "--from: give a date"),
        (("replay", "{lake}/nothing", "--dry-run"), 1, "there is nothing"),
        (("replay", "{lake}/../policy.toml", "--dry-run"), 1, "not there: fragment, event"),
        (("backtest", "--policy", "{lake}/../policy.toml"), 2, "HARMONIA_LAKE"),
        (("backtest", "--policy", "{lake}/../broken.toml", "--lake", "{lake}"), 1, "broken.toml"),
        (("backtest", "--policy", "{lake}/../policy.toml", "--lake", "{lake}", "--to", "x"), 2, "--to: give a date"),
        (("backtest", "--policy", "{lake}/../policy.toml", "--lake", "{lake}x"), 1, "{lake}x: there is no past: name"),
        (("backtest", "--policy", "{lake}/../policy.toml", "--lake", "{lake}/../home"), 1, "home: there is no past: "),
        (("backtest", "--policy", "{lake}/../policy.toml", "--lake", "{lake}", *REVERSED), 2, "--from: give a time"),
        (("replay", "{lake}", "--dry-run", *REVERSED), 2, "--from: give a time before `--to`"),
    ],
)
def test_what_is_wrong_with_a_replay_or_backtest_is_named_with_its_cure(
    lake: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    (lake.parent / "broken.toml").write_text("caps = 1")
    (lake.parent / "home").mkdir()

    ended = run_command(*(word.format(lake=lake) for word in words))

    assert (ended.exit_code, said.format(lake=lake) in ended.stderr) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_backtest_asks_both_policies_and_writes_a_file(lake: Path) -> None:
    policy, file = lake.parent / "policy.toml", lake.parent / "report.html"

    ended = run_command("backtest", "--policy", policy, "--lake", lake, "--out", file, "--processes", "1", "--json")

    assert ended.exit_code == 0, ended.stderr
    told = orjson.loads(ended.stdout)
    assert (told["sends"], told["people"], told["open"]) == (2, 1, 2)
    reasons = {(cell["policy"], cell["value"]) for cell in told["cells"] if cell["by"] == "reason"}
    assert ("old", "unknown_address") in reasons
    assert ("new", "unknown_address") not in reasons
    assert file.read_text("utf-8").startswith("<!doctype html>")


def test_a_time_in_which_nobody_was_reached_is_told(lake: Path) -> None:
    words = ("--policy", lake.parent / "policy.toml", "--lake", lake, "--processes", "1")

    ended = run_command("backtest", *words, "--to", "2012-01-01")

    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.startswith("! nobody was reached in this time: of 4 interactions none is a touch")


# A replay that is told to stop, and one that is begun while another of the same path runs.
@pytest.fixture
def replayed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARMONIA_HOME", str(tmp_path / "home"))
    return json_lines(tmp_path / "old.jsonl", [old_event("1", "donation.made", NOW)])


def replay(*words: object) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, words)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_replay_says_how_it_goes_on(
    number: signal.Signals, replayed_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.history.replay.replay_run.send_replay", lambda *_: signal.raise_signal(number))

    ended = replay(replayed_file)

    assert (ended.exit_code, ended.stderr) == (128 + number, "interrupted; the same command goes on where it was\n")


def test_a_second_replay_of_a_path_is_refused_while_one_runs(
    replayed_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second: list[Result] = []
    monkeypatch.setattr(
        "streams.history.replay.replay_run.send_replay",
        lambda *_: second.append(replay(f"{replayed_file.parent}/./{replayed_file.name}")),
    )

    first = replay(replayed_file)

    assert first.exit_code == 0, first.stderr
    assert [ended.exit_code for ended in second] == [1]
    assert "is being replayed by another process: wait for its end" in second[0].stderr
    assert replay(replayed_file, "--dry-run").exit_code == 0
    [lock] = (replayed_file.parent / "home" / "replays").iterdir()
    with lock.open() as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)
