"""States and profiles of all contacts, made of their whole history and written as Parquet.

A file for each bucket: `states/` holds what the workers would keep (`contact_id`, `version`, `state` as the codec
writes it), `contact_state/` what they would show, in the columns of the lake's snapshots.
"""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from sinks.base import Change
from sinks.lake.schema import TEXT
from sinks.lake.snapshots import profiles_table
from streams.contact import encode, profile
from streams.contact.erasing import place_of
from streams.contact.showing import shown_of
from streams.contact.state import ContactState
from streams.history.contacts import History, read_rows
from streams.history.gathering import Bucket, Gathered, each_bucket
from streams.history.living import lived

STATES = "states"
PROFILES = "contact_state"
STATES_SCHEMA = pa.schema([("contact_id", TEXT), ("version", pa.int64()), ("state", pa.binary())])


class Folded(NamedTuple):
    """How many contacts have a state, how many of them are shown, and what became of the interactions.

    `outcomes`: `applied`, `duplicate`, `full`, `in_vain`; `refused`: those that could not be read, by reason.
    """

    contacts: int
    profiles: int
    outcomes: Counter[str]
    refused: Counter[str]


def fold_history(gathered: Gathered, out: Path, processes: int = 1) -> Folded:
    """Fold everything, and write it below `out`. Raises OSError."""
    for name in (STATES, PROFILES):
        (out / name).mkdir(parents=True, exist_ok=True)
    return _together(each_bucket(gathered, partial(fold_bucket, out), processes))


def fold_bucket(out: Path, bucket: Bucket) -> Folded:
    """Fold the contacts of one bucket, and write its two files."""
    states: list[tuple[str, ContactState]] = []
    profiles: list[Change] = []
    outcomes, refused = Counter[str](), Counter[str]()
    for history in bucket.histories():
        state = _folded(history, outcomes, refused)
        if state == ContactState():
            continue
        states.append((history.contact_id, state))
        if (shown := shown_profile(history.contact_id, state)) is not None:
            profiles.append(Change(history.contact_id, state.version, shown, None, None))
    name = f"{bucket.number:06}.parquet"
    _write(out / STATES / name, _states_table(states))
    _write(out / PROFILES / name, profiles_table(profiles))
    return Folded(len(states), len(profiles), outcomes, refused)


def shown_profile(contact_id: str, state: ContactState) -> bytes | None:
    """The profile of a contact by itself, JSON; None: none is shown of it."""
    if state.place is not None:
        shown = shown_of(place_of(state), {contact_id: state})
        if isinstance(shown, str):
            return None
        state = shown[contact_id]
    return orjson.dumps(profile(contact_id, state))


def _folded(history: History, outcomes: Counter[str], refused: Counter[str]) -> ContactState:
    unread = Counter[str]()
    done = lived(history.contact_id, [read.fact for read in read_rows(history, unread)])
    outcomes.update({outcome.value: count for outcome, count in done.outcomes.items()})
    refused.update(unread)
    return done.state


def _states_table(states: Iterable[tuple[str, ContactState]]) -> pa.Table:
    rows = [(name, state.version, encode(state)) for name, state in states]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        [pa.array(list(column), kind) for column, kind in zip(columns, STATES_SCHEMA.types, strict=True)],
        schema=STATES_SCHEMA,
    )


def _write(path: Path, table: pa.Table) -> None:
    draft = path.with_name(f"_{path.name}")
    pq.write_table(table, draft, compression="zstd")
    draft.replace(path)


def _together(parts: Iterable[Folded]) -> Folded:
    contacts, profiles = 0, 0
    outcomes, refused = Counter[str](), Counter[str]()
    for part in parts:
        contacts, profiles = contacts + part.contacts, profiles + part.profiles
        outcomes.update(part.outcomes)
        refused.update(part.refused)
    return Folded(contacts, profiles, outcomes, refused)
