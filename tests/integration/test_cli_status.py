"""`harmonia status` before a worker starts, and beside it."""

import json
from operator import itemgetter
from pathlib import Path
from typing import Any

from streams.demo.deployment import open_deployment
from streams.domain.messages import CodedMessage, english
from streams.local.stack import Stack
from streams.operations.refused_records import records_of_type
from tests.integration.command import harmonia, on
from tests.integration.said import event, fresh, structured
from tests.integration.system import running_system, settings_of, until_in_redis
from tests.integration.waiting import until


def records_of(type_: str) -> str:
    words = records_of_type(type_)
    return english(words) if isinstance(words, CodedMessage) else str(words)


def test_whoever_is_on_call_sees_whether_everything_flows(own_stack: Stack, tmp_path: Path) -> None:
    def told() -> tuple[int, dict[str, Any]]:
        ended = harmonia(tmp_path, "status", "--json", environment=on(own_stack))
        assert ended.stderr == b"", ended.stderr.decode()
        return ended.returncode, json.loads(ended.stdout)

    contact_id, refused = fresh(), "status/mostly-refused"
    with open_deployment(settings_of(own_stack)) as deployment:
        for value in (event("donation.made", {"contact_id": contact_id}), event("donation.made", {})):
            deployment.producer.send("donation-events", structured(value)[0]).get(30)
        for _ in range(12):
            gift = {**event("donation.made", {}), "source": refused}
            deployment.producer.send("donation-events", structured(gift)[0]).get(30)
    code, before = told()
    with running_system(own_stack, tmp_path) as system:
        until_in_redis(system, contact_id)
        well = until(lambda: found if not (found := told())[0] else None, "a look with nothing worth a page")[1]
        (tmp_path / "teams.toml").write_text('time_zone = "UTC"\n')
        shown = harmonia(tmp_path, "status", environment=on(own_stack, HARMONIA_TEAMS="teams.toml"))

    assert code == 1
    assert {"alert": "PartitionStalled", "severity": "page", "why": "no worker runs"} | {
        "runbook": "docs/runbooks/partition-stalled.md"
    } in before["alerts"]
    [donations] = [flow for flow in before["kafka"]["flows"] if flow["topic"] == "donation-events"]
    assert donations["lag"] >= 2
    assert donations["waits_s"] > 0

    assert well["kafka"]["members"] == 1
    assert well["kafka"]["group_state"] == "Stable"
    assert [flow for flow in well["kafka"]["flows"] if flow["unowned"] or flow["stalled"]] == []
    assert well["kafka"]["refused"]["no_identifier"] >= 1
    assert well["kafka"]["came_in"] >= 2
    assert 0 < well["redis"]["memory_used"] < 1
    assert {"source": refused, "type": "donation.made", "refused": 12, "sent": 12} in well["kafka"]["mostly_refused"]
    told_of = f"{refused}: 12 of 12 {records_of('donation.made')} refused in the last hour"
    assert told_of in map(itemgetter("why"), well["alerts"])
    assert contact_id not in json.dumps(well)
    assert b"last sign of life" in shown.stdout
    assert shown.stderr == b"HARMONIA_TEAMS: the file names no team, so no team's silence is told\n"
    assert shown.returncode == 0
