"""An erasure acts when it is heard, under every identifier of the person, whatever time the command bears."""

from pathlib import Path
from typing import BinaryIO

import orjson
import pytest

from events.times import render_time
from sinks.lake.erasure import commands_received_at, erasure_commands, traces_active_after
from sinks.lake.erasure_list import erasure_of, read_erasures, trace_of
from sinks.lake.files import Files, LocalFiles
from sinks.lake.manifests import INTERACTIONS
from sinks.lake.unfinished_writes import settle_unfinished_writes
from sinks.lake.writer import LakeWriter
from streams.history.lake.erasure import AnnouncedErasure, erase_from_lake, erasure_in_closing, pending_erasures
from streams.operations.backup.erasure_ledger import LedgerEntry, add_to_ledger
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, crash
from tests.unit.history.lake.lake_rows import rows_in_folders
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

OTHER = "c1"
MOVING = 4
"""The call of a writer of one file before which its manifest is there, and the file not in its place."""
COMMAND = 1
"""The offset of the command, which is said under `c9` and says a time of yesterday."""


@pytest.fixture
def lake(tmp_path: Path) -> Files:
    files = LocalFiles(tmp_path / "lake")
    gifts = [topic_record(at, "donation.made", contact={"contact_id": OTHER}) for at in (0, 2)]
    command = topic_record(COMMAND, "contact.erased", at=NOW - DAY, contact={"contact_id": "c9"})
    LakeWriter(files, TOPIC_ID).write(0, 0, 2, [gifts[0], command, gifts[1]])
    return files


def test_rows_that_came_before_the_erasure_command_are_erased_under_other_identifiers_too(lake: Files) -> None:
    [(source, id_)] = commands_received_at(lake)
    assert forgotten(lake) == []

    erase_from_lake(lake, [AnnouncedErasure(erasure_of(OTHER, NOW - DAY), source, id_)], None)

    assert forgotten(lake) == [0, COMMAND]
    assert read_erasures(lake).received_until(OTHER) == NOW + COMMAND
    assert commands_received_at(lake) == {}


def test_a_person_known_to_a_ledger_by_hash_alone_is_erased_under_other_identifiers_too(
    lake: Files, tmp_path: Path
) -> None:
    [(source, id_)] = commands_received_at(lake)
    add_to_ledger(tmp_path / "erasures.jsonl", [LedgerEntry(f"/{trace_of(OTHER)}", NOW - DAY, source, id_)])

    erase_from_lake(lake, [], tmp_path / "erasures.jsonl")

    assert forgotten(lake) == [0, COMMAND]


def test_a_command_the_lake_does_not_hold_erases_up_to_the_time_it_names(lake: Files) -> None:
    erase_from_lake(lake, [AnnouncedErasure(erasure_of(OTHER, NOW - DAY), "elsewhere", "x")], None)

    assert forgotten(lake) == [COMMAND]
    assert read_erasures(lake).received_until(OTHER) == NOW - DAY


def test_an_erasure_command_taken_out_of_the_lake_is_dated_by_the_erasure_list_under_another_identifier(
    lake: Files,
) -> None:
    [(source, id_)] = commands_received_at(lake)
    erase_from_lake(lake, [], None)
    assert commands_received_at(lake) == {}

    names = [AnnouncedErasure(erasure_of(name, NOW - DAY), source, id_) for name in (OTHER, "c9")]
    erase_from_lake(lake, names, None)

    assert forgotten(lake) == [0, COMMAND]
    assert read_erasures(lake).received_until(OTHER) == NOW + COMMAND


def test_an_erasure_is_pending_while_later_rows_are_stored_and_its_hearing_time_is_unknown(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    gift = topic_record(0, "donation.made", at=NOW - DAY + 1, contact={"contact_id": OTHER})
    LakeWriter(files, TOPIC_ID).write(0, 0, 0, [gift])
    told = [AnnouncedErasure(erasure_of(OTHER, NOW - DAY), "digital/mailer", "i1")]
    erase_from_lake(files, told, None)
    assert (forgotten(files), pending_erasures(files, told)) == ([], 1)
    assert traces_active_after(files, [erasure_of(OTHER, NOW - DAY + 1), erasure_of("c9", NOW - DAY)]) == set()

    command = topic_record(COMMAND, "contact.erased", at=NOW - DAY, contact={"contact_id": "c9"})
    LakeWriter(files, TOPIC_ID).write(0, 1, 1, [command])
    erase_from_lake(files, told, None)

    assert (forgotten(files), pending_erasures(files, told)) == ([0, COMMAND], 0)


def test_an_erasure_for_doing_nothing_counts_where_the_links_agent_tells_of_it_alone(tmp_path: Path) -> None:
    """Whether it was in vain does not stand in the lake. It takes what had come, also what happened after its time."""
    files, since = LocalFiles(tmp_path / "lake"), NOW - 3 * DAY
    letter = topic_record(0, "email.sent", at=NOW - DAY, contact={"contact_id": OTHER})
    command = topic_record(COMMAND, "contact.erased_if_inactive", inactive_since=render_time(since))
    gift = topic_record(2, "donation.made", at=NOW - 2 * DAY, contact={"contact_id": OTHER})
    LakeWriter(files, TOPIC_ID).write(0, 0, 2, [letter, command, gift])
    assert pending_erasures(files) == 0
    erase_from_lake(files, [], None)
    assert (forgotten(files), list(read_erasures(files))) == ([], [])

    [(source, id_)] = commands_received_at(files, in_vain=True)
    told = [AnnouncedErasure(erasure_of(OTHER, since), source, id_)]
    assert pending_erasures(files, told) == 1
    erase_from_lake(files, told, None)

    assert (forgotten(files), pending_erasures(files, told)) == ([0, COMMAND], 0)


def test_an_erasure_for_doing_nothing_is_carried_out_long_after_the_links_agent_has_forgotten_it(
    tmp_path: Path,
) -> None:
    """Channels of the person stay closed, and tell by which command; what had come in the years since goes too."""
    files, since = LocalFiles(tmp_path / "lake"), NOW - 3 * DAY
    letter = topic_record(0, "email.sent", at=NOW - DAY, contact={"contact_id": OTHER})
    command = topic_record(COMMAND, "contact.erased_if_inactive", inactive_since=render_time(since))
    LakeWriter(files, TOPIC_ID).write(0, 0, 1, [letter, command])
    [(source, id_)] = commands_received_at(files, in_vain=True)
    closed = {"reason": "erased", "since": render_time(since), "source": source, "id": id_}
    told = erasure_in_closing(OTHER.encode(), orjson.dumps({"email": closed, "text": closed}))
    assert told == AnnouncedErasure(erasure_of(OTHER, since), source, id_)

    erase_from_lake(files, [told], None)

    assert forgotten(files) == [0, COMMAND]


@pytest.mark.parametrize(
    "value", [None, orjson.dumps({"email": {"reason": "unsubscribed", "since": "", "source": "", "id": ""}})]
)
def test_whose_channel_is_closed_for_another_reason_was_not_erased(value: bytes | None) -> None:
    assert erasure_in_closing(b"c1", value) is None


def test_an_erasure_command_in_an_unfinished_file_is_heard(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    with pytest.raises(Crash):
        LakeWriter(Interrupted(files, MOVING, crash), TOPIC_ID).write(0, 0, 0, [topic_record(0, "contact.erased")])
    assert not files.below(INTERACTIONS)

    assert list(commands_received_at(files).values()) == [NOW]
    assert [each.trace for each in erasure_commands(files)] == [trace_of(OTHER)]
    assert pending_erasures(files) == 1


def test_an_erasure_command_in_a_file_that_is_moved_while_it_is_read_is_heard(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    with pytest.raises(Crash):
        LakeWriter(Interrupted(files, MOVING, crash), TOPIC_ID).write(0, 0, 0, [topic_record(0, "contact.erased")])

    assert list(commands_received_at(Moved(files)).values()) == [NOW]


class Moved(Interrupted):
    """What is on its way comes to its place just before it is opened."""

    def __init__(self, files: Files) -> None:
        super().__init__(files, 0, crash)
        self._lake = files

    def open(self, name: str) -> BinaryIO:
        settle_unfinished_writes(self._lake)
        return super().open(name)


def forgotten(files: Files) -> list[int]:
    return [offset for _, offset, value in rows_in_folders(files) if value is None]
