"""`harmonia register export`: what it writes needs no server where none is asked, and a wrong language is told."""

import json

from typer.testing import CliRunner, Result

from streams.cli.main import app


def run(*words: str) -> Result:
    env = {"HARMONIA_REGIME": "fr", "HARMONIA_CONTROLLER": "Liste Martin"}
    return CliRunner().invoke(app, ["register", "export", *words], env=env)


def test_it_is_written_without_a_server_in_both_languages_and_for_programs() -> None:
    english, french, data = run("--offline"), run("--offline", "--language", "fr"), run("--offline", "--json")
    assert (english.exit_code, french.exit_code, data.exit_code) == (0, 0, 0)
    assert english.stdout.startswith("# Register of processing\n")
    assert french.stdout.startswith("# Registre des traitements\n")
    assert "\u00a0: Liste Martin" in french.stdout
    said = json.loads(data.stdout)
    assert (said["controller"], said["deployment"]["HARMONIA_REGIME"], said["segments"]) == ("Liste Martin", "fr", None)


def test_a_language_that_there_is_not_is_told_with_those_that_there_are() -> None:
    ended = run("--offline", "--language", "de")
    assert (ended.exit_code, ended.stderr) == (2, "--language: give one of en, fr\n")
