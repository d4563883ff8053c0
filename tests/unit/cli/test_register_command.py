"""`harmonia register export`: what it writes needs no server where none is asked, and a wrong language is told."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from streams.cli.main import app


def run(*words: str, **more: str) -> Result:
    env = {"HARMONIA_REGIME": "fr", "HARMONIA_CONTROLLER": "Liste Martin"} | more
    return CliRunner().invoke(app, ["register", "export", *words], env=env)


def test_it_is_written_without_a_server_in_both_languages_and_for_programs() -> None:
    english, french, data = run("--offline"), run("--offline", "--language", "fr"), run("--offline", "--json")
    assert (english.exit_code, french.exit_code, data.exit_code) == (0, 0, 0)
    assert english.stdout.startswith("# Register of processing\n")
    assert french.stdout.startswith("# Registre des activités de traitement\n")
    assert "\u00a0: Liste Martin" in french.stdout
    said = json.loads(data.stdout)
    assert (said["controller"], said["deployment"]["HARMONIA_REGIME"], said["segments"]) == ("Liste Martin", "fr", None)


def test_endpoints_are_shown_without_the_secrets_that_only_deliver_may_hold(tmp_path: Path) -> None:
    file = tmp_path / "endpoints.toml"
    file.write_text(
        """
        [[endpoint]]
        id = "crm"
        kind = "webhook"
        url = "https://crm.example.org/hooks"
        secrets = ["env:CRM_SECRET_THAT_IS_NOT_SET"]
        topics = ["segment-changes"]

        [[endpoint]]
        id = "war-room"
        kind = "slack"
        url = "file:no-such-file"
        topics = ["system-alerts"]
        """
    )
    shown = run("--offline", "--json", HARMONIA_DELIVER=str(file))
    assert (shown.exit_code, shown.stderr) == (0, "")
    hosts = {one["name"]: one["host"] for one in json.loads(shown.stdout)["recipients"]}
    assert hosts == {"crm": "crm.example.org", "war-room": None}
    file.write_text("[[endpoint]]\nid = 'crm'\n")
    broken = run("--offline", HARMONIA_DELIVER=str(file))
    assert broken.exit_code != 0
    assert broken.stderr.startswith(f"HARMONIA_DELIVER: {file}: ")
    gone = run("--offline", HARMONIA_DELIVER=str(tmp_path / "none.toml"))
    assert gone.stderr == f"HARMONIA_DELIVER: {tmp_path}/none.toml: No such file or directory\n"


def test_what_is_set_to_nothing_is_a_blank_as_what_is_not_set() -> None:
    said = json.loads(run("--offline", "--json", HARMONIA_CONTROLLER="", HARMONIA_DPO="  ").stdout)
    assert (said["controller"], said["dpo"]) == (None, None)
