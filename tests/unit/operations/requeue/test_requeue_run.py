"""Records that were refused: how they are named and requeued; and holds as Redis shows them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import orjson
import pytest
from faust.types import TP
from kafka import TopicPartition

from events.registry import MODELS
from events.topics import DEAD_LETTERS_REQUEUED
from sinks.holds import Hold, HoldReply
from streams.domain.dead_letter_repair.letters import DeclaredType, Letter, RecordPosition
from streams.domain.dead_letter_repair.selection import LetterSelection
from streams.domain.dead_letter_repair.verdicts import NotRequeued, RequeueableRecord
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
from streams.operations.requeue import requeue_run
from streams.operations.requeue.requeue_run import (
    RequeueCounts,
    RequeueOptions,
    RequeueRun,
    ReturnedLetters,
    judged_letters,
)
from streams.operations.requeue.transactional_sender import CuredLetter, LetterSender
from tests.unit.domain.dead_letter_repair.writing import letter, rules, saying


class Counting(LetterSender):
    """Notes how many were sent at once."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    async def send(self, batch: Sequence[CuredLetter], at_ms: int) -> dict[TP, int]:
        self.batches.append(len(batch))
        return {TP("email-events", 3): 7, TP(DEAD_LETTERS_REQUEUED, 0): 9}


class FakeReturns(ReturnedLetters):
    """Says what it was told to."""

    def __init__(self, *, handled: bool = True, back: int = 0) -> None:
        self._handled = handled
        self._back = back
        self.asked: list[Mapping[TP, int]] = []

    def until_handled(self, ends: Mapping[TP, int], patience_s: float) -> bool:
        self.asked.append(ends)
        return self._handled

    def count(self) -> int:
        return self._back


def letters(count: int, size: int = 10) -> Iterator[CuredLetter]:
    cured = RequeueableRecord("email-events", None, b"x" * size, (), "email.opened")
    return ((letter(saying(), offset=number), cured) for number in range(count))


async def called(returns: ReturnedLetters, sent: Iterator[CuredLetter]) -> tuple[Counting, RequeueCounts]:
    desk = Counting()
    call = RequeueRun(RequeueOptions(LetterSelection(), rules()), desk, returns, lambda _: None)
    await call.send(sent)
    return desk, call.account


async def test_the_first_batch_is_small_and_each_one_after_it_larger() -> None:
    desk, account = await called(FakeReturns(), letters(1000))
    assert desk.batches == [100, 200, 400, 300]
    assert account.sent == {("email-events", "email.opened"): 1000}
    assert account.stopped is None


async def test_no_batch_outgrows_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requeue_run, "LARGEST_BATCH", 150)
    assert (await called(FakeReturns(), letters(600)))[0].batches == [100, 150, 150, 150, 50]
    assert (await called(FakeReturns(), letters(20, 1 << 20)))[0].batches == [8, 8, 4]


async def test_a_requeue_stops_when_more_than_a_fifth_comes_back() -> None:
    desk, account = await called(FakeReturns(back=21), letters(1000))
    assert desk.batches == [100]
    assert account.stopped is not None
    assert "21 of 100 came back" in account.stopped


async def test_a_requeue_goes_on_when_exactly_a_fifth_comes_back() -> None:
    assert (await called(FakeReturns(back=20), letters(1000)))[1].stopped is None


async def test_a_requeue_stops_when_no_worker_takes_in_what_was_sent() -> None:
    desk, account = await called(FakeReturns(handled=False), letters(1000))
    assert desk.batches == [100]
    assert "is one running?" in (account.stopped or "")


@pytest.mark.parametrize(
    ("account", "clean"),
    [
        (RequeueCounts(), True),
        (RequeueCounts(left=Counter({NotRequeued.REQUEUED: 5})), True),
        (RequeueCounts(left=Counter({NotRequeued.FULL: 1})), False),
        (RequeueCounts(refused=Counter({("no_time", ""): 1})), False),
        (RequeueCounts(came_back=1), False),
        (RequeueCounts(stopped="why"), False),
    ],
)
def test_a_requeue_is_clean_when_no_letter_remains_for_a_person(account: RequeueCounts, clean: bool) -> None:
    assert account.is_clean is clean


def test_an_event_id_that_two_letters_share_is_sent_for_one_of_them_and_for_its_copies() -> None:
    def numbered(batch: int, message: str) -> bytes:
        said = orjson.loads(saying(message_id=message, batch=batch))
        return orjson.dumps({name: value for name, value in said.items() if name != "id"})

    values = [numbered(7, "m1"), numbered(7, "m2"), numbered(7, "m1"), numbered(8, "m3")]
    account = RequeueCounts()
    order = RequeueOptions(LetterSelection(), rules('[rename]\n"data.batch" = "id"\n[cast]\nid = "str"'))
    sent = judged_letters([letter(value, offset=place) for place, value in enumerate(values)], order, set(), account)
    assert [one.origin.offset for one, _ in sent] == [0, 2, 3]
    assert account.left == {NotRequeued.TWIN: 1}
    assert not account.refused


# Sources of which most records are refused are named, and requeued records are no refusals.
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


# When Redis counts as showing an order to hold or to lift.
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
