"""Records of topics for tests of the desk, of a day at noon."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from events.times import render_time
from events.topics import CONTACT_LINKS, CONTACT_STATE, CONTACT_SUPPRESSIONS, INTERACTIONS
from streams.services.console.desk import Desk
from streams.services.console.desk_batches import Limits, TopicRecord
from streams.services.console.desk_cells import Everything, Span
from streams.services.console.desk_reading import figures_by
from streams.services.console.desk_schema import LABELS
from streams.services.console.desk_writing import DeskWriter

NOON = 1_762_516_800_000
EVER = Span(0, NOON * 2)
CHANNELS = ("email", "text", "phone", "door", "letter")


def writer_at(folder: Path, limits: Limits = Limits()) -> DeskWriter:  # noqa: B008 - it cannot be changed
    return DeskWriter(Desk.create(folder / "desk.sqlite"), limits)


def record(topic: str, key: str, value: Mapping[str, Any] | None, appended: int = NOON) -> TopicRecord:
    said = None if value is None else orjson.dumps(value)
    return TopicRecord(topic, 0, 0, key.encode(), said, (), appended)


def said(who: str, id_: str, type_: str, data: Mapping[str, Any] | None = None, *, at: int = NOON) -> TopicRecord:
    """An interaction of somebody, appended when it happened."""
    event = {"specversion": "1.0", "id": id_, "source": "test/tool", "type": type_, "time": render_time(at)}
    body = {"contact": {"region": "US-OH"}, "team": "test", **(data or {})}
    return record(INTERACTIONS, who, {**event, "data": body}, at)


def gift(who: str, id_: str, amount: int = 500, *, at: int = NOON, name: str | None = None) -> TopicRecord:
    data = {"donation_id": name or f"a:{id_}", "amount": amount, "currency": "USD", "committee": "C1"}
    return said(who, id_, "donation.made", data, at=at)


def profile(who: str, version: int, **fields: Any) -> TopicRecord:
    return record(CONTACT_STATE, who, {"version": version, **fields})


def link(who: str, into: str | None) -> TopicRecord:
    return record(CONTACT_LINKS, who, None if into is None else {"merged_into": into})


def closed(who: str, reason: str | None, at: int = NOON) -> TopicRecord:
    closing = {"reason": reason, "since": render_time(at), "source": "s", "id": "e"}
    return record(CONTACT_SUPPRESSIONS, who, None if reason is None else dict.fromkeys(CHANNELS, closing))


def counts(writer: DeskWriter) -> dict[str, int]:
    """How many interactions of each type the cells have."""
    return {group.values[0]: group.figures.happened for group in figures_by(writer.desk, EVER, Everything())}


def net(writer: DeskWriter) -> int:
    """All gifts that the cells have, in cents."""
    groups = figures_by(writer.desk, EVER, Everything(), types=("donation.made",))
    return sum(group.figures.amounts["USD"] for group in groups)


def series_of(desk: Desk, labels: Mapping[str, str]) -> int:
    """The series of some labels, which is there from then on."""
    values = [labels.get(label, "") for label in LABELS]
    desk.run(f"INSERT OR IGNORE INTO series (coarse, {', '.join(LABELS)}) VALUES (0{', ?' * len(LABELS)})", values)
    found = desk.one(f"SELECT series FROM series WHERE {' AND '.join(f'{label} = ?' for label in LABELS)}", values)
    assert found is not None
    return int(found[0])
