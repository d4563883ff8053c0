"""What the desk lets go of, what becomes of its figures then, and that nothing of an erased person is left in bytes."""

import random
from pathlib import Path

import pytest

from streams.services.console.desk import CELLS_KEPT_MS, COARSE_MS, Desk
from streams.services.console.desk_reading import Everything, Slots, Span, curves, figures_by, known_since_ms
from streams.services.console.desk_retention import drop_unused_series, is_to_be_wiped, let_go, wipe
from streams.services.console.desk_writing import DeskWriter, Limits
from tests.unit.services.console.desk_records import EVER, NOON, closed, counts, gift, net, profile, said, writer_at

ALL = Everything()
HOUR = 3_600_000
LIMITS = Limits()


@pytest.fixture
def writer(tmp_path: Path) -> DeskWriter:
    return writer_at(tmp_path)


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
    assert drop_unused_series(writer) == 2


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


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_byte_of_an_erased_name_is_left_however_rows_have_moved(tmp_path: Path, seed: int) -> None:
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
    assert wipe(writer.desk, gone)
    assert not is_to_be_wiped(writer.desk)
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert [who for who in gone if who.encode() in held] == []
    assert any(who.encode() in held for who in people)


def test_a_copy_of_a_name_in_a_gap_of_a_page_is_found_and_wiped(tmp_path: Path) -> None:
    writer = writer_at(tmp_path)
    writer.write([profile("van.gone", 1), profile("van.there", 1)], ())
    writer.write([profile("van.gone", 2)._replace(value=None), closed("van.gone", "erased")], ())
    assert wipe(writer.desk, ["van.gone"])
    writer.desk.close()
    path = writer.desk.path
    held = bytearray(path.read_bytes())
    place = held.index(b"van.there")
    page = place // 4096 * 4096
    gap = held.index(b"\0" * 64, page)
    held[gap + 8 : gap + 16] = b"van.gone"
    path.write_bytes(held)
    desk = Desk.create(path)
    assert wipe(desk, ["van.gone"])
    assert b"van.gone" not in path.read_bytes()
    assert desk.rows("SELECT name FROM fragments") == [("van.there",)]


def test_a_reader_in_the_way_puts_the_wiping_off(writer: DeskWriter) -> None:
    writer.write([profile("van.1", 1)], ())
    reader = Desk.open(writer.desk.path)
    writer.desk.run("PRAGMA busy_timeout = 0")
    with reader.snapshot():
        reader.rows("SELECT * FROM people")
        writer.write([profile("van.1", 2)._replace(value=None), closed("van.1", "erased")], ())
        assert not wipe(writer.desk, ["van.1"])
        assert is_to_be_wiped(writer.desk)
    assert wipe(writer.desk, ["van.1"])
    reader.close()
