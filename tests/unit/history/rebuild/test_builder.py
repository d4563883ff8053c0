"""A rebuild."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from events.refusal import Refusal
from events.times import render_time
from sinks.lake import erasure_list
from sinks.lake.erasure_list import Erasures, add_erasures, erasure_of
from sinks.lake.files import Files
from streams.domain.contact import ContactState, decode, encode, fold, read_fact
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.identity.inactivity import judged
from streams.history.lake.erasure import erase_from_lake
from streams.history.rebuild import builder
from streams.history.rebuild.buckets import SortedTail, add_states, lake_contents, sort_lake, traces_of
from streams.history.rebuild.builder import RebuildPlan, build
from streams.history.rebuild.prior_states import (
    CommandTimes,
    PriorState,
    command_times_from_rows,
    command_times_in,
    command_times_to_rows,
    earliest_times,
    rows_after_erasure,
    rows_of_records,
)
from streams.history.rebuild.state_files import BucketFolder, FoldTask, StateFiles, write_state_files
from streams.history.refold.buckets import SortedHistory
from streams.history.refold.contact_folding import refold_contact
from streams.history.refold.contact_rows import ContactHistory, TopicRow
from streams.operations.backup.manifest import contacts_file
from streams.operations.backup.record_files import Record, read_records, write_records
from streams.platform.settings import Settings
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record, unreadable_record
from tests.unit.history.refold.lakes import lake_of, sample_records


class _Enough(Exception):
    pass


def heard(lake: Files, plan: RebuildPlan, monkeypatch: pytest.MonkeyPatch) -> CommandTimes:
    """What a build knows of commands if somebody erases while it is at the topic."""
    found: list[CommandTimes] = []

    async def topic_id(_: Settings) -> str:
        return TOPIC_ID

    async def backup(*_: object) -> SimpleNamespace:
        return SimpleNamespace(contacts=0, partitions=1)

    def tail(settings: Settings, tail: object, folder: Path, gathered: Any) -> SortedTail:
        erase_from_lake(lake, [], None)
        return SortedTail(gathered, [], {})

    def folding(todo: Any, *_: object) -> None:
        found.append(todo.heard)
        raise _Enough

    for name, does in {
        "topic_id_of": topic_id,
        "take_backup": backup,
        "tail_range": lambda *_: None,
        "add_tail": tail,
        "add_states": lambda kind, backup, partitions, folder, gathered: gathered,
        "traces_of": lambda *_: iter(()),
        "write_state_files": folding,
    }.items():
        monkeypatch.setattr(builder, name, does)
    with pytest.raises(_Enough):
        build(Settings(partitions=1), plan, lambda _: None)
    return found[0]


def test_a_rebuild_knows_when_commands_were_heard_that_are_taken_out_of_the_lake_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_of(tmp_path / "lake", [topic_record(0, "email.opened"), topic_record(1, "contact.erased")])
    plan = RebuildPlan(str(tmp_path / "lake"), tmp_path / "built", 1, 1.0)

    assert heard(lake, plan, monkeypatch) == {("digital/mailer", "i1"): NOW + 1}


SINCE = NOW - 9 * DAY
GIFT = topic_record(0, "donation.made", NOW - 90 * DAY, donation_id="fec:1")
LETTER = topic_record(1, "email.sent", NOW - 5 * DAY)
INACTIVE = topic_record(2, "contact.erased_if_inactive", NOW - DAY, inactive_since=render_time(SINCE))
ASKED = topic_record(2, "contact.erased", NOW - DAY)
ANEW = [topic_record(3, "donation.made", NOW, donation_id="fec:2"), topic_record(4, "email.sent", NOW)]
FIXED_DATE = topic_record(5, "contact.erased_if_inactive", NOW, inactive_since=render_time(SINCE))
AFTER = topic_record(6, "email.opened", NOW)

repeated = pytest.mark.parametrize(
    ("command", "again"),
    [(INACTIVE, FIXED_DATE), (INACTIVE, replace(INACTIVE, offset=5, timestamp=NOW + 5)),
     (ASKED, replace(ASKED, offset=5, timestamp=NOW + 5))],
    ids=["another", "copy", "copy of one that asked"],
)  # fmt: skip


def live(records: Sequence[Fetched]) -> ContactState:
    """The state of a worker that has heard these."""
    state = ContactState()
    for each in records:
        fact = read_fact(each.value or b"", each.timestamp)
        assert not isinstance(fact, Refusal)
        state = fold(state, [judged(fact, "c1", state, {})])[0]
    return state


def history(records: Sequence[Fetched]) -> ContactHistory:
    return ContactHistory("c1", [TopicRow("t", 0, each.offset, each.timestamp, each.value or b"") for each in records])


@repeated
@pytest.mark.parametrize("listed", [False, True])
def test_a_rebuild_keeps_what_came_between_an_erasure_and_its_repetition(
    command: Fetched, again: Fetched, listed: bool
) -> None:
    told = [GIFT, LETTER, command, *ANEW, again, AFTER]
    state = live(told)
    assert state.place is not None
    assert state.place.erased is not None
    assert {fact.id for fact in state.facts.values()} == {"i3", "i4", "i6"}
    known = TopicRow("", PriorState.KNOWN, 0, 0, encode(state))
    erasures = Erasures([erasure_of("c1", state.place.erased.time, command.timestamp)] if listed else [])
    folder = BucketFolder(1, erasures, {}, command_times_in(rows_of_records("t", told)))
    [record] = folder.records([ContactHistory("c1", [known, *history(told).rows])])
    assert decode(record.value or b"").facts == state.facts


@repeated
@pytest.mark.parametrize("heard", [False, True])
def test_a_refold_keeps_what_came_between_an_erasure_and_its_repetition(
    command: Fetched, again: Fetched, heard: bool
) -> None:
    """The list of the lake has the time of the erasure; when the command came, it may not know."""
    told = [GIFT, LETTER, command, *ANEW, again, AFTER]
    state = live(told)
    assert state.place is not None
    assert state.place.erased is not None
    erasures = Erasures([erasure_of("c1", state.place.erased.time, command.timestamp if heard else None)])
    found = refold_contact(history(told), erasures)
    assert found is not None
    assert found.state.facts == state.facts


def test_a_repetition_is_not_taken_for_the_command_by_a_refold_that_finds_an_act_before_it() -> None:
    """The one that was carried out came under another name of the person, and before this history began."""
    told = [*ANEW, FIXED_DATE, AFTER]
    found = refold_contact(history(told), Erasures([erasure_of("c1", SINCE)]))
    assert found is not None
    assert {fact.id for fact in found.state.facts.values()} == {"i3", "i4", "i6"}


COMMAND = topic_record(1, "contact.erased", NOW - DAY)
(NAME,) = command_times_in(rows_of_records("topic", [COMMAND]))


def test_an_erasure_command_is_heard_at_its_append_time_not_at_the_time_it_names() -> None:
    gift = topic_record(0, "donation.made", NOW, refcode="contact.erased")
    rows = rows_of_records(
        "topic", [gift, COMMAND, unreadable_record(2, b"contact.erased"), unreadable_record(3, None)]
    )
    assert command_times_in(rows) == {NAME: NOW + 1}


def test_an_erasure_for_doing_nothing_is_heard_too_and_what_came_before_it_goes_if_it_was_carried_out() -> None:
    since = NOW - 3 * DAY
    command = topic_record(1, "contact.erased_if_inactive", NOW - DAY, inactive_since=render_time(since))
    times = command_times_in(rows_of_records("topic", [command]))
    assert list(times.values()) == [NOW + 1]
    erased = [ContactState(place=IdentityStatus(erased=Erasure(since, *next(iter(times)))))]
    rows = [TopicRow("topic", 0, at, NOW + at, b"{}") for at in range(4)]
    assert [row.offset for row in rows_after_erasure(rows, erased, times)] == [2, 3]
    assert rows_after_erasure(rows, [ContactState()], times) == rows


def test_the_first_copy_of_an_erasure_command_counts_also_when_read_back_from_the_file() -> None:
    assert earliest_times({NAME: 5}, {NAME: 3, ("a", "b"): 4}) == {NAME: 3, ("a", "b"): 4}
    assert command_times_from_rows(command_times_to_rows({NAME: 3})) == {NAME: 3}


ERASED = [ContactState(place=IdentityStatus(erased=Erasure(NOW - DAY, *NAME)))]


def test_an_erasure_command_separates_rows_of_its_own_millisecond_by_position() -> None:
    (value,) = [COMMAND.value or b""]
    rows = [TopicRow("topic", 0, at, NOW, value if at == 2 else b"{}") for at in range(5)]
    assert [row.offset for row in rows_after_erasure(rows, ERASED, {NAME: NOW})] == [3, 4]


PARTITIONS = 3
NOTHING_HEARD: CommandTimes = {}


def rebuilt(
    tmp_path: Path,
    known: list[Record],
    heard: CommandTimes = NOTHING_HEARD,
    listed: Sequence[erasure_list.Erasure] = (),
) -> tuple[dict[bytes, ContactState], StateFiles]:
    """The states of the lake, with what the running system knows."""
    add_erasures(lake_of(tmp_path / "lake", sample_records()), listed)
    backup, target, work = tmp_path / "backup", tmp_path / "target", tmp_path / "work"
    for folder in (backup, target, work):
        folder.mkdir()
    for number in range(PARTITIONS):
        write_records(backup / contacts_file(number), [each for each in known if each.partition == number])
    lake = lake_contents(str(tmp_path / "lake"), TOPIC_ID, PARTITIONS)
    assert lake.ends == [43, 41, 0], "a partition of which the lake has nothing begins at 0"
    gathered: SortedHistory = sort_lake(lake, work / "sorted", 1)
    gathered = add_states(PriorState.KNOWN, backup, PARTITIONS, work / "sorted", gathered)
    write_records(work / "traces.zst", traces_of(backup, PARTITIONS))
    todo = FoldTask(str(tmp_path / "lake"), work / "traces.zst", work / "folded", PARTITIONS, heard)
    made = write_state_files(todo, gathered, target, 1, lambda _: None)
    found = [each for number in range(PARTITIONS) for each in read_records(target / contacts_file(number))]
    assert made.contacts == len([each for each in found if not (each.key or b"").startswith(b"/")])
    return {each.key or b"": decode(each.value or b"") for each in found}, made


def test_a_rebuild_folds_the_lake_and_takes_over_what_only_the_running_system_knows(tmp_path: Path) -> None:
    erased = ContactState(
        version=4, place=IdentityStatus(erased=Erasure(NOW, "office/desk", "1"), marks=True, shown="erased")
    )
    stranger = Record(2, trace_key("stranger"), encode(ContactState(place=IdentityStatus(erased=Erasure(1, "a", "b")))))
    states, made = rebuilt(tmp_path, [Record(0, b"nobody", encode(erased)), stranger])
    assert {f"c{number}".encode() for number in range(5)} | {b"nobody", stranger.key} == states.keys()
    assert sum(len(states[f"c{number}".encode()].facts) for number in range(5)) == 40
    assert states[b"nobody"].place is not None
    assert states[b"nobody"].place.marks
    assert made.outcomes["applied"] == 40
    assert made.outcomes["duplicate"] == 1


def test_a_rebuilt_erasure_acts_when_it_was_heard_under_any_identifier_of_the_person(tmp_path: Path) -> None:
    before_all_said = Erasure(NOW - 99_999, "office/desk", "1")
    told = ContactState(version=4, place=IdentityStatus(told=3, erased=before_all_said, swept=3, shown="erased"))
    known = [Record(1, b"c1", encode(told)), Record(1, trace_key("c2"), encode(told))]

    states, made = rebuilt(tmp_path, known, {("office/desk", "1"): NOW + 99_999})

    assert not states[b"c1"].facts
    assert not states[b"c2"].facts
    assert states[b"c3"].facts
    assert made.outcomes["in_vain"] == 17, "one of them cannot be read"


def test_a_rebuild_takes_the_hearing_time_of_an_erased_command_from_the_lakes_list(tmp_path: Path) -> None:
    listed = [erasure_of("c1", NOW - 99_999, NOW + 99_999), erasure_of("c2", NOW - 99_999)]

    states, made = rebuilt(tmp_path, [], listed=listed)

    assert not states[b"c1"].facts
    assert states[b"c2"].facts, "of this one only the time is known that it says"
    assert made.outcomes["in_vain"] >= 8
