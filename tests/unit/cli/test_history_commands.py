"""Commands over history: lake, backup and replay."""

import fcntl
import signal
from pathlib import Path

import orjson
import pytest
import typer
import zstandard
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from events.json_types import JSON
from events.times import render_time
from sinks.base import ContactChange
from sinks.lake.files import Files, LocalFiles
from sinks.lake.manifests import STAGING
from sinks.lake.snapshots import CONTACT_STATE, SnapshotWriter, profiles_table
from sinks.lake.writer import LakeWriter
from streams.cli.contact import write_bundle
from streams.cli.main import app
from streams.domain.pressure import default_policy_text
from streams.operations.backup.manifest import FORMAT, Manifest, identity_of, write_manifest
from streams.operations.backup.record_files import Record, write_records
from streams.platform.settings import Settings
from tests.unit.events.records import NOW
from tests.unit.history.lake.lake_rows import rows_in_folders
from tests.unit.history.lake.old_files import json_lines, old_event
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

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


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_dry_run_says_what_would_be_sent(lake: Path) -> None:
    ended = run("replay", lake, "--dry-run", "--json", "--types", "donation.*,email.*")

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
def test_what_is_wrong_is_named_with_its_cure(lake: Path, words: tuple[str, ...], code: int, said: str) -> None:
    (lake.parent / "broken.toml").write_text("caps = 1")
    (lake.parent / "home").mkdir()

    ended = run(*(word.format(lake=lake) for word in words))

    assert (ended.exit_code, said.format(lake=lake) in ended.stderr) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_backtest_asks_both_policies_and_writes_a_file(lake: Path) -> None:
    policy, file = lake.parent / "policy.toml", lake.parent / "report.html"

    ended = run("backtest", "--policy", policy, "--lake", lake, "--out", file, "--processes", "1", "--json")

    assert ended.exit_code == 0, ended.stderr
    told = orjson.loads(ended.stdout)
    assert (told["sends"], told["people"], told["open"]) == (2, 1, 2)
    reasons = {(cell["policy"], cell["value"]) for cell in told["cells"] if cell["by"] == "reason"}
    assert ("old", "unknown_address") in reasons
    assert ("new", "unknown_address") not in reasons
    assert file.read_text("utf-8").startswith("<!doctype html>")


def test_a_time_in_which_nobody_was_reached_is_told(lake: Path) -> None:
    words = ("--policy", lake.parent / "policy.toml", "--lake", lake, "--processes", "1")

    ended = run("backtest", *words, "--to", "2012-01-01")

    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.startswith("! nobody was reached in this time: of 4 interactions none is a touch")


NOON = "2012-11-06T12:00:00.000Z"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("HARMONIA_IDENTITY_KEY", "secret")
    monkeypatch.setenv("HARMONIA_PARTITIONS", "4")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A backup of four partitions."""
    file = write_records(tmp_path / "contacts-0.zst", [Record(0, b"ada", b"state")])
    identity = identity_of(Settings(identity_key=SecretStr("secret")))
    write_manifest(tmp_path, Manifest(FORMAT, "0.1", NOON, NOON, NOON, 4, 2, identity, 1, [7], [9], [file]))
    return tmp_path


def refused(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, words)
    return result.exit_code, " ".join(result.stderr.split())


def test_a_backup_needs_somewhere_to_go() -> None:
    assert refused("backup") == (2, "name a directory, or a file with --erasures")


def test_another_key_is_refused_before_anything_is_asked(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARMONIA_IDENTITY_KEY", "another")
    code, said = refused("restore", str(copy))
    assert (code, said.startswith("HARMONIA_IDENTITY_KEY")) == (1, True)


@pytest.mark.parametrize(("words", "setting"), [((), "6"), (("--partitions", "6"), "4")])
def test_another_number_of_partitions_has_to_be_meant(
    copy: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], setting: str
) -> None:
    monkeypatch.setenv("HARMONIA_PARTITIONS", setting)
    code, said = refused("restore", str(copy), *words)
    assert (code, said.startswith(f"HARMONIA_PARTITIONS is {setting}")) == (2, True)


def test_a_generation_that_readers_would_ignore_is_refused(copy: Path) -> None:
    code, said = refused("restore", str(copy), "--generation", "2")
    assert (code, said) == (2, "--generation: the backup is of generation 2: give a higher one")


def test_a_file_of_erasures_that_is_none_names_the_line(copy: Path) -> None:
    (copy / "since.jsonl").write_text('{"trace":"/0","time":1,"source":"a","id":"1"}\nnobody\n')
    code, said = refused("restore", str(copy), "--erasures", str(copy / "since.jsonl"))
    assert (code, said.startswith("--erasures: line 2 of")) == (1, True)


def test_a_folder_that_cannot_be_made_is_told_with_its_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(typer.Exit) as ended:
        write_bundle(tmp_path / "file" / "out", {"page.html": b"x"})
    assert ended.value.exit_code == 1
    assert "Not a directory" in capsys.readouterr().err


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


def bring_in(*words: object) -> Result:
    return CliRunner().invoke(app, ["lake", "import", *map(str, words)])


def test_lake_import_reports_its_counts_and_a_dry_run_writes_nothing(file: Path) -> None:
    counts = {"interactions": {"donation.made": 1, "email.sent": 1}, "refused": {"not_json": 1}, "left_out": {}}
    for words in (("--dry-run", "--json"), ("--json",)):
        ended = bring_in(file, *words)
        refusals = 0 if "--dry-run" in words else 1
        assert (ended.exit_code, orjson.loads(ended.stdout)) == (refusals, counts), ended.stderr
        assert "old.jsonl: line 3: not_json" in ended.stderr
    assert f"no lake was at {file.parent}/lake: a new one begins there" in ended.stderr
    again = bring_in(file)
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
def test_a_wrong_import_is_named_with_its_cure(file: Path, words: tuple[str, ...], code: int, said: str) -> None:
    file.with_suffix(".jsonl.zst").write_bytes(zstandard.compress(file.read_bytes())[:-3])

    ended = bring_in(*(word.format(file=file) for word in words))

    assert (ended.exit_code, said in ended.stderr) == (code, True), ended.stderr
    assert not (file.parent / "lake" / "interactions").exists()


def test_a_field_that_no_type_has_is_named_with_what_was_meant(file: Path) -> None:
    strange = old_event("3", "email.sent", NOW - 90 * DAY)
    assert isinstance(strange, dict)
    assert isinstance(strange["data"], dict)
    strange["data"]["purpos"] = "fundraising"
    json_lines(file, [strange, old_event("4", "email.sent", NOW - 90 * DAY)])
    ended = bring_in(file, "--json")
    assert ended.exit_code == 0, ended.stderr
    assert "1 × data.purpos: no field of email.sent; did you mean purpose? It is taken, and counts for nothing" in (
        ended.stderr
    )
    [told] = orjson.loads(ended.stdout)["unknown_fields"]
    assert (told["field"], told["near"], told["events"]) == ("data.purpos", "purpose", 1)


ROLL: JSON = {"kind": "voter_list", "file": "rolls-2012"}


@pytest.fixture
def roll_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Two rows of a roll, and one of nowhere."""
    monkeypatch.setenv("HARMONIA_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HARMONIA_HOME", str(tmp_path / "home"))
    files = LocalFiles(tmp_path / "lake")
    said = [topic_record(at, "provenance.reported", NOW, provenance=ROLL) for at in range(2)]
    LakeWriter(files, TOPIC_ID).write(0, 0, 2, [*said, topic_record(2, "email.sent", NOW)])
    return files


def forgets(*words: object, answer: str = "", about: tuple[str, str] = ("--kind", "voter_list")) -> Result:
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
    roll_lake: Files, words: tuple[object, ...], answer: str, outcome: tuple[int, str, int]
) -> None:
    code, told, gone = outcome
    ended = forgets(*words, answer=answer)
    assert told in " ".join(ended.output.split())
    assert (ended.exit_code, forgotten(roll_lake)) == (code, gone)


def test_rows_of_a_purpose_go_in_place_of_those_of_a_source(roll_lake: Files) -> None:
    signed: JSON = {"kind": "self", "purpose": "petition-water"}
    LakeWriter(roll_lake, TOPIC_ID).write(0, 3, 3, [topic_record(3, "form.submitted", NOW, provenance=signed)])
    ended = forgets("--most", 1, "--yes", about=("--purpose", "petition-water"))
    assert (ended.exit_code, forgotten(roll_lake)) == (0, 1), ended.output


def test_neither_a_source_nor_a_purpose_is_wrong_use(roll_lake: Files) -> None:
    ended = CliRunner().invoke(app, ["lake", "forget", "--until", render_time(NOW), "--most", "9", "--yes"])
    assert (ended.exit_code, forgotten(roll_lake)) == (2, 0)
    assert "--kind: give one of self, voter_list" in " ".join(ended.output.split())


def test_profiles_that_a_snapshot_staged_and_never_committed_go_too(roll_lake: Files) -> None:
    """They would show the source to whoever reads the files, and nothing else reaches them."""
    with SnapshotWriter(roll_lake, "2012-02-22", NOW).file(CONTACT_STATE) as add:
        add(profiles_table([ContactChange("ada", 1, b"{}", None, None)]))
    assert len(roll_lake.below(STAGING)) == 1
    assert forgets("--most", 2, "--yes").exit_code == 0
    assert roll_lake.below(STAGING) == []


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARMONIA_HOME", str(tmp_path / "home"))
    return json_lines(tmp_path / "old.jsonl", [old_event("1", "donation.made", NOW)])


def replayed(*words: object) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, words)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_replay_says_how_it_goes_on(
    number: signal.Signals, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.history.replay.replay_run.send_replay", lambda *_: signal.raise_signal(number))

    ended = replayed(history)

    assert (ended.exit_code, ended.stderr) == (128 + number, "interrupted; the same command goes on where it was\n")


def test_a_second_replay_of_a_path_is_refused_while_one_runs(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second: list[Result] = []
    monkeypatch.setattr(
        "streams.history.replay.replay_run.send_replay",
        lambda *_: second.append(replayed(f"{history.parent}/./{history.name}")),
    )

    first = replayed(history)

    assert first.exit_code == 0, first.stderr
    assert [ended.exit_code for ended in second] == [1]
    assert "is being replayed by another process: wait for its end" in second[0].stderr
    assert replayed(history, "--dry-run").exit_code == 0
    [lock] = (history.parent / "home" / "replays").iterdir()
    with lock.open() as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)
