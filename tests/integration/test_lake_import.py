"""Old files reach the profiles of a running system by `lake import` and `rebuild`: of those who should change, and no
others; though the import was killed in the middle."""

import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from events.identifiers import Hasher
from events.json_types import JSON
from events.topics import DONATION_EVENTS, EMAIL_EVENTS
from sinks.lake.files import LocalFiles
from sinks.lake.manifests import INTERACTIONS, MANIFESTS
from streams.local.stack import Stack
from tests.integration.command import COMMAND, ended_well, environment_of, harmonia, on
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, running_system, until_in_redis
from tests.integration.waiting import until
from tests.unit.history.lake.lake_rows import LakeRows, rows_in_folders
from tests.unit.history.lake.old_files import imported, json_lines

OPENS, ROWS = 400, "5"
NOW = 1_900_000_000_000
"""Later than any clock that this runs by: it is the same then what is ahead of it."""


def test_old_messages_reach_those_whom_they_are_about(stack: Stack, tmp_path: Path) -> None:
    mark = fresh()
    live, new, known = (f"{mark}-{name}" for name in ("live", "new", "known"))
    told = {name: event("email.sent", {"contact_id": name}) for name in (live, known)}
    gifts = {name: event("donation.made", {"contact_id": name}, donation_id=f"x:{name}") for name in (live, known)}
    opened: list[JSON] = [event("email.opened", {"contact_id": new}) for _ in range(OPENS)]
    old = event("email.delivered", {"contact_id": live}, message_id="old")
    file = json_lines(tmp_path / "old.jsonl", [*opened, old, told[known], gifts[known]])
    lake = tmp_path / "lake"
    environment = on(stack, HARMONIA_LAKE=str(lake), HARMONIA_LAKE_FLUSH_ROWS=ROWS)
    with running_system(stack, tmp_path) as system:
        for name in (live, known):
            system.deployment.producer.send(EMAIL_EVENTS, structured(told[name])[0]).get(30)
            system.deployment.producer.send(DONATION_EVENTS, structured(gifts[name])[0]).get(30)
            until(partial(has_given, system, name), "both in Redis")

        killed_in_the_middle(tmp_path, file, environment)
        again = harmonia(tmp_path, "lake", "import", str(file), "--json", environment=environment)
        assert (again.returncode, b"were brought in before" in again.stderr) == (0, True), again.stderr
        assert 0 < json.loads(again.stdout)["interactions"]["email.opened"] < OPENS
        assert rows_in_folders(LocalFiles(lake)) == undisturbed(tmp_path, file, system.settings.hasher)

        ended_well(harmonia(tmp_path, "rebuild", "build", "built", "--processes", "1", environment=environment))
        words = ("rebuild", "compare", "built", "--json", "--samples", "1000")
        found = json.loads(harmonia(tmp_path, *words, environment=environment).stdout)
        changed = {(each["contact_id"], each["field"]) for each in found["samples"] if mark in each["contact_id"]}
        assert {name for name, _ in changed} == {live, new}
        assert (new, "") in changed, "nobody knew of them"
        assert (live, "counts.email.delivered") in changed


def has_given(system: System, name: str) -> bool:
    counts = json.loads(until_in_redis(system, name))["counts"]
    return bool(counts == {"email.sent": 1, "donation.made": 1})


def killed_in_the_middle(folder: Path, file: Path, environment: dict[str, str]) -> None:
    """Kill an import, as no process can prepare for, once some of it is in the lake."""
    command = [sys.executable, "-m", COMMAND, "lake", "import", str(file)]
    ranges = folder / "lake" / MANIFESTS / INTERACTIONS
    with subprocess.Popen(command, cwd=folder, env=environment_of(folder, environment)) as process:
        try:
            until(lambda: len([*ranges.rglob("*.json")]) > 1, "the first ranges")
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL, "it was over before"


def undisturbed(folder: Path, file: Path, hasher: Hasher) -> LakeRows:
    """What an import leaves that nobody kills."""
    files = LocalFiles(folder / "undisturbed")
    imported(files, file, hasher=hasher, now=NOW)
    return rows_in_folders(files)
