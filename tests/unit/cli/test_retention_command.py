"""`harmonia retention run`, where nothing may be sent: who decides has to be a source that intake takes."""

import pytest
from typer.testing import CliRunner

from streams.cli.main import app


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
