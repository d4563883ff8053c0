"""`harmonia segments define` as far as no server is asked: what is wrong with a file is told before anything else."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from streams.cli.segments import DefinedSegments
from streams.domain.segments.definition_files import definition_json
from tests.property.domain.segments.definitions import read


def define(file: Path) -> Result:
    return CliRunner().invoke(app, ["segments", "define", str(file)])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", '[[segments]]\nid = "x"', "segments: is not known; rename [[segments]] to [[segment]]"),
        ("a.toml", '[[segment]]\nid = "x"\nall = [{ tagg = "a" }]', "segment[0].all[0]: is no condition that is known"),
        ("a.toml", "[[segment", "the file: is not TOML"),
        ("a.json", '{"segment": [{"id": "x"}]}', "segment[0]: has no conditions; add all, any or none"),
        ("A.JSON", "[", "the file: is not JSON"),
    ],
)
def test_every_mistake_names_its_place_and_the_cure_and_no_server_is_asked(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    ended = define(file)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"{file}: {said}")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b"\xff\xfe")
    ended = define(file)
    assert (ended.exit_code, ended.stderr) == (1, f"{file}: not UTF-8, as TOML and JSON have to be\n")


def test_the_latest_record_of_a_segment_counts_and_what_cannot_be_read_is_kept_apart() -> None:
    [hosts] = read([{"id": "hosts", "all": [{"tag": "host"}]}])
    there = DefinedSegments()
    there.take(b"hosts", definition_json(hosts))
    there.take(b"drivers", b'{"id": "drivers", "all": [{"tug": "driver"}]}')
    assert there.definitions == {"hosts": hosts}
    assert there.unreadable["drivers"].startswith("all[0]: is no condition that is known: tug")
    there.take(b"drivers", None)
    there.take(b"hosts", b"[")
    assert (there.definitions, [*there.unreadable]) == ({}, ["hosts"])


@pytest.mark.parametrize("file", [["-"], []])
def test_a_preview_is_of_what_standard_input_says(file: list[str]) -> None:
    done = CliRunner().invoke(app, ["segments", "preview", *file], input='{"segment": [{"id": "x"}]}')
    assert done.exit_code == 1
    assert done.stderr.startswith("-: segment[0]: has no conditions; add all, any or none")
