"""The order in which a rebuild reads what it needs, while the system and `lake erase` go on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sinks.lake.files import Files
from streams.history.lake.erasure import erase_from_lake
from streams.history.rebuild import builder
from streams.history.rebuild.buckets import SortedTail
from streams.history.rebuild.builder import RebuildPlan, build
from streams.history.rebuild.prior_states import CommandTimes
from streams.platform.settings import Settings
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record
from tests.unit.history.refold.lakes import lake_of


class _Enough(Exception):
    pass


def heard(lake: Files, plan: RebuildPlan, monkeypatch: pytest.MonkeyPatch) -> CommandTimes:
    """What a build knows of commands if somebody erases while it is at the topic."""
    found: list[CommandTimes] = []

    async def topic_id(_: Settings) -> str:
        return TOPIC_ID

    async def backup(*_: object) -> SimpleNamespace:
        return SimpleNamespace(contacts=0, partitions=1)

    def tail(settings: Settings, tail: object, folder: Path, gathered: Any) -> SortedTail:
        erase_from_lake(lake, [], None)
        return SortedTail(gathered, [], {})

    def folding(todo: Any, *_: object) -> None:
        found.append(todo.heard)
        raise _Enough

    for name, does in {
        "topic_id_of": topic_id,
        "take_backup": backup,
        "tail_range": lambda *_: None,
        "add_tail": tail,
        "add_states": lambda kind, backup, partitions, folder, gathered: gathered,
        "traces_of": lambda *_: iter(()),
        "write_state_files": folding,
    }.items():
        monkeypatch.setattr(builder, name, does)
    with pytest.raises(_Enough):
        build(Settings(partitions=1), plan, lambda _: None)
    return found[0]


def test_a_rebuild_knows_when_commands_were_heard_that_are_taken_out_of_the_lake_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_of(tmp_path / "lake", [topic_record(0, "email.opened"), topic_record(1, "contact.erased")])
    plan = RebuildPlan(str(tmp_path / "lake"), tmp_path / "built", 1, 1.0)

    assert heard(lake, plan, monkeypatch) == {("digital/mailer", "i1"): NOW + 1}
