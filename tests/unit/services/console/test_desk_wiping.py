"""Nothing of an erased person is left in the bytes of the desk's file, and the desk is written on meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from events.topics import CONTACT_STATE
from streams.services.console import desk_wiping
from streams.services.console.desk import Desk, replace_desk
from streams.services.console.desk_batches import Limits, Position
from streams.services.console.desk_retention import let_go
from streams.services.console.desk_wiping import (
    AGAIN_S,
    COPIES_EVERY_S,
    PIECE,
    Unwiped,
    Wiper,
    holds_any,
    is_to_be_wiped,
)
from streams.services.console.desk_writing import DeskWriter
from tests.unit.services.console.desk_records import NOON, closed, gift, profile, record, said, writer_at

PATIENCE_S = 30.0


async def end_of(wiper: Wiper) -> None:
    """Wait until what was begun has ended."""
    async with asyncio.timeout(PATIENCE_S):
        while wiper.is_pending and wiper.copy is None:
            await wiper.tend()
            await asyncio.sleep(0)


async def wipe(desk: Desk, names: Iterable[str]) -> Desk:
    """Wipe names whichever way that takes; returns the desk, which may be another file."""
    wiper = Wiper(desk, Unwiped({*names}, forgot=False))
    await end_of(wiper)
    await wiper.close()
    if wiper.copy is not None:
        replace_desk(desk.path, wiper.copy)
    return Desk.create(desk.path)


@asynccontextmanager
async def wiping(desk: Desk, unwiped: Unwiped) -> AsyncIterator[Wiper]:
    wiper = Wiper(desk, unwiped)
    yield wiper
    await wiper.close()


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def erase(writer: DeskWriter, *names: str) -> None:
    writer.write([profile(name, 9)._replace(value=None) for name in names], ())
    writer.write([closed(name, "erased", NOON + 1) for name in names], ())


def test_an_erasure_that_comes_after_the_null_of_the_profile_is_wiped_too(writer: DeskWriter) -> None:
    writer.write([profile("van.1", 1), profile("van.2", 1)], ())
    writer.write([profile("van.1", 9)._replace(value=None)], ())
    assert not writer.left
    writer.write([closed("van.1", "erased"), closed("van.never", "erased")], ())
    assert writer.left == {"van.1"}
    assert is_to_be_wiped(writer.desk)


def test_an_erasure_that_comes_after_a_restart_since_the_null_of_the_profile_is_wiped_too(writer: DeskWriter) -> None:
    position = Position(CONTACT_STATE, 0, "id", 2, 2, NOON, NOON)
    writer.write([profile("van.1", 1), record(CONTACT_STATE, "van.1", None)], [position])
    again = DeskWriter(writer.desk, Limits())
    again.write([closed("van.1", "erased", NOON)], ())
    assert is_to_be_wiped(writer.desk)
    assert again.left == {"van.1"}


def test_the_name_of_somebody_erased_who_began_anew_is_wiped_once_that_goes(writer: DeskWriter) -> None:
    writer.write([gift("van.1", "g")], ())
    writer.write([closed("van.1", "erased", NOON - 1)], ())
    assert not writer.left
    assert sum(step.events for step in let_go(writer, Limits(), NOON + 50 * 3_600_000)) == 1
    assert writer.left == {"van.1"}


def put_into_a_gap(path: Path, name: bytes, beside: bytes) -> None:
    """Write a name into a page that has another one, where the page has nothing: as if a row had moved from there."""
    held = bytearray(path.read_bytes())
    page = held.index(beside) // 4096 * 4096
    gap = held.index(b"\0" * 64, page)
    held[gap + 8 : gap + 8 + len(name)] = name
    path.write_bytes(held)


@pytest.mark.parametrize("sought", [0, 10_000])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_no_byte_of_an_erased_name_is_left_however_rows_have_moved(
    tmp_path: Path, seed: int, sought: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_wiping, "NAMES_SOUGHT", sought)
    chance = random.Random(seed)
    writer = writer_at(tmp_path)
    people = [f"email:{chance.getrandbits(128):032x}" for _ in range(1_500)]
    gone: set[str] = set()
    for round_ in range(5):
        some = chance.sample(people, 400)
        writer.write([profile(who, round_ + 1) for who in some if who not in gone], ())
        writer.write([said(who, f"{round_}{who}", "email.opened") for who in some if who not in gone], ())
        erased = [who for who in some if chance.random() < 0.4 and who not in gone]
        nulls = [profile(who, 9)._replace(value=None) for who in erased]
        left = writer.write([*nulls, *(closed(who, "erased", NOON + 1) for who in erased)], ()).left
        gone |= {*erased}
        assert {*left} == {*erased}
    assert is_to_be_wiped(writer.desk)
    desk = await wipe(writer.desk, gone)
    assert not is_to_be_wiped(desk)
    held = bytes_of(tmp_path)
    assert [who for who in gone if who.encode() in held] == []
    assert any(who.encode() in held for who in people)


async def test_a_copy_of_a_name_in_a_gap_of_a_page_is_found_and_wiped(tmp_path: Path) -> None:
    writer = writer_at(tmp_path)
    writer.write([profile("van.gone", 1), profile("van.there", 1)], ())
    erase(writer, "van.gone")
    desk = await wipe(writer.desk, ["van.gone"])
    desk.close()
    put_into_a_gap(desk.path, b"van.gone", b"van.there")
    desk = await wipe(Desk.create(desk.path), ["van.gone"])
    assert b"van.gone" not in desk.path.read_bytes()
    assert desk.rows("SELECT name FROM fragments") == [("van.there",)]


async def test_a_reader_in_the_way_puts_the_wiping_off(writer: DeskWriter) -> None:
    writer.write([profile("van.1", 1)], ())
    reader = Desk.open(writer.desk.path)
    writer.desk.run("PRAGMA busy_timeout = 0")
    now = 0.0
    wiper = Wiper(writer.desk, Unwiped({"van.1"}, forgot=False), lambda: now)
    with reader.snapshot():
        reader.rows("SELECT * FROM people")
        erase(writer, "van.1")
        await wiper.tend()
        await wiper.tend()
        assert wiper.is_pending
        assert is_to_be_wiped(writer.desk)
    now += AGAIN_S
    await end_of(wiper)
    assert not is_to_be_wiped(writer.desk)
    reader.close()
    await wiper.close()


async def test_while_rows_are_copied_the_desk_is_written_on(writer: DeskWriter) -> None:
    writer.write([profile(f"van.{number}", 1) for number in range(2_000)], ())
    async with wiping(writer.desk, Unwiped(forgot=True)) as wiper:
        await wiper.tend()
        writer.write([profile("van.new", 1)], ())
        await end_of(wiper)
        assert wiper.copy is not None
        copy = Desk.create(wiper.copy)
        [copied] = copy.one("SELECT count(*) FROM people") or (0,)
        assert copied >= 2_000
        assert not is_to_be_wiped(copy)
        assert copy.one("SELECT value FROM meta WHERE name = 'salt'") == (writer.desk.meta("salt"),)
        assert wiper.copy.stat().st_mode & 0o777 == 0o600
        copy.close()
        assert writer.desk.one("SELECT count(*) FROM people") == (2_001,)


async def test_names_that_a_crash_has_forgotten_are_wiped_though_others_come_at_once(tmp_path: Path) -> None:
    writer = writer_at(tmp_path)
    writer.write([profile("van.gone", 1), profile("van.there", 1), profile("van.next", 1)], ())
    erase(writer, "van.gone")
    writer.desk.close()
    put_into_a_gap(writer.desk.path, b"van.gone", b"van.there")
    again = DeskWriter(Desk.create(writer.desk.path), Limits())
    unwiped = Unwiped()
    async with wiping(again.desk, unwiped) as wiper:
        erase(again, "van.next")
        unwiped.names.add("van.next")
        await end_of(wiper)
        assert wiper.copy is not None
        assert not {name for name in (b"van.gone", b"van.next") if name in wiper.copy.read_bytes()}


async def test_a_name_that_has_a_new_record_is_not_looked_for(writer: DeskWriter) -> None:
    writer.write([profile("van.1", 1)], ())
    erase(writer, "van.1")
    writer.write([closed("van.1", None)], ())
    writer.write([profile("van.1", 2)], ())
    async with wiping(writer.desk, Unwiped({"van.1"}, forgot=False)) as wiper:
        await end_of(wiper)
        assert wiper.copy is None
        assert not is_to_be_wiped(writer.desk)


async def test_a_name_that_came_back_and_left_again_while_it_was_sought_is_looked_for_once_more(
    tmp_path: Path,
) -> None:
    writer = writer_at(tmp_path)
    writer.write([profile("van.back", 1), profile("van.there", 1)], ())
    erase(writer, "van.back")
    unwiped = Unwiped({"van.back"}, forgot=False)
    async with wiping(writer.desk, unwiped) as wiper:
        await wiper.tend()  # begins to look
        unwiped.names.add("van.back")  # as whoever follows does once it has left again
        await wiper.tend()
        while wiper.is_seeking:
            await wiper.tend()
            await asyncio.sleep(0)
        assert wiper.is_pending
        await end_of(wiper)
        assert not wiper.is_pending


async def test_names_that_are_sought_when_it_ends_are_not_forgotten(writer: DeskWriter) -> None:
    erase(writer, "van.1")
    unwiped = Unwiped({"van.1"}, forgot=False)
    wiper = Wiper(writer.desk, unwiped)
    await wiper.tend()
    await wiper.close()
    assert unwiped.names == {"van.1"}


async def test_however_many_are_erased_rows_are_copied_once_in_ten_minutes(writer: DeskWriter) -> None:
    now = 1_000.0
    unwiped = Unwiped(forgot=True, copied_at=now - COPIES_EVERY_S + 1)
    wiper = Wiper(writer.desk, unwiped, lambda: now)
    for _ in range(3):
        await wiper.tend()
    assert wiper.copy is None
    now += 1
    await end_of(wiper)
    assert wiper.copy is not None
    await wiper.close()


async def test_without_room_on_the_disk_nothing_is_copied_and_it_is_tried_again(
    writer: DeskWriter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(desk_wiping, "SPARE_BYTES", 1 << 60)
    async with wiping(writer.desk, Unwiped(forgot=True)) as wiper:
        async with asyncio.timeout(PATIENCE_S):
            while not caplog.messages:
                await wiper.tend()
                await asyncio.sleep(0)
        assert "MiB are free" in caplog.messages[0]
        assert wiper.is_pending
        assert not writer.desk.path.with_name("desk.sqlite.new").exists()


@pytest.mark.parametrize("place", [0, 5, PIECE - 3, 2 * PIECE - 7, 3 * PIECE - 8])
def test_a_name_is_found_wherever_it_is_in_a_file_of_many_pieces(tmp_path: Path, place: int) -> None:
    held = bytearray(3 * PIECE)
    held[place : place + 8] = b"van.gone"
    path = tmp_path / "file"
    path.write_bytes(held)
    with path.open("rb") as file:
        assert holds_any(file.fileno(), ["van.there", "van.gone"], lambda: False)
        assert not holds_any(file.fileno(), ["van.there", "van.away"], lambda: False)
