"""Fixtures of state formats: one file for each format of each table, `<table>-<format>.json` beside this one.

    .venv/bin/python -m tests.unit.domain.states.fixtures

writes those of the present formats that are missing. One that is there stays, since a release may have written states
so: a changed encoding gets a new number and with it a new file. Only what no release has written may be written over,
with `--unreleased` (see docs/upgrades.md).

A file has the bytes of the states by key, what they show in this version, and `shape`: what may be written.
"""

import base64
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson
from msgspec.structs import replace

from streams.domain import campaigns, identity
from streams.domain.campaigns.campaign_state import FORMAT as CAMPAIGNS_FORMAT
from streams.domain.contact.codec import FORMAT as CONTACTS_FORMAT
from streams.domain.experiments import experiment_table as experiments
from streams.domain.experiments.delta_rows import add_up
from streams.domain.experiments.lifecycle import with_differences
from streams.domain.experiments.partials import PartialCounts
from streams.domain.experiments.totals import with_closed_days
from streams.domain.formats import Format
from streams.domain.identity.nodes import FORMAT as NODES_FORMAT
from tests.chaos.verdict import profiles_in
from tests.unit.domain.campaigns.sending import NOON, counts, told
from tests.unit.domain.states.told import Told

HERE = Path(__file__).parent
States = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    """A table whose states are kept: their format, those of a story, and what is seen of them."""

    format: Format[Any]
    states: Callable[[], States]
    shown: Callable[[States], Mapping[str, Any]]

    @property
    def table(self) -> str:
        """The table that the format is of."""
        return self.format.table


class Fixture(NamedTuple):
    """What a file holds."""

    format: int
    shape: Any
    states: dict[bytes, bytes]
    shown: dict[str, Any]


def contacts() -> States:
    """The contacts table after the story."""
    return Told().contacts


def links() -> States:
    """The links table after the story."""
    return {name.encode(): identity.encode(node) for name, node in Told().nodes.items()}


def nodes_in(states: States) -> Mapping[str, Any]:
    """The fields of every node by name, since their places say nothing to a reader."""
    nodes = {key.decode(): identity.decode(value) for key, value in states.items()}
    return {key: {name: getattr(node, name) for name in node.__struct_fields__} for key, node in nodes.items()}


def sums() -> States:
    """The campaigns table after a mailing that too many complained of."""
    heard = counts(sent=3, delivered=2, complaints=told(12), unsubscribes=told(1))
    campaign = campaigns.Campaign(heard, (campaigns.AlertedLimit("campaign_complaints", "gmail", 0.003),))
    kept: dict[bytes, campaigns.CampaignRecord] = {
        b"campaign/gotv-1": campaign,
        b"roll": campaigns.CampaignRoll({"gotv-1": NOON}),
    }
    return {key: campaigns.encode(value) for key, value in kept.items()}


def sums_in(states: States) -> Mapping[str, Any]:
    """The fields of every campaign and of the roll by name."""
    kept = {key.decode(): campaigns.decode(value) for key, value in states.items()}
    return {key: {name: getattr(one, name) for name in one.__struct_fields__} for key, one in kept.items()}


def added_up() -> States:
    """The experiments table while people are counted anew by another definition."""
    [row] = add_up([PartialCounts([("ask", "", "A")], [15_000, 1, 0], [0, 3, 1, 1, 0, 0, 0, 0, 1])])[0].values()
    first = with_differences(experiments.Experiment(), {"": [("A", 15_000, row), ("A", 14_990, row)]})
    first = replace(first, totals={"": with_closed_days(first.totals[""], 14_995)})
    ask = with_differences(first, {"1b2c3d4e": [("A", 15_000, row)]})
    ask = replace(ask, definition=b"{}", next=None, stands={3: "1b2c3d4e"}, peaks={"A": b"\0" * 240}, told=("/split",))
    ask = replace(ask, added=41)
    line = experiments.IndexEntry(NOON, NOON, (("A", 2.5),), ("A",), "recounting", NOON)
    held: dict[bytes, experiments.TableRecord] = {
        b"experiment/ask": ask,
        b"peaks/ask": experiments.Peaks({"A": b"\1" * 240}, 0.5, "1b2c3d4e/donated"),
        b"board": experiments.ExperimentIndex({"ask": line}, frozenset({3}), added=43),
    }
    return {key: experiments.encode(value) for key, value in held.items()}


def added_up_in(states: States) -> Mapping[str, Any]:
    """The fields of every experiment and of the board by name."""
    held = {key.decode(): experiments.decode(value) for key, value in states.items()}
    return {key: {name: getattr(one, name) for name in one.__struct_fields__} for key, one in held.items()}


TABLES = (
    Kept(CONTACTS_FORMAT, contacts, profiles_in),
    Kept(NODES_FORMAT, links, nodes_in),
    Kept(CAMPAIGNS_FORMAT, sums, sums_in),
    Kept(experiments.FORMAT, added_up, added_up_in),
)
"""Every table of a worker."""


def shape_of(format_: Format[Any]) -> Any:
    """All that may be written, as a JSON Schema without prose: types, their places, tags, and values of literals."""
    return _without_prose(msgspec.json.schema(format_.kind))


def _without_prose(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _without_prose(value) for name, value in schema.items() if name not in ("title", "description")}
    return [_without_prose(each) for each in schema] if isinstance(schema, list) else schema


def without_class_names(shape: Any) -> Any:
    """A shape with every definition in place of the references to it: what a struct is called is never written."""
    return _resolved(shape, shape.get("$defs", {}))


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, dict):
        named = {"$ref", "$defs"}
        own = {name: _resolved(value, definitions) for name, value in schema.items() if name not in named}
        if "$ref" not in schema:
            return own
        return {**_resolved(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions), **own}
    return [_resolved(each, definitions) for each in schema] if isinstance(schema, list) else schema


def plain(value: Any) -> Any:
    """As JSON holds it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def path_of(table: str, number: int) -> Path:
    """Where the fixture of a format lies."""
    return HERE / f"{table}-{number}.json"


def read(path: Path) -> Fixture:
    """The fixture in a file."""
    held = orjson.loads(path.read_bytes())
    states = {key.encode(): base64.b64decode(value) for key, value in held["states"].items()}
    return Fixture(held["format"], held["shape"], states, held["shown"])


def fixture_of(kept: Kept) -> Fixture:
    """What the file of the table's present format should hold."""
    states = dict(sorted(kept.states().items()))
    shown = plain(kept.shown(states))
    return Fixture(kept.format.number, plain(shape_of(kept.format)), states, shown)


def write(kept: Kept) -> Path:
    """Write the file of the table's present format."""
    path, fixture = path_of(kept.table, kept.format.number), fixture_of(kept)
    states = {key.decode(): base64.b64encode(value).decode() for key, value in fixture.states.items()}
    held = {"format": fixture.format, "states": states, "shown": fixture.shown, "shape": fixture.shape}
    path.write_bytes(orjson.dumps(held, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
    return path


def main(over: bool) -> None:
    """Write what is missing, and with `over` also what is there."""
    for kept in TABLES:
        path = path_of(kept.table, kept.format.number)
        if over or not path.exists():
            write(kept)


if __name__ == "__main__":
    main("--unreleased" in sys.argv[1:])
