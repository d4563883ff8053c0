"""How a call of `requeue` goes on and when it stops; sending itself is tested on a real Kafka."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import orjson
import pytest
from faust.types import TP

from events.topics import DEAD_LETTERS_REQUEUED
from streams.domain.dead_letter_repair.selection import LetterSelection
from streams.domain.dead_letter_repair.verdicts import NotRequeued, RequeueableRecord
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
