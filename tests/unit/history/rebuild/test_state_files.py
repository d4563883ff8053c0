"""Contact files of a rebuild, made from a lake and a backup."""

from collections.abc import Sequence
from pathlib import Path

from sinks.lake import erasure_list
from sinks.lake.erasure_list import add_erasures, erasure_of
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.history.rebuild.buckets import add_states, lake_contents, sort_lake, traces_of
from streams.history.rebuild.prior_states import CommandTimes, PriorState
from streams.history.rebuild.state_files import FoldTask, StateFiles, write_state_files
from streams.history.refold.buckets import SortedHistory
from streams.operations.backup.manifest import contacts_file
from streams.operations.backup.record_files import Record, read_records, write_records
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import TOPIC_ID
from tests.unit.history.refold.lakes import lake_of, sample_records

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
