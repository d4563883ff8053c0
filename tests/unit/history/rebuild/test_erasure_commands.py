"""When erasure commands came, from rows of the topic."""

from events.times import render_time
from streams.domain.contact import ContactState
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.history.rebuild.prior_states import (
    command_times_from_rows,
    command_times_in,
    command_times_to_rows,
    earliest_times,
    rows_after_erasure,
    rows_of_records,
)
from streams.history.refold.contact_rows import TopicRow
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, topic_record, unreadable_record

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
