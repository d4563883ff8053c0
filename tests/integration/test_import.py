"""`harmonia import` on a real Kafka: everything once, also when it is killed in the middle and begun again."""

import json
from pathlib import Path

import orjson

from events.topics import DEAD_LETTERS, EMAIL_EVENTS
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from tests.integration.command import ended_well, harmonia, killed, on
from tests.integration.said import fresh

ROWS = 30_000
MAPPING = """
name = "mail"
[[interactions]]
type = "email.opened"
time = { column = "at" }
act = ["id"]
[interactions.contact]
email = { column = "who" }
[interactions.data]
message_id = { column = "id" }
"""


def export(folder: Path, mark: str, rows: int) -> None:
    (folder / "mapping.toml").write_text(MAPPING)
    lines = [f"{mark}-{number},2025-11-24T16:00:00Z,{mark}@example.org\n" for number in range(rows)]
    (folder / "mail.csv").write_text("id,at,who\n" + "".join(lines) + f"{mark}-bad,2025\n")


def found_in(settings: Settings, topic: str, mark: str) -> list[bytes]:
    consumer = KafkaClients(settings).tool_consumer()
    try:
        return [record.value for record in records_of(consumer, topic) if mark.encode() in (record.value or b"")]
    finally:
        consumer.close()


COMMAND = ("import", "generic", "mail.csv", "--mapping", "mapping.toml", "--source", "digital/mail", "--json")


def test_an_import_and_the_same_again(own_stack: Stack, settings: Settings, tmp_path: Path) -> None:
    mark = fresh()
    export(tmp_path, mark, 50)
    told = {"interactions": {"email.opened": 50}, "refused": {"malformed_row": 1}, "left_out": {}}

    dry = ended_well(harmonia(tmp_path, *COMMAND, "--dry-run", environment=on(own_stack)))
    first = harmonia(tmp_path, *COMMAND, "--refused", "no.jsonl", environment=on(own_stack))
    second = harmonia(tmp_path, *COMMAND, environment=on(own_stack))

    assert len(dry.stdout.splitlines()) == 51
    assert json.loads(dry.stdout.splitlines()[-1])["refused"]["line"] == 52
    assert (first.returncode, b"mail.csv: line 52: malformed_row" in first.stderr) == (1, True)
    assert json.loads(first.stdout) == told
    assert json.loads((tmp_path / "no.jsonl").read_text())["line"] == 52
    assert (second.returncode, b"--again" in second.stderr) == (0, True)
    assert len(found_in(settings, EMAIL_EVENTS, mark)) == 50
    assert found_in(settings, DEAD_LETTERS, mark) == [f"{mark}-bad,2025".encode()]


def test_an_import_that_is_killed_goes_on(own_stack: Stack, settings: Settings, tmp_path: Path) -> None:
    mark = fresh()
    export(tmp_path, mark, ROWS)
    journal = tmp_path / "home" / "imports"
    killed(tmp_path, *COMMAND, environment=on(own_stack), once=lambda: any(journal.glob("*.json")))
    done = json.loads(next(journal.glob("*.json")).read_bytes())
    assert done["done"] > 0
    assert not done["finished"]

    again = harmonia(tmp_path, *COMMAND, environment=on(own_stack))

    assert b"goes on after" in again.stderr
    assert json.loads(again.stdout)["interactions"]["email.opened"] == ROWS - done["done"]
    values = [orjson.loads(value) for value in found_in(settings, EMAIL_EVENTS, mark)]
    assert len({value["data"]["message_id"] for value in values}) == ROWS
    assert len({value["id"] for value in values}) == ROWS
