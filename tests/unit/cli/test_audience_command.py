"""`harmonia audience export` as far as no server is asked: which columns of a list may be written."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app

NOWHERE = {"REDIS_URL": "redis://127.0.0.1:1/0"}


def export(file: Path, *words: str, regime: str = "eu") -> Result:
    asked = ["audience", "export", str(file), "--for", "online_ads", "--team", "digital", *words]
    return CliRunner().invoke(app, asked, env={**NOWHERE, "HARMONIA_REGIME": regime})


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    file = tmp_path / "list.csv"
    file.write_text("contact_id,adresse mel,plan\nc1,bob@example.org,b\n")
    return file


@pytest.mark.parametrize("words", [(), ("--carry", "plan")])
def test_a_column_that_is_not_read_may_hold_an_address_and_is_not_written(listed: Path, words: tuple[str, ...]) -> None:
    ended = export(listed, "--criteria", "plan-7/v2", *words)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("'adresse mel'" if words else "'adresse mel', 'plan'")
    assert "--carry" in ended.stderr
    assert "bob" not in ended.stderr


def test_a_column_to_carry_has_to_be_in_the_list(listed: Path) -> None:
    ended = export(listed, "--criteria", "plan-7/v2", "--carry", "plan", "--carry", "plans")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert (
        ended.stderr == "--carry: 'plans': the list has no such column that is not read; it has 'adresse mel', 'plan'\n"
    )


def test_a_column_that_names_people_is_judged_and_need_not_be_carried(listed: Path) -> None:
    ended = export(listed, "--criteria", "plan-7/v2", "--carry", "contact_id")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("--carry: 'contact_id': ")


@pytest.mark.parametrize(
    ("words", "regime"),
    [(("--carry", "plan", "--carry", "Adresse_Mel"), "eu"), ((), "us")],
)
def test_what_is_said_to_hold_no_address_goes_along_and_without_the_gate_all_does(
    listed: Path, words: tuple[str, ...], regime: str
) -> None:
    """The list is then judged, for which Redis would be needed."""
    ended = export(listed, "--criteria", "plan-7/v2", *words, regime=regime)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "--carry" not in ended.stderr
    assert "is REDIS_URL right and the server up?" in ended.stderr
