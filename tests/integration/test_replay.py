"""`harmonia replay` on a real Kafka with a worker: the past once, whoever is killed, and nothing newer is overrun."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from events.json_types import JSON
from events.topics import CANVASS_EVENTS
from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.history.replay.replay_run import FOLDER
from streams.local.stack import Stack
from tests.integration.command import environment_of, harmonia, on
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, running_system, until_in_redis
from tests.integration.waiting import until
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

PEOPLE, GIFTS = 20, 4_000
COMMAND = ("replay", "lake", "--json")


def test_the_past_is_told_once_though_the_telling_was_killed(stack: Stack, tmp_path: Path) -> None:
    mark = fresh()
    write_lake(tmp_path / "lake", mark)
    with running_system(stack, tmp_path) as system:
        lake = {**on(stack), "HARMONIA_LAKE": str(tmp_path / "lake")}
        erased = harmonia(tmp_path, "lake", "erase", environment=lake)
        assert erased.returncode == 0, erased.stderr  # of whom others on these servers have had erased
        newer = event("canvass.reported", {"contact_id": f"{mark}-0"}, support=1)
        system.deployment.producer.send(CANVASS_EVENTS, structured(newer)[0]).get(30)
        until_in_redis(system, f"{mark}-0")

        done = killed_in_the_middle(stack, tmp_path)
        again = harmonia(tmp_path, *COMMAND, environment=on(stack))

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


def killed_in_the_middle(stack: Stack, folder: Path) -> int:
    """Kill a replay once some gifts are acknowledged; how many of them are noted."""
    command = [sys.executable, "-m", "streams.cli.main", *COMMAND, "--rate", "1000"]
    environment = environment_of(folder, on(stack))

    def noted() -> int | None:
        """Of the gifts: no other file has as many rows, so one that is just being ended is none of them."""
        return next((one["done"] for one in journals(folder) if not one["finished"] and one["done"] > PEOPLE), None)

    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            until(noted, "the first gifts")
        finally:
            process.kill()
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
