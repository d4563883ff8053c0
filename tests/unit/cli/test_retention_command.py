"""`harmonia retention`: what is meant is said, one thing alone, and who decides is a source that intake takes."""

import pytest
from typer.testing import CliRunner

from streams.cli.main import app

UNTIL = ("--until", "2012-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("words", "days", "cure"),
    [
        ((), "0", "give --kind or --purpose with --until, or --inactive"),
        (("--kind", "rented"), "0", "give --kind or --purpose with --until, or --inactive"),
        (("--purpose", "petition-water"), "0", "give --kind or --purpose with --until, or --inactive"),
        (("--purpose", "p", "--kind", "rented", *UNTIL), "0", "--purpose: give it without --kind and --file"),
        (("--purpose", "p", "--file", "f", *UNTIL), "0", "--purpose: give it without --kind and --file"),
        (("--purpose", "Ada Lovelace", *UNTIL), "0", "--purpose: give 1 to 128 letters, digits"),
        (("--inactive",), "0", "HARMONIA_INACTIVITY_DAYS is 0"),
        (("--inactive", "--kind", "rented"), "1095", "give it alone"),
        (("--inactive", "--purpose", "p"), "1095", "give it alone"),
        (("--kind", "census", *UNTIL), "1095", "--kind: give one of self, voter_list"),
    ],
)
@pytest.mark.parametrize("command", [("report",), ("run", "--most", "1")])
def test_wrong_use_is_told_before_anything_is_read(
    command: tuple[str, ...], words: tuple[str, ...], days: str, cure: str
) -> None:
    ended = CliRunner().invoke(app, ["retention", *command, *words], env={"HARMONIA_INACTIVITY_DAYS": days})
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert cure in ended.stderr


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "--source: no command of it would be taken"),
        ("x" * 257, "--source: no command of it would be taken"),
        ("Ada <ada@example.org>", "--source: give a name such as operator/retention, no address"),
    ],
)
def test_a_source_that_intake_would_not_take_is_refused_before_anything_is_sent(source: str, told: str) -> None:
    words = ("--kind", "rented", "--until", "2026-01-01T00:00:00Z", "--most", "1", "--yes", "--source", source)
    ended = CliRunner().invoke(app, ["retention", "run", *words])
    assert (ended.exit_code, told in " ".join(ended.output.split())) == (2, True), ended.output
    assert "ada@" not in ended.output
