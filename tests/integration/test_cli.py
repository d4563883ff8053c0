"""Each command of `harmonia`, run as a program: what it does, what it says and how it ends."""

import json
from pathlib import Path

import pytest

from events.topics import ALL
from streams.local.stack import Stack
from streams.platform.topics import TABLES
from tests.integration.command import ended_well, harmonia, harmonia_process, on, refused
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, until_in_redis

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def lines_of(*values: bytes) -> bytes:
    return b"".join(value + b"\n" for value in values)


def test_topics_that_are_there_are_left_and_described(system: System, tmp_path: Path) -> None:
    where = on(system.stack)
    again = ended_well(harmonia(tmp_path, "topics", "create", "--json", environment=where))
    told = json.loads(again.stdout)
    assert told["created"] == []
    assert set(told["replicas"].values()) == {1}
    described = json.loads(ended_well(harmonia(tmp_path, "topics", "describe", "--json", environment=where)).stdout)
    alone = {topic.name for topic in ALL if topic.partitions == 1} | {
        "harmonia-links-changelog",
        "harmonia-campaigns-changelog",
        "harmonia-experiments-changelog",
    }
    assert {row["topic"]: row["partitions"] for row in described} == {
        **{topic.name: 8 for topic in ALL},
        "harmonia-contacts-changelog": 8,
        **dict.fromkeys(alone, 1),
    }
    assert {row["replication"] for row in described} == {1}
    table = ended_well(harmonia(tmp_path, "topics", "describe", environment=where)).stdout.decode()
    assert all(topic.name in table and topic.purpose in table for topic in ALL)


def test_a_topic_that_is_missing_is_described_refused_and_created(system: System, tmp_path: Path) -> None:
    """Its changelogs are all that another app lacks on these servers."""
    name = f"app-{fresh()}"
    where = on(system.stack, HARMONIA_APP_ID=name)
    missing = harmonia(tmp_path, "topics", "describe", environment=where)
    assert missing.returncode == 1
    assert b"missing" in missing.stdout
    reason = refused(harmonia_process(tmp_path, "worker", environment=where))
    assert f"{name}-contacts-changelog" in reason
    assert "harmonia topics create" in reason
    created = ended_well(harmonia(tmp_path, "topics", "create", environment=where))
    assert created.stdout.decode().startswith("created " + ", ".join(f"{name}-{table}-changelog" for table in TABLES))


def test_a_producer_needs_no_more_than_the_topics_it_writes_to(system: System, tmp_path: Path) -> None:
    """Whatever the workers' settings are, it may have others."""
    others = on(system.stack, HARMONIA_APP_ID=f"app-{fresh()}", HARMONIA_PARTITIONS="4")
    (tmp_path / "one.jsonl").write_bytes(structured(event("email.opened", {"contact_id": fresh()}))[0])
    ended_well(harmonia(tmp_path, "produce", "one.jsonl", environment=others))


def test_a_producer_is_told_which_topics_are_missing(own_stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_bytes(structured(event("email.opened", {"contact_id": fresh()}))[0])
    where = on(own_stack, HARMONIA_TOPIC_PREFIX=f"of-{fresh()[:8]}.")
    reason = refused(harmonia(tmp_path, "produce", "one.jsonl", environment=where))
    assert "email-events" in reason
    assert "harmonia topics create" in reason


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_worker_refuses_other_partition_counts(system: System, tmp_path: Path, processes: str) -> None:
    where = on(system.stack, HARMONIA_PARTITIONS="4")
    reason = refused(harmonia_process(tmp_path, "worker", "--processes", processes, environment=where))
    assert "HARMONIA_PARTITIONS is 4" in reason
    assert "interactions (8)" in reason


def test_produce_sends_what_is_good_and_names_what_is_not(system: System, tmp_path: Path) -> None:
    first, second = fresh(), fresh()
    good = [
        structured(event("email.opened", {"contact_id": first}))[0],
        structured(event("canvass.reported", {"contact_id": first}))[0],
        structured(event("consent.changed", {"contact_id": second}))[0],
    ]
    bad = [b"{", structured(event("donation.made", {"contact_id": first}, amount=-5))[0], b'{"a": 1}']
    (tmp_path / "mixed.jsonl").write_bytes(lines_of(good[0], bad[0], b"", good[1], bad[1], bad[2], good[2]))
    ended = harmonia(tmp_path, "produce", "mixed.jsonl", environment=on(system.stack))
    said = refused(ended).splitlines()
    assert [line.split(": ")[:2] for line in said] == [
        ["line 2", "not_json"],
        ["line 5", "invalid_data"],
        ["line 6", "not_cloudevent"],
    ]
    assert ended.stdout == b"sent 3, refused 3\n"
    assert json.loads(until_in_redis(system, second))["consent"] == {"email": True}
    assert json.loads(until_in_redis(system, first))["counts"].keys() <= {"email.opened", "canvass.reported"}


def test_produce_reads_standard_input_and_names_strange_fields_and_ids_that_are_repeated(
    system: System, tmp_path: Path
) -> None:
    contact_id = fresh()
    came, opened = event("rsvp.made", {"contact_id": contact_id}), event("email.opened", {"contact_id": fresh()})
    strange = event("email.sent", {"contact_id": fresh()}, purpos="fundraising")
    other = opened | {"data": {"contact": {"contact_id": fresh()}, "message_id": "another"}}
    given = lines_of(*(structured(each)[0] for each in (came, strange, strange, opened, opened, other)))
    ended = harmonia(tmp_path, "produce", "-", "--json", environment=on(system.stack), given=given)

    assert ended.returncode == 0
    field = {"type": "email.sent", "field": "data.purpos", "near": "purpose", "events": 2, "line": 2}
    sent = {"outreach-events": 1, "email-events": 5}
    assert json.loads(ended.stdout) == {"sent": sent, "refused": {}, "unknown_fields": [field], "repeated_ids": 1}
    told = ended.stderr.decode().splitlines()
    assert "line 6 repeats the id of line 4 with other content: only the first counts" in told
    [of_field] = [
        line for line in told if line.startswith("2 × data.purpos: no field of email.sent; did you mean purpose?")
    ]
    assert of_field.endswith("(first in line 2)")
    assert json.loads(until_in_redis(system, contact_id))["counts"] == {"rsvp.made": 1}

    ended = harmonia(tmp_path, "produce", "-", "--json", environment=on(system.stack), given=lines_of(b"[", b"["))
    refused(ended)
    assert json.loads(ended.stdout) == {"sent": {}, "refused": {"not_json": 2}}


def test_schemas_are_written_as_they_are_committed(tmp_path: Path) -> None:
    ended_well(harmonia(tmp_path, "schemas", "export", "out", environment={}))
    written = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    assert written == {file.name: file.read_bytes() for file in SCHEMAS.iterdir()}
