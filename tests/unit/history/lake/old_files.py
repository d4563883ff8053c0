"""Old files, and a lake that takes them in."""

from collections.abc import Sequence
from pathlib import Path

import orjson

from events.identifiers import Hasher
from events.json_types import JSON
from events.times import render_time
from sinks.lake.files import Files
from streams.history.importing.import_run import Report, Screen
from streams.history.lake.buffers import Limits
from streams.history.lake.file_parts import parts_of
from streams.history.lake.old_files import Old, bring_in
from streams.history.lake.selection import Selection
from tests.unit.events.records import NOW, event
from tests.unit.worker.agents.contacts.interaction_records import HASHER

ALL = Selection()
ADDRESS = "Ada@Example.org"
EMAIL = HASHER.email(ADDRESS) or ""
SILENT = Screen(lambda _: None, lambda _: None)
FEW = Limits(2, 1 << 20, 1.0)
MANY = Limits(1_000, 1 << 20, 1.0)


def old(id_: str, type_: str, at: int, contact: JSON = None, **data: JSON) -> dict[str, JSON]:
    """What a producer wrote of what happened `at` a time (ms)."""
    named: dict[str, JSON] = {"contact": contact or {"email": ADDRESS}, **data}
    return event(type_, **named) | {"id": id_, "time": render_time(at)}


def filed(path: Path, said: Sequence[JSON]) -> Path:
    """As JSON lines."""
    path.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in said))
    return path


def brought(
    files: Files,
    *paths: Path,
    selection: Selection = ALL,
    limits: Limits = MANY,
    hasher: Hasher = HASHER,
    now: int = NOW,
) -> Report:
    """Bring files in; what became of them."""
    report = Report(None)
    parts = [part for path in paths for part in parts_of(str(path))]
    bring_in(files, Old(parts, selection, hasher, now), limits, report, SILENT)
    return report
