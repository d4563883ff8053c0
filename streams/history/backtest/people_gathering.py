"""Sorts the lake's rows by person, in bounded memory.

Rows of the lake are by fragment. The latest snapshot of links says which fragments are one person today; without one,
each fragment counts as a person.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pyarrow as pa

from events.harmonised import Opened, open_harmonised
from sinks.lake.files import open_files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import date_in
from sinks.lake.parquet import read_columns
from sinks.lake.snapshots import CONTACT_LINKS
from streams.history.backtest.counted_facts import PersonFact
from streams.history.lake.row_reading import fragment_named_in
from streams.history.refold.buckets import SortedHistory, sort_history
from streams.history.refold.contact_rows import ContactHistory, read_rows


def gather_people(place: str, folder: Path, processes: int) -> SortedHistory:
    """Sort the rows of the lake at `place` by person into files of `folder`. Raises as `sort_history`."""
    return sort_history(place, folder, processes, prepare=by_person)


def by_person(place: str, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows with the person's canonical id in the fragment's place; the event still names the fragment."""
    links = links_of(place)
    if not links:
        return batch
    at = batch.schema.get_field_index("fragment")
    persons = [None if name is None else links.get(name, name) for name in batch["fragment"].to_pylist()]
    return batch.set_column(at, batch.schema.field(at), pa.array(persons, pa.string()))


@cache
def links_of(place: str) -> Mapping[str, str]:
    """The canonical id of each absorbed contact, by the latest snapshot; empty where there is none."""
    files = open_files(place)
    found = find_live_files(files)
    names = [file.name for file in found.of(CONTACT_LINKS)]
    latest = max(map(date_in, names), default="")
    links: dict[str, str] = {}
    for name in names:
        if date_in(name) == latest:
            table = read_columns(files, found.places.get(name, name), ["contact_id", "merged_into"])
            links.update(zip(table["contact_id"].to_pylist(), table["merged_into"].to_pylist(), strict=True))
    return links


def person_facts(history: ContactHistory, *, linked: bool) -> Iterator[PersonFact]:
    """Every fact of a person, in the order in which they came. `linked`: they may be of several fragments."""
    for read in read_rows(history):
        opened = open_harmonised(read.row.event) if linked else None
        named = fragment_named_in(opened) if isinstance(opened, Opened) else None
        yield PersonFact(named or history.contact_id, read.fact, read.data)
