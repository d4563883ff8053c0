"""`harmonia worker`, before it works."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app

UNKNOWN = "HARMONIA_PARTITION is no setting and is ignored: did you mean HARMONIA_PARTITIONS?\n"


@pytest.mark.parametrize(("words", "said"), [([], UNKNOWN), (["--processes", "2"], UNKNOWN), (["--child"], "")])
def test_a_variable_that_is_no_setting_is_named_by_the_parent_and_not_by_each_child(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARMONIA_PARTITION", "3")
    monkeypatch.setenv("HARMONIA_POLICY", "absent.toml")  # which ends it before it looks for a broker

    ended = CliRunner().invoke(app, ["worker", *words])

    assert ended.exit_code == 1
    first, _, _ = ended.stderr.rpartition("HARMONIA_POLICY")
    assert first == said
