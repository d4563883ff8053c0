"""`harmonia assign` from a file, without any server, and what it refuses before a row is written."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app

ASK = '[[experiment]]\nid = "gotv-ask"\nvariants = { short = 45, control = 45, long = 10 }\nholdout = 0.1\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ask.toml"
    path.write_text(ASK)
    return path


def run(file: Path, given: str, *words: str, experiment: str = "gotv-ask") -> Result:
    return CliRunner().invoke(app, ["assign", experiment, "--definition", str(file), *words], input=given)


def test_a_list_is_assigned_without_a_server(file: Path) -> None:
    ended = run(file, "c-1\nc-4\nbad id\n")
    assert (ended.exit_code, ended.stdout) == (0, "contact_id,variant\nc-1,control\nc-4,short\nbad id,\n")
    assert "2 of 3 rows are in gotv-ask" in ended.stderr
    assert "40.50%" in ended.stderr
    assert "1 was not assigned: malformed_identifier" in ended.stderr


def test_a_definition_may_have_the_mark_that_windows_writes(file: Path) -> None:
    file.write_text(f"\ufeff{ASK}")
    assert run(file, "c-1\n").stdout == "contact_id,variant\nc-1,control\n"


def test_the_counts_are_there_for_programs(file: Path) -> None:
    counted = json.loads(run(file, "c-1\nc-4\nbad id\n", "--json").stderr)
    assert counted == {
        "experiment": "gotv-ask",
        "rows": 3,
        "variants": {"short": 1, "control": 1, "long": 0, "holdout": 0},
        "planned": {"short": 0.405, "control": 0.405, "long": 0.09, "holdout": 0.1},
        "excluded": 0,
        "not_assigned": {"malformed_identifier": 1},
        "emitted": 0,
    }


def test_a_key_that_redis_cannot_compare_is_told_where_the_variant_depends_on_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    told = "HARMONIA_IDENTITY_KEY was not compared with the workers'"
    ended = run(file, "email\nada@example.org\n")
    assert (ended.exit_code, told in ended.stderr) == (0, True)
    assert json.loads(run(file, "email\nada@example.org\n", "--json").stderr)["key_compared"] is False
    assert told not in run(file, "contact_id\nc-1\n").stderr
    file.write_text(DOOR)
    assert told not in run(file, "email,household,state\nada@example.org,h-1,NY\n", experiment="door").stderr


DOOR = """[[experiment]]
id = "door"
unit = "household"
variants = { walk = 1, call = 1 }
strata = { column = "state", splits.NY = { walk = 1 }, splits.NJ = { call = 1 } }
"""


def test_households_in_several_variants_are_told_of_once_by_their_number(file: Path) -> None:
    file.write_text(DOOR)
    text = "contact_id,household,state\nc-1,h-1,NY\nc-2,h-1,NJ\nc-3,h-2,NY\nc-4,h-2,NY\n"
    ended = run(file, text, experiment="door")
    assert (ended.exit_code, ended.stdout.count("\n")) == (0, 5)
    assert ended.stderr.splitlines()[-1] == (
        "1 of 2 households is in several variants, since its people are in several strata: "
        "give all of a household the same state"
    )
    assert json.loads(run(file, text, "--json", experiment="door").stderr)["parted"] == 1
    more = run(file, f"{text}c-5,h-2,NJ\n", experiment="door").stderr
    assert "2 of 2 households are in several variants, since their people" in more


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            "end = 2020-01-01T00:00:00Z",
            "now is not between its start (none) and its end (2020-01-01T00:00:00.000Z)",
        ),
        (
            "start = 9990-01-01T00:00:00Z",
            "now is not between its start (9990-01-01T00:00:00.000Z) and its end (none)",
        ),
        (
            'phase = "rollout"\nrollout_variant = "long"\nrollout_since = 2026-01-01T00:00:00Z',
            "it is rolled out, and nobody is counted who is assigned now",
        ),
    ],
)
def test_nobody_is_told_of_who_would_not_count(file: Path, more: str, told: str) -> None:
    file.write_text(f"{ASK}{more}\n")
    ended = run(file, "c-1\n", "--emit")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert told in ended.stderr


@pytest.mark.parametrize("text", ["", "contact_id\n", "contact_id,state\n\n \n"])
def test_emitting_a_list_without_rows_is_wrong_use(file: Path, text: str) -> None:
    ended = run(file, text, "--emit")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1


def test_in_a_rollout_everybody_gets_its_variant(file: Path) -> None:
    file.write_text(f'{ASK}phase = "rollout"\nrollout_variant = "long"\nrollout_since = 2026-01-01T00:00:00Z\n')
    assert run(file, "c-1\nc-4\n").stdout == "contact_id,variant\nc-1,long\nc-4,long\n"


def test_what_is_wrong_is_told_before_a_row_is_written(file: Path) -> None:
    unknown = run(file, "c-1\n", experiment="other")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert "other: no such definition" in unknown.stderr
    assert "gotv-ask" in unknown.stderr
    nobody = run(file, "first,last\nAda,L\n")
    assert (nobody.exit_code, nobody.stdout) == (2, "")
    assert "no column of the header names a person" in nobody.stderr
    file.write_text(f"{ASK}window = 7\n")
    broken = run(file, "c-1\n")
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert "experiment[0].window: is 7; give a text in quotes" in broken.stderr
    assert run(file, "", "--source", "").exit_code == 2
