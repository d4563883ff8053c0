"""What the desk forgets."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from events.topics import CONTACT_STATE
from streams.services.console import desk_wiping
from streams.services.console.desk import Desk, replace_desk
from streams.services.console.desk_batches import Limits, Position, TopicRecord
from streams.services.console.desk_campaigns import begun, campaigns, names
from streams.services.console.desk_cells import Everything, Span
from streams.services.console.desk_reading import Slots, curves, figures_by, known_since_ms, last_reports
from streams.services.console.desk_retention import drop_unused_series, let_go
from streams.services.console.desk_schema import CELLS_KEPT_MS, COARSE_MS
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
from tests.unit.services.console.desk_records import (
    EVER,
    NOON,
    closed,
    counts,
    gift,
    link,
    net,
    profile,
    record,
    said,
    writer_at,
)

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


ALL = Everything()
HOUR = 3_600_000
LIMITS = Limits()


def tend(writer: DeskWriter, clock: int, limits: Limits = LIMITS) -> int:
    """Let go of all that is due; returns of how many interactions."""
    return sum(step.events for step in let_go(writer, limits, clock))


def test_interactions_go_after_two_days_and_their_figures_stay_nine(writer: DeskWriter) -> None:
    writer.write([gift("van.1", f"g{number}", at=NOON + number * 60_000) for number in range(10)], ())
    assert tend(writer, NOON + 48 * HOUR) == 0
    assert tend(writer, NOON + 50 * HOUR) == 10
    assert writer.events.kept == 0
    assert net(writer) == 5_000
    assert writer.desk.rows("SELECT * FROM fragments") == []
    tend(writer, NOON + CELLS_KEPT_MS + HOUR)
    assert counts(writer) == {}
    assert known_since_ms(writer.desk) == NOON + HOUR


def test_cells_of_two_days_ago_are_of_five_minutes_and_have_no_turf(writer: DeskWriter) -> None:
    turf = {"method": "door", "outcome": "contacted", "turf": "turf-1", "support": 1}
    records = [said("van.1", f"r{number}", "canvass.reported", turf, at=NOON + number * 60_000) for number in range(10)]
    writer.write(records, ())
    before = figures_by(writer.desk, EVER, ALL, by=("type", "region", "outcome"))
    tend(writer, NOON + 60 * HOUR)
    assert figures_by(writer.desk, EVER, ALL, by=("type", "region", "outcome")) == before
    [curve] = curves(writer.desk, Slots(NOON, NOON + 2 * COARSE_MS, COARSE_MS), ALL)
    assert curve.counted == (5, 5)
    part = Span(NOON, NOON + COARSE_MS)
    assert [group.values for group in figures_by(writer.desk, part, ALL, by=("turf",))] == [("",)]
    assert [group.values for group in figures_by(writer.desk, EVER, ALL, by=("turf",))] == [("turf-1",)]
    assert [group.figures.happened for group in figures_by(writer.desk, part, ALL)] == [5]
    assert drop_unused_series(writer) == 0
    tend(writer, NOON + CELLS_KEPT_MS + 2 * HOUR)
    assert drop_unused_series(writer) == 3


def test_a_retraction_reaches_a_cell_that_is_coarse_already(writer: DeskWriter) -> None:
    old = NOON - 47 * HOUR
    writer.write([gift("van.1", "g", at=old)._replace(appended=NOON)], ())
    tend(writer, NOON + 10 * HOUR)
    retraction = said("van.1", "r", "interaction.retracted", {"retracts": {"source": "test/tool", "id": "g"}})
    writer.write([retraction], ())
    assert counts(writer) == {}


def test_a_copy_that_comes_while_it_would_still_be_taken_is_recognised(writer: DeskWriter) -> None:
    writer.write([gift("van.1", "g")], ())
    last = NOON + 48 * HOUR
    tend(writer, last)
    done = writer.write([gift("van.1", "g")._replace(appended=last)], ())
    assert (done.copies, done.late) == (1, 0)
    tend(writer, last + 2 * HOUR)
    done = writer.write([gift("van.1", "g")._replace(appended=last + 1)], ())
    assert (done.copies, done.late) == (0, 1)
    assert net(writer) == 500


def test_of_too_many_interactions_the_oldest_messages_go_first(writer: DeskWriter) -> None:
    mails = [said("van.1", f"m{number}", "email.opened", at=NOON + number * 60_000) for number in range(8)]
    writer.write([gift("van.1", "g"), *mails], ())
    limits = Limits(events=5)
    assert tend(writer, NOON, limits) == 4
    assert writer.desk.rows("SELECT id FROM events ORDER BY seq") == [("g",), ("m4",), ("m5",), ("m6",), ("m7",)]
    done = writer.write([mails[0], gift("van.1", "g")], ())
    assert (done.late, done.copies) == (1, 1)
    assert counts(writer) == {"email.opened": 8, "donation.made": 1}
    later = DeskWriter(writer.desk, limits)
    assert later.write([mails[0]], ()).late == 1


def test_where_there_are_no_messages_other_interactions_go(writer: DeskWriter) -> None:
    writer.write([gift("van.1", f"g{number}", at=NOON + number * 60_000) for number in range(8)], ())
    assert tend(writer, NOON, Limits(events=5)) == 3
    assert writer.write([gift("van.1", "g0")], ()).late == 1


def test_a_stop_keeps_the_campaign_of_a_text_that_was_let_go_of(writer: DeskWriter) -> None:
    text = said("van.1", "t", "text.sent", {"message_id": "m1", "campaign_id": "polls-2"})
    writer.write([text, said("van.1", "s", "text.opted_out", {"message_id": "m1"}, at=NOON + 40 * HOUR)], ())
    assert tend(writer, NOON + 51 * HOUR) == 1
    writer.write([link("van.1", "van.2")], ())
    assert campaigns_of(writer, "text.opted_out") == ["polls-2"]


def test_a_refund_keeps_what_a_gift_told_it_that_was_let_go_of(writer: DeskWriter) -> None:
    refund = {"refund_id": "f", "donation_id": "a:g", "amount": 200, "currency": "USD"}
    given = gift("van.1", "g")
    writer.write([given, said("van.1", "f", "donation.refunded", refund, at=NOON + 40 * HOUR)], ())
    assert tend(writer, NOON + 51 * HOUR) == 1
    writer.write([gift("van.2", "g2", name="a:g", at=NOON + 51 * HOUR)], ())
    found = figures_by(writer.desk, EVER, ALL, by=("committee",), types=("donation.refunded",))
    assert [group.values for group in found] == [("C1",)]


def test_what_a_refund_said_is_known_for_as_long_as_the_refund_is(writer: DeskWriter) -> None:
    long = Limits(kept_ms=400 * HOUR)
    writer = DeskWriter(writer.desk, long)
    refund = said(
        "van.1", "f", "donation.refunded", {"refund_id": "f", "donation_id": "a:g", "amount": 2, "currency": "USD"}
    )
    writer.write([refund], ())
    writer.write([gift("van.1", "g")], ())
    later = NOON + CELLS_KEPT_MS + 2 * HOUR
    tend(writer, later, long)
    drop_unused_series(writer)
    writer.write([link("van.1", "van.2")], ())
    writer.write([gift("van.2", "again", name="a:g", at=later)], ())
    assert writer.desk.one("SELECT count(*) FROM events") == (3,)


def campaigns_of(writer: DeskWriter, type_: str) -> list[str]:
    return [group.values[0] for group in figures_by(writer.desk, EVER, ALL, by=("campaign",), types=(type_,))]


def test_sums_over_all_hours_are_of_those_that_are_left(writer: DeskWriter) -> None:
    mail = {"campaign_id": "gotv-1", "message_id": "m", "purpose": "fundraising"}
    records = [said("van.1", f"m{hour}", "email.opened", mail, at=NOON + hour * HOUR) for hour in range(4)]
    writer.write(records, ())
    tend(writer, NOON + CELLS_KEPT_MS + 2 * HOUR)
    [left] = campaigns(writer.desk, EVER, ALL)
    assert (left.types, left.first_ms, left.last_ms) == ({"email.opened": 2}, NOON + 2 * HOUR, NOON + 3 * HOUR)
    # A span that does not have all of it is added up hour by hour, and says the same.
    assert campaigns(writer.desk, Span(NOON + 2 * HOUR - 1, NOON + 9 * HOUR), ALL) == [left]
    assert campaigns(writer.desk, Span(NOON + 2 * HOUR, NOON + 3 * HOUR + 1), ALL) == [left]
    assert campaigns(writer.desk, Span(NOON + 3 * HOUR, NOON + 9 * HOUR), ALL)[0].types == {"email.opened": 1}
    assert names(writer.desk, EVER, ALL) == {"gotv-1"}


def test_a_campaign_has_begun_with_its_first_message_unless_it_went_on_before(writer: DeskWriter) -> None:
    def sent(campaign: str, minutes: int) -> TopicRecord:
        mail = {"campaign_id": campaign, "message_id": "m", "purpose": "fundraising"}
        return said("van.1", f"{campaign}{minutes}", "email.sent", mail, at=NOON + minutes * 60_000)

    writer.write([sent("new", 70), sent("new", 90), sent("old", 5), sent("old", 80), sent("later", 300)], ())
    span = Span(NOON + 10 * 60_000, NOON + 3 * HOUR)
    assert begun(writer.desk, span, ALL, ("email.sent",)) == {"new": NOON + 70 * 60_000}


def test_of_each_turf_the_last_report_is_known(writer: DeskWriter) -> None:
    def report(turf: str, minutes: int) -> TopicRecord:
        door = {"method": "door", "outcome": "not_home", "turf": turf}
        return said("van.1", f"{turf}{minutes}", "canvass.reported", door, at=NOON + minutes * 60_000)

    writer.write([report("t1", 1), report("t1", 70), report("t2", 30), report("t3", 2)], ())
    found = last_reports(writer.desk, NOON + 10 * 60_000, ALL)
    assert found == {("US-OH", "t1"): NOON + 70 * 60_000, ("US-OH", "t2"): NOON + 30 * 60_000}
