"""An account may say where contacts come from that people leave there; what names such a place itself keeps it."""

from dataclasses import replace

import orjson
import pytest

from events.adapters.feed import Feed
from events.adapters.mapping import parse_mapping
from events.adapters.rows import read_row
from events.adapters.vendors import BODIES
from events.envelope import Interaction
from events.interactions.base import Provenance, SourcedData
from events.json_types import JSON
from tests.unit.events.adapters.every_vendor import CASES, FIXTURES
from tests.unit.events.adapters.fixture import FEED

STATED = Provenance(kind="self", file="our-site", notice="n-2")
STATING = replace(FEED, provenance=STATED)
LEFT_BY_PEOPLE = {"donation.made", "form.submitted", "rsvp.made", "rsvp.cancelled", "rsvp.attended"}
MAPPING = """
name = "petition"
[[interactions]]
type = "form.submitted"
time = { column = "at" }
act = ["id"]
[interactions.contact]
email = { column = "email" }
[interactions.data]
form_id = "clean-air"
kind = "petition"
"""
ROW = {"at": "2025-11-24T16:00:00Z", "id": "1", "email": "ada@example.org"}


def provenance_of(one: object) -> Provenance | None:
    return one.data.provenance if isinstance(one, Interaction) and isinstance(one.data, SourcedData) else None


@pytest.mark.parametrize(("vendor", "name"), CASES)
def test_what_people_left_at_a_vendor_has_the_provenance_of_its_account_and_nothing_else_changes(
    vendor: str, name: str
) -> None:
    body = FIXTURES[vendor][name].bytes
    silent, stating = (BODIES[vendor](body, feed) for feed in (FEED, STATING))

    assert len(silent) == len(stating)
    for before, after in zip(silent, stating, strict=True):
        if isinstance(before, Interaction) and before.type in LEFT_BY_PEOPLE:
            assert provenance_of(after) == STATED
            assert isinstance(after, Interaction)
            assert isinstance(after.data, SourcedData)
            assert without_source(after) == without_source(before)
        else:
            assert after == before


def without_source(one: Interaction) -> tuple[str, str, int, dict[str, JSON]]:
    return one.id, one.type, one.time, {**one.data.plain()} | {"provenance": None}


def read(mapping: str, feed: Feed) -> Interaction:
    [found] = read_row(ROW, orjson.dumps(ROW), parse_mapping(mapping), feed)
    assert isinstance(found, Interaction), found
    return found


def test_a_mapping_may_say_it_and_is_believed_before_the_account() -> None:
    own = MAPPING + '[interactions.data.provenance]\nkind = "vendor"\nfile = "bought-1"\n'

    assert provenance_of(read(MAPPING, FEED)) is None
    assert provenance_of(read(MAPPING, STATING)) == STATED
    assert provenance_of(read(own, FEED)) == Provenance(kind="vendor", file="bought-1")
    assert provenance_of(read(own, STATING)) == Provenance(kind="vendor", file="bought-1")
