"""Formats of stored states."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import orjson
import pytest
from faust.types import TP
from rocksdict import Rdict

from events.topics import CONTACT_FRAGMENTS
from streams.domain.contact import ContactState, codec, decode
from streams.domain.contact.codec import FORMAT
from streams.domain.contact.state import Fact, Origin
from streams.domain.formats import FIRST_RELEASED, Format, OtherFormat, Stored, Unreadable, encode
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.rocksdb_store import _POSITION_KEY, RocksStores, _options
from streams.engine.store import MemoryStore, Position
from streams.engine.table_partition import Changelog, TablePartition
from streams.platform.clients import KafkaClients
from streams.platform.topics import TABLES as ALL_TABLES
from tests.property.worker.links.world import World
from tests.unit.domain.states.fixtures import (
    HERE,
    TABLES,
    Kept,
    fixture_of,
    path_of,
    plain,
    read,
    shape_of,
    without_class_names,
)
from tests.unit.domain.states.told import Told
from tests.unit.engine.kafka_records import Fetched

by_table = pytest.mark.parametrize("kept", TABLES, ids=lambda kept: kept.table)
CURE = (
    "How states of {0} are written has changed. Give the format the next number and write its fixture with "
    "`python -m tests.unit.domain.states.fixtures`; if no release has written format {1} yet, write it over with "
    "`--unreleased`. See docs/upgrades.md"
)


def fixtures() -> list[tuple[Kept, Path]]:
    return [(kept, path) for kept in TABLES for path in sorted(HERE.glob(f"{kept.table}-*.json"))]


@pytest.mark.parametrize(("kept", "path"), fixtures(), ids=lambda one: one.stem if isinstance(one, Path) else "")
def test_states_of_every_format_show_what_stands_beside_them(kept: Kept, path: Path) -> None:
    fixture = read(path)
    assert fixture.format in kept.format.readable
    assert missing(fixture.shown, plain(kept.shown(fixture.states)), "") == []


def missing(told: Any, found: Any, path: str) -> list[str]:
    """What is not as it was; a version may show more than the last one."""
    if isinstance(told, dict) and isinstance(found, dict):
        return [wrong for name in told for wrong in missing(told[name], found.get(name), f"{path}.{name}")]
    return [] if told == found else [f"{path} is {found!r}, not {told!r}"]


def test_the_comparison_can_fail() -> None:
    assert missing({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, "") == []
    assert missing({"a": {"b": 1}}, {"a": {"b": 2}}, "") == [".a.b is 2, not 1"]
    assert missing({"a": {"b": 1}}, {}, "") == [".a is None, not {'b': 1}"]


@by_table
def test_every_format_that_is_read_has_a_fixture(kept: Kept) -> None:
    files = {int(re.findall(r"\d+", path.stem)[0]) for table, path in fixtures() if table is kept}
    assert files == kept.format.readable


@by_table
def test_what_is_written_stays_as_it_is_or_has_a_new_number(kept: Kept) -> None:
    held, now = read(path_of(kept.table, kept.format.number)), fixture_of(kept)
    shapes = without_class_names(held.shape), without_class_names(now.shape)
    assert (shapes[0], held.states) == (shapes[1], now.states), CURE.format(kept.table, kept.format.number)


@by_table
def test_the_shape_tells_a_new_field_from_none(kept: Kept) -> None:
    more = msgspec.defstruct("More", [("more", int, 0)], bases=(kept.format.kind,), frozen=True, array_like=True)
    grown: Format[Any] = Format(kept.table, kept.format.number, cast(type[Stored], more))
    shape, more_shape = fixture_of(kept).shape, fixture_of(Kept(grown, kept.states, kept.shown)).shape
    assert without_class_names(shape) != without_class_names(more_shape)


def test_the_shape_tells_another_part_from_a_renamed_one() -> None:
    part, renamed, other = (with_part(*each) for each in (("Part", int), ("Renamed", int), ("Part", str)))
    assert part == renamed
    assert part != other


def with_part(name: str, of: type) -> Any:
    """The shape of a format that has parts which are called so and hold one value of that type."""
    part = msgspec.defstruct(name, [("value", of)], array_like=True)
    kind = msgspec.defstruct("Whole", [("parts", list[part])], bases=(Stored,), frozen=True, array_like=True)  # type: ignore[valid-type]
    return without_class_names(plain(shape_of(Format("towns", 1, cast(type[Stored], kind)))))


@by_table
def test_the_story_has_every_kind_of_what_can_be_written(kept: Kept) -> None:
    """Or the bytes would not tell that its encoding has changed."""
    decoder = msgspec.msgpack.Decoder(kept.format.kind)
    seen = {type(one) for data in kept.states().values() for one in structs_in(decoder.decode(data))}
    possible = {one.__name__ for one in declared(kept.format.kind)}
    assert {one.__name__ for one in seen} == possible - NEVER_KEPT


NEVER_KEPT = {"Erase"}
"""Of an erasure an `Erasure` is left."""


def structs_in(value: object) -> Iterator[object]:
    if isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from structs_in(getattr(value, name))
    elif isinstance(value, dict):
        yield from structs_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from structs_in(each)


OURS = ("streams.domain", "events")


def declared(kind: type[Stored]) -> set[type[msgspec.Struct]]:
    _, components = msgspec.json.schema_components([kind])
    names = set(components)
    found: set[type[msgspec.Struct]] = {kind}
    for struct in all_structs(msgspec.Struct):
        if struct.__name__ in names and struct.__module__.startswith(OURS):
            found.add(struct)
    return found


def all_structs(of: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for struct in of.__subclasses__():
        yield struct
        yield from all_structs(struct)


class Third(Stored, frozen=True, array_like=True):
    name: str
    added: int = 7


def test_the_next_format_reads_the_one_before_it_with_defaults_and_no_earlier_one() -> None:
    third = Format("towns", 3, Third, older={2})
    assert third.decode(msgspec.msgpack.encode([2, "ada"])) == Third(2, "ada", 7)
    with pytest.raises(OtherFormat, match=r"^table towns: a state of format 1, not 3: upgrade one release"):
        third.decode(msgspec.msgpack.encode([1, "ada"]))


def test_a_newer_format_is_refused_with_the_cure_however_much_it_looks_like_this_one() -> None:
    second = Format("towns", 2, Third)
    with pytest.raises(OtherFormat, match=r"newer version of Harmonia wrote; this one knows format 2.*upgrades"):
        second.decode(encode(Third(3, "ada", 1)))


@by_table
def test_a_state_written_before_the_first_release_is_refused_with_its_table_and_cure(kept: Kept) -> None:
    """Its bytes may look like those of today: only the number tells."""
    told = f"^table {kept.table}: a state of format {{}}, written before 0.1.0: rebuild from the lake"
    for number in range(1, FIRST_RELEASED[kept.table]):
        for data in (msgspec.msgpack.encode([number]), with_number(next(iter(kept.states().values())), number)):
            with pytest.raises(OtherFormat, match=told.format(number)):
                kept.format.decode(data)


def test_no_number_from_before_the_first_release_is_used_again() -> None:
    assert {kept.table for kept in TABLES if min(kept.format.readable) < FIRST_RELEASED[kept.table]} == set()


def test_a_kind_of_source_that_a_later_version_knows_is_read_and_kept() -> None:
    """A further kind of source is no new format: a version that does not know it goes on beside one that does."""
    ballot = Fact("ballot.reported", 0, "a", "1", 0, origin=Origin("registry"))
    kept = decode(codec.encode(ContactState(facts={("a", "1"): ballot})))
    assert [fact.origin for fact in kept.facts.values()] == [Origin("registry")]


def test_what_is_no_state_is_no_state_of_another_format() -> None:
    for data in (b"", b"\xff", b"{}", b"\x91\xa1x", msgspec.msgpack.encode([2, 5])):
        with pytest.raises(Unreadable) as raised:
            Format("towns", 2, Third).decode(data)
        assert not isinstance(raised.value, OtherFormat)


def newer(state: bytes) -> bytes:
    """The same as a later version might write it."""
    return with_number(state, FORMAT.number + 1)


def with_number(state: bytes, number: int) -> bytes:
    """The same bytes behind another number of a format."""
    return bytes([state[0], number]) + state[2:]


def test_a_worker_that_was_rolled_back_stops_at_a_part_of_the_newer_version() -> None:
    """It must neither be dropped nor end in `dead-letters`."""
    world = World()
    told = Told().contacts
    key = next(key for key in told if b"/" in key and not key.startswith(b"/"))
    world.logs[CONTACT_FRAGMENTS, 0].append(Fetched(0, newer(told[key]), key, (), 0, CONTACT_FRAGMENTS, 0))
    with pytest.raises(OtherFormat, match="newer version"):
        world.work((CONTACT_FRAGMENTS, 0), 1)


@pytest.mark.parametrize(("number", "told"), [(FORMAT.number + 1, "newer version"), (6, "written before 0.1.0")])
def test_a_worker_stops_at_a_state_of_another_version_and_drops_nothing(number: int, told: str) -> None:
    world, story = World(), Told()
    state = with_number(story.contacts[b"crm.ada"], number)
    for partition in range(3):
        world.stores[partition].write({b"crm.ada": state}, Position("topic", 1, 0))
    for log, records in story.world.logs.items():
        world.logs[log] = records
    with pytest.raises(OtherFormat, match=told):
        world.settle()
    assert {store.get(b"crm.ada") for store in world.stores.values()} == {state}


def test_every_table_is_here() -> None:
    assert {kept.table for kept in TABLES} == {*ALL_TABLES}


SOURCE = TP("interactions", 3)
KEY = b"\x00watermark\x00interactions\x003"


@pytest.mark.parametrize("written", [b"17", b"17 7279d64a-3d6e-4073-85eb-446e77299961"])
def test_a_watermark_is_read_with_and_without_the_id_of_its_topic(written: bytes) -> None:
    store = MemoryStore()
    store.write({KEY: written}, Position("topic", 1, 0))
    states = States(store, Codec(bytes, bytes), RecentStates[bytes](0))
    changelog = Changelog(TP("changelog", 3), "topic", "transactions")
    partition = TablePartition(cast(KafkaClients, None), states, changelog, lambda _: None)
    assert partition.watermark(SOURCE) == 17


@pytest.mark.parametrize("position", [["topic", 1], ["topic", 1, 2, 3], {"offset": 1}])
def test_a_store_whose_position_is_of_another_version_is_made_anew(tmp_path: Path, position: object) -> None:
    path = tmp_path / "contacts" / "0"
    path.mkdir(parents=True)
    written = Rdict(str(path), _options())
    written[_POSITION_KEY] = orjson.dumps(position)
    written[b"k"] = b"v"
    written.close()

    store = RocksStores(tmp_path)("contacts", 0)
    assert (store.position, store.get(b"k")) == (None, None)
    store.close()
