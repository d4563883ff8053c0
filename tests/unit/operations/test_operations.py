"""Holds and refused records."""

import pytest
from kafka import TopicPartition

from events.registry import MODELS
from sinks.holds import Hold, HoldReply
from streams.domain.dead_letter_repair.letters import DeclaredType, Letter, RecordPosition
from streams.domain.messages import english, message
from streams.operations.campaign_holds import HoldOrder, is_shown
from streams.operations.refused_records import (
    LEAST,
    LetterSummary,
    MostlyRefused,
    OpenRefusals,
    mostly_refused,
    refused_message,
    shortened_list,
)
from tests.unit.domain.dead_letter_repair.writing import letter, saying

FOR_EVER, UNTIL, LIFT = (HoldOrder("a", until, lift, "x") for until, lift in ((None, False), (9, False), (None, True)))


@pytest.mark.parametrize(
    ("order", "found", "shown"),
    [
        (FOR_EVER, None, None),
        (FOR_EVER, HoldReply(Hold("a", None), 5), None),
        (FOR_EVER, HoldReply(Hold("a", None), 6), True),
        (FOR_EVER, HoldReply(Hold("a", 9), 6), False),
        (UNTIL, HoldReply(Hold("a", 9), 7), True),
        (UNTIL, HoldReply(None, 7), False),
        (LIFT, HoldReply(None, 6), True),
        (LIFT, HoldReply(Hold("a", None), 6), False),
    ],
)
def test_an_order_is_shown_once_redis_has_come_past_it_and_says_the_same(
    order: HoldOrder, found: HoldReply | None, shown: bool | None
) -> None:
    assert is_shown(order, 5, found) is shown


GIFTS = DeclaredType("finance/actblue", "donation.made")
OPENS = DeclaredType("finance/actblue", "email.opened")


def test_a_source_whose_gifts_are_all_refused_is_named_however_much_mail_of_it_is_good() -> None:
    [found] = mostly_refused({GIFTS: 40}, {OPENS: 100_000})
    assert found == MostlyRefused("finance/actblue", "donation.made", 40, 40)
    assert english(refused_message(found)) == "finance/actblue: 40 of 40 gifts refused"


@pytest.mark.parametrize(
    ("refused", "accepted", "is_named"),
    [
        (LEAST, 0, True),
        (LEAST - 1, 0, False),
        (LEAST - 1, 1, True),
        (20, 19, True),
        (20, 20, False),
        (4_000, 46_000, False),
    ],
)
def test_mostly_refused_means_more_than_half_of_ten_records_or_more(
    refused: int, accepted: int, is_named: bool
) -> None:
    assert bool(mostly_refused({GIFTS: refused}, {GIFTS: accepted})) is is_named


def test_unreadable_sources_are_left_out_and_addresses_are_never_shown() -> None:
    refused = {
        DeclaredType(None, None): 50,
        DeclaredType("ada@example.org", "donation.made"): 50,
        DeclaredType("digital", None): 50,
    }
    assert mostly_refused(refused, {}) == [MostlyRefused("*", "donation.made", 50, 50)]


def test_the_most_refused_sources_come_first_and_a_long_list_is_shortened() -> None:
    found = mostly_refused({DeclaredType(f"s{number}", "t"): 20 + number for number in range(9)}, {})
    assert [each.source for each in found][:2] == ["s8", "s7"]
    assert shortened_list(map(refused_message, found), 2) == [
        refused_message(found[0]),
        refused_message(found[1]),
        message("source.more", more=7),
    ]
    assert shortened_list(map(refused_message, found), 9)[-1] == refused_message(found[-1])


MAILER = DeclaredType("digital/mailer", "email.opened")


def brief(one: Letter) -> LetterSummary:
    return LetterSummary(one.refusal.reason.value, one.origin.stage, one.origin_place, one.declared, one.name)


def counted(*letters: Letter, requeued: set[str] | None = None) -> OpenRefusals:
    found = OpenRefusals(requeued or set())
    for one in letters:
        found.add(brief(one))
    return found


def test_a_record_that_was_refused_twice_counts_once() -> None:
    assert counted(letter(saying()), letter(saying()), letter(saying(), offset=43)).counts == {MAILER: 2}


def test_requeued_letters_count_neither_as_refused_nor_as_accepted() -> None:
    one, other = letter(saying(), offset=1), letter(saying(), offset=2)
    found = counted(one, other, requeued={one.name})
    assert found.counts == {MAILER: 1}
    places = [RecordPosition("email-events", 3, offset) for offset in (1, 2, 3)]
    assert [found.is_accepted(MAILER, place) for place in places] == [False, False, True]


def test_letters_of_imports_and_full_contacts_do_not_count_as_a_producers_records() -> None:
    row, full = letter(saying(), stage="import"), letter(saying(), topic="interactions", stage="contacts")
    assert counted(row, full).counts == {}


def test_refused_records_count_only_within_the_ranges_that_were_read() -> None:
    found = counted(*(letter(saying(), offset=offset) for offset in range(10)))
    assert found.within([MAILER], {TopicPartition("email-events", 3): range(4, 20)}) == {MAILER: 6}
    assert found.within([MAILER], {}) == {MAILER: 0}
    assert found.topics_of([MAILER]) == {"email-events"}


def test_every_type_has_words_for_its_records_and_one_that_nobody_announced_its_name() -> None:
    for type_ in MODELS:
        assert type_ not in english(refused_message(MostlyRefused("finance/actblue", type_, 40, 40)))
    assert english(refused_message(MostlyRefused("x/y", "gift.given", 40, 41))) == "x/y: 40 of 41 gift.given refused"
