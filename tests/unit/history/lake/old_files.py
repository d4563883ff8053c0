"""Old files for imports, and a lake that takes them in."""

from collections.abc import Sequence
from pathlib import Path

import orjson

from events.identifiers import Hasher
from events.json_types import JSON
from events.times import render_time
from sinks.lake.files import Files
from streams.history.importing.import_run import ImportReport, ProgressDisplay
from streams.history.lake.buffers import FlushLimits
from streams.history.lake.input_files import Selection, input_files_at
from streams.history.lake.old_files import OldFiles, import_old_files
from tests.unit.events.records import NOW, event
from tests.unit.worker.agents.contacts.interaction_records import HASHER

ALL = Selection()
ADDRESS = "Ada@Example.org"
EMAIL = HASHER.email(ADDRESS) or ""
SILENT = ProgressDisplay(lambda _: None, lambda _: None)
FEW = FlushLimits(2, 1 << 20, 1.0)
MANY = FlushLimits(1_000, 1 << 20, 1.0)


def old_event(id_: str, type_: str, at: int, contact: JSON = None, **data: JSON) -> dict[str, JSON]:
    """A producer's event that happened `at` a time (ms)."""
    named: dict[str, JSON] = {"contact": contact or {"email": ADDRESS}, **data}
    return event(type_, **named) | {"id": id_, "time": render_time(at)}


def json_lines(path: Path, said: Sequence[JSON]) -> Path:
    """Write events as a file of JSON lines."""
    path.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in said))
    return path


def imported(
    files: Files,
    *paths: Path,
    selection: Selection = ALL,
    limits: FlushLimits = MANY,
    hasher: Hasher = HASHER,
    now: int = NOW,
) -> ImportReport:
    """Import files into the lake; returns the report."""
    report = ImportReport(None)
    parts = [part for path in paths for part in input_files_at(str(path))]
    import_old_files(files, OldFiles(parts, selection, hasher, now), limits, report, SILENT)
    return report
