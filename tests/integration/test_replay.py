"""The past reaches a running system once, whoever is killed: by `harmonia replay`, by `lake import` and `rebuild`."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from events.identifiers import Hasher
from events.json_types import JSON
from events.topics import DONATION_EVENTS, EMAIL_EVENTS
from sinks.lake.files import LocalFiles
from sinks.lake.manifests import INTERACTIONS, MANIFESTS
from sinks.lake.writer import LakeWriter
from streams.history.replay.replay_run import FOLDER
from tests.integration.command import ended_well, harmonia, killed, on
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, until_in_redis
from tests.integration.waiting import until
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.lake_rows import LakeRows, rows_in_folders
from tests.unit.history.lake.old_files import imported, json_lines
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

PEOPLE, GIFTS = 20, 4_000
OPENS, ROWS = 400, "5"
LATE = 1_900_000_000_000
"""Later than any clock that this runs by: it is the same then what is ahead of it."""
COMMAND = ("replay", "lake", "--json")


def test_the_past_is_told_once_though_the_telling_was_killed(system: System, tmp_path: Path) -> None:
    mark = fresh()
    write_lake(tmp_path / "lake", mark)
    lake = {**on(system.stack), "HARMONIA_LAKE": str(tmp_path / "lake")}
    erased = harmonia(tmp_path, "lake", "erase", environment=lake)
    assert erased.returncode == 0, erased.stderr  # of whom others on these servers have had erased
    system.say("canvass.reported", {"contact_id": f"{mark}-0"}, support=1)
    until_in_redis(system, f"{mark}-0")

    done = replayed_in_part(system, tmp_path)
    again = harmonia(tmp_path, *COMMAND, environment=on(system.stack))

    assert (again.returncode, b"were replayed before" in again.stderr) == (0, True), again.stderr
    assert json.loads(again.stdout) == {
        "interactions": {"donation.made": GIFTS - done},
        "refused": {},
        "left_out": {"messages older than 7 days, which enter by a rebuild": PEOPLE},
    }
    assert all(noted["finished"] for noted in journals(tmp_path))
    for number in range(PEOPLE):
        found = whole(system, f"{mark}-{number}")
        assert found["counts"] == {"donation.made": GIFTS // PEOPLE, "canvass.reported": 1 + (number == 0)}
        assert found["donations"]["net"] == {"USD": 100 * GIFTS // PEOPLE}
        assert found["canvass"]["support"] == (1 if number == 0 else 5)


def write_lake(folder: Path, mark: str) -> None:
    """What some people thought a day before, their gifts, and messages that are too old."""
    records: list[Fetched] = []
    for type_, many in {"canvass.reported": PEOPLE, "donation.made": GIFTS, "email.sent": PEOPLE}.items():
        for at in range(many):
            said: dict[str, dict[str, JSON]] = {
                "canvass.reported": {"support": 5, "report_id": f"{mark}-{at}"},
                "donation.made": {"donation_id": f"{mark}:{at}", "amount": 100},
                "email.sent": {},
            }
            contact: JSON = {"contact_id": f"{mark}-{at % PEOPLE}"}
            records.append(topic_record(len(records), type_, NOW - DAY, contact=contact, **said[type_]))
    LakeWriter(LocalFiles(folder), TOPIC_ID).write(0, 0, len(records) - 1, records)


def replayed_in_part(system: System, folder: Path) -> int:
    """Kill a replay once some gifts are acknowledged; how many of them are noted."""

    def noted() -> int | None:
        """Of the gifts: no other file has as many rows, so one that is just being ended is none of them."""
        return next((one["done"] for one in journals(folder) if not one["finished"] and one["done"] > PEOPLE), None)

    killed(folder, *COMMAND, "--rate", "1000", environment=on(system.stack), once=noted)
    done = noted()
    assert done is not None
    return done


def journals(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(one.read_bytes()) for one in (folder / "home" / FOLDER).glob("*.json")]


def whole(system: System, contact_id: str) -> dict[str, Any]:
    """A profile with all its gifts."""

    def look() -> dict[str, Any] | None:
        found = json.loads(until_in_redis(system, contact_id))
        return found if found["counts"].get("donation.made", 0) >= GIFTS // PEOPLE else None

    return until(look, f"all gifts of {contact_id}")


def test_old_messages_reach_those_whom_they_are_about(system: System, tmp_path: Path) -> None:
    mark = fresh()
    live, new, known = (f"{mark}-{name}" for name in ("live", "new", "known"))
    told = {name: event("email.sent", {"contact_id": name}) for name in (live, known)}
    gifts = {name: event("donation.made", {"contact_id": name}, donation_id=f"x:{name}") for name in (live, known)}
    opened: list[JSON] = [event("email.opened", {"contact_id": new}) for _ in range(OPENS)]
    old = event("email.delivered", {"contact_id": live}, message_id="old")
    file = json_lines(tmp_path / "old.jsonl", [*opened, old, told[known], gifts[known]])
    lake = tmp_path / "lake"
    environment = on(system.stack, HARMONIA_LAKE=str(lake), HARMONIA_LAKE_FLUSH_ROWS=ROWS)
    for name in (live, known):
        system.deployment.producer.send(EMAIL_EVENTS, structured(told[name])[0]).get(30)
        system.deployment.producer.send(DONATION_EVENTS, structured(gifts[name])[0]).get(30)
        until(partial(has_given, system, name), "both in Redis")

    ranges = lake / MANIFESTS / INTERACTIONS
    words = ("lake", "import", str(file))
    killed(tmp_path, *words, environment=environment, once=lambda: len([*ranges.rglob("*.json")]) > 1)
    again = harmonia(tmp_path, *words, "--json", environment=environment)
    assert (again.returncode, b"were brought in before" in again.stderr) == (0, True), again.stderr
    assert 0 < json.loads(again.stdout)["interactions"]["email.opened"] < OPENS
    assert rows_in_folders(LocalFiles(lake)) == undisturbed(tmp_path, file, system.settings.hasher)

    ended_well(harmonia(tmp_path, "rebuild", "build", "built", "--processes", "1", environment=environment))
    compare = ("rebuild", "compare", "built", "--json", "--samples", "1000")
    found = json.loads(harmonia(tmp_path, *compare, environment=environment).stdout)
    changed = {(each["contact_id"], each["field"]) for each in found["samples"] if mark in each["contact_id"]}
    assert {name for name, _ in changed} == {live, new}
    assert (new, "") in changed, "nobody knew of them"
    assert (live, "counts.email.delivered") in changed


def has_given(system: System, name: str) -> bool:
    counts = json.loads(until_in_redis(system, name))["counts"]
    return bool(counts == {"email.sent": 1, "donation.made": 1})


def undisturbed(folder: Path, file: Path, hasher: Hasher) -> LakeRows:
    """What an import leaves that nobody kills."""
    files = LocalFiles(folder / "undisturbed")
    imported(files, file, hasher=hasher, now=LATE)
    return rows_in_folders(files)
