"""The demo's past as files of a lake: FEC donors, and invented sends around them."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from events.contact import Contact
from events.envelope import Interaction, Record, decode
from events.harmonised import take_in
from sinks.lake.rows import tables_of
from streams.demo.script import as_sent, contributions, simulate
from streams.demo.truth import ContactFields, Publication, Sent
from tests.unit.engine.kafka_records import Fetched
from tests.unit.history.lake.topic_records import TOPIC_ID
from tests.unit.worker.agents.contacts.interaction_records import HASHER

BEGUN = 1_336_000_000_000
"""When it is published, after all of it has happened: 2012-05-02."""


def identify(contact: ContactFields) -> str:
    fragment = HASHER.fragment(Contact.model_validate(contact))
    assert fragment is not None
    return fragment


@cache
def published(donations: int, scale: float, seed: int = 2012) -> list[Publication]:
    """What is accepted, in the order in which it comes."""
    given = [as_sent(one) for one in contributions() if isinstance(one, Interaction)]
    return [one for one in simulate(given[:donations], seed, scale) if one.reason is None]


def sent(publications: Iterable[Publication]) -> list[Sent]:
    return [one.sent for one in publications]


def write(path: Path, publications: Iterable[Publication]) -> None:
    records = []
    for offset, one in enumerate(publications):
        read = decode(Record(one.topic, one.value, one.headers, BEGUN + offset))
        assert isinstance(read, Interaction), read
        fragment, value, _, _ = take_in(read, HASHER)
        records.append(Fetched(offset, value, fragment.encode(), timestamp=BEGUN + offset, partition=0))
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.concat_tables(tables_of(records, TOPIC_ID).values()), path)
