"""An erasure acts once, when its command came; copies of it and others of that time take nothing of a new record."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from events.refusal import Refusal
from events.times import render_time
from sinks.lake.erasure_list import Erasures, erasure_of
from streams.domain.contact import ContactState, decode, encode, fold, read_fact
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.identity.inactivity import judged
from streams.history.rebuild.prior_states import (
    PriorState,
    command_times_from_rows,
    command_times_in,
    command_times_to_rows,
    earliest_times,
    rows_after_erasure,
    rows_of_records,
)
from streams.history.rebuild.state_files import BucketFolder
from streams.history.refold.contact_folding import refold_contact
from streams.history.refold.contact_rows import ContactHistory, TopicRow
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, topic_record, unreadable_record

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
