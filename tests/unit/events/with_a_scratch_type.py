"""A program of its own: Harmonia with one type of interaction more in its registry, and an event of it on its way.

The event is taken in, harmonised, folded and shown in a profile, and laid into a row of the lake, by the code of those
parts as it stands: nothing but the registry and a model knows of the type. What became of it is put out as JSON.
"""

import json
import sys

from events.fields import Id
from events.interactions.base import InteractionData
from tests.unit.altered import altered


class PetMet(InteractionData):
    """Somebody's dog was there too."""

    pet_id: Id


LINE = """
SPECS += (TypeSpec(name="pet.met", model=PetMet, topics=CANVASS, can_wait=True, begins_record="always", is_bare=True),)
"""
altered("events.registry", {"\nBY_NAME:": f"{LINE}\nBY_NAME:"}, PetMet=PetMet)

import orjson  # noqa: E402 - whatever reads the registry when it begins comes after the line is in it

from events.asyncapi import document  # noqa: E402
from events.envelope import Interaction, Record, decode  # noqa: E402
from events.harmonised import harmonise  # noqa: E402
from events.identifiers import Hasher  # noqa: E402
from events.producer_structs import PRODUCER_EVENTS  # noqa: E402
from sinks.lake.anonymised_rows import anonymise_interactions  # noqa: E402
from sinks.lake.erasure_list import Erasures, erasure_of  # noqa: E402
from sinks.lake.rows import tables_of  # noqa: E402
from streams.domain.contact import ContactState, fold, profile, read_fact  # noqa: E402
from streams.domain.contact.identity.erasure import begins  # noqa: E402
from streams.domain.contact.state import Fact  # noqa: E402
from streams.domain.quarantine.guard import is_deferrable  # noqa: E402
from streams.history.insights.question import COUNTS  # noqa: E402
from tests.unit.engine.kafka_records import Fetched  # noqa: E402

NOW = 1_329_904_800_000


EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "field/dogs",
    "type": "pet.met",
    "time": "2012-02-22T10:00:00Z",
    "data": {"contact": {"contact_id": "c1"}, "pet_id": "rex"},
}


def main() -> None:
    """Send the event all the way."""
    said = decode(Record("canvass-events", orjson.dumps(EVENT), (), NOW))
    misplaced = decode(Record("email-events", orjson.dumps(EVENT), (), NOW))
    if not isinstance(said, Interaction) or isinstance(misplaced, Interaction):
        raise TypeError(said)
    key, value = harmonise(said, Hasher([b"a key"]))
    fact = read_fact(value, NOW)
    if not isinstance(fact, Fact):
        raise TypeError(fact)
    state, _ = fold(ContactState(), [fact])
    [(folder, table)] = tables_of([Fetched(0, value, key.encode(), timestamp=NOW)], "topic").items()
    left = anonymise_interactions(table, "pet.met", Erasures([erasure_of("c1", NOW)]))
    json.dump(
        {
            "refused": misplaced.reason,
            "counts": profile(key, state)["counts"],
            "folder": folder,
            "id": table["id"].to_pylist(),
            "column": table["pet_id"].to_pylist(),
            "erased": [] if left is None else left.table["pet_id"].to_pylist(),
            "read_fast": "pet.met" in PRODUCER_EVENTS,
            "documented": "pet.met" in orjson.dumps(document()).decode(),
            "may_wait": is_deferrable("pet.met"),
            "begins": begins(fact),
            "asked_for": "pet.met" in COUNTS,
        },
        sys.stdout,
    )


main()
