"""The facts of each person in a lake: rows gathered by person, and of each person the facts that count.

Rows of the lake are by fragment, and are sorted by person in bounded memory. The latest snapshot of links says which
fragments are one person today; without one, each fragment counts as a person.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from events.harmonised import Opened, open_harmonised
from sinks.lake.files import open_files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import date_in
from sinks.lake.parquet import read_columns
from sinks.lake.snapshots import CONTACT_LINKS
from streams.domain.contact.facts.command_details import Erase, Suppress
from streams.domain.contact.facts.from_records import Data
from streams.domain.contact.facts.mandatory_facts import binds
from streams.domain.contact.facts.retractions import is_retracted, retractions
from streams.domain.contact.identity.erasure import begins
from streams.domain.contact.state import Fact, Key, Retraction, is_command
from streams.history.lake.row_reading import fragment_named_in
from streams.history.refold.buckets import SortedHistory, sort_history, unchanged_rows
from streams.history.refold.contact_rows import ContactHistory, read_rows


class PersonFact(NamedTuple):
    """An interaction of a person. `fragment`: the identifier it came under; `data`: the event's whole data."""

    fragment: str
    fact: Fact
    data: Data


def counted_facts(said: Iterable[PersonFact]) -> list[PersonFact]:
    """The facts that count, in the order in which they happened. `said`: in the order in which they came.

    Of commands only suppressions are kept: who is one person is known before.
    """
    once = _without_copies(said)
    alive = _since_erasure(once)
    gone = retractions([each.fact for each in alive])
    left = [
        each for each in alive if not isinstance(each.fact.detail, Retraction) and not is_retracted(each.fact, gone)
    ]
    wanted = [each for each in left if not is_command(each.fact) or isinstance(each.fact.detail, Suppress)]
    return sorted(wanted, key=lambda each: each.fact.stamp)


def _without_copies(said: Iterable[PersonFact]) -> list[PersonFact]:
    """The first copy of each, in the order of arrival."""
    found: dict[Key, PersonFact] = {}
    for each in sorted(said, key=_arrival):
        found.setdefault(each.fact.key, each)
    return list(found.values())


def _arrival(said: PersonFact) -> int:
    return said.fact.appended_at


def _since_erasure(said: Sequence[PersonFact]) -> Sequence[PersonFact]:
    """What may count after the last erasure: facts always taken, and everything from the start of a new record on."""
    erasures = [each.fact for each in said if isinstance(each.fact.detail, Erase)]
    if not erasures:
        return said
    last = max(erasures, key=attrgetter("stamp"))
    found: list[PersonFact] = []
    begun = False
    for each in said:
        if each.fact is last:  # drops all that had come, also what happened later
            found, begun = [], False
        if each.fact.time > last.time and not isinstance(each.fact.detail, Erase):
            begun = begun or begins(each.fact)
            if begun or binds(each.fact):
                found.append(each)
    return found


def gather_people(place: str, links: Mapping[str, str], folder: Path, processes: int) -> SortedHistory:
    """Sort the rows of the lake at `place` by person into files of `folder`. Raises as `sort_history`.

    `links`: the canonical id of each absorbed contact.
    """
    return sort_history(place, folder, processes, prepare=partial(by_person, links) if links else unchanged_rows)


def by_person(links: Mapping[str, str], batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows with the person's canonical id in the fragment's place; the event still names the fragment."""
    at = batch.schema.get_field_index("fragment")
    persons = [None if name is None else links.get(name, name) for name in batch["fragment"].to_pylist()]
    return batch.set_column(at, batch.schema.field(at), pa.array(persons, pa.string()))


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
