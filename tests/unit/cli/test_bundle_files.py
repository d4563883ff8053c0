"""The files of `harmonia contact bundle`, where they cannot be written."""

from pathlib import Path

import pytest
import typer

from streams.cli.contact import write_bundle


def test_a_folder_that_cannot_be_made_is_told_with_its_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(typer.Exit) as ended:
        write_bundle(tmp_path / "file" / "out", {"page.html": b"x"})
    assert ended.value.exit_code == 1
    assert "Not a directory" in capsys.readouterr().err
