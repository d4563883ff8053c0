"""A call of `requeue`: reads, judges, sends in batches, and looks after each what came back of it.

The first batch is small. Only when the workers have taken it in, and little of it was refused again, does a larger one
follow: so a mistake costs a hundred letters, and not all of them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from faust.types import TP

from events.refusal import Refusal
from events.topics import DEAD_LETTERS, DEAD_LETTERS_REQUEUED, INPUT_TOPICS, INTERACTIONS
from streams.domain.dead_letter_repair.causes import without_list_positions
from streams.domain.dead_letter_repair.letters import Letter
from streams.domain.dead_letter_repair.selection import LetterSelection, NamesRead
from streams.domain.dead_letter_repair.verdicts import DuplicateDetector, NotRequeued, RequeueRules, judge_letter
from streams.operations.requeue.letter_reading import letters_in, partitions_of
from streams.operations.requeue.returned_letters import Returns
from streams.operations.requeue.transactional_sender import Desk, Sent
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

FIRST_BATCH, LARGEST_BATCH = 100, 3_200
_BATCH_BYTES = 8 << 20
"""What goes well within the time of a transaction."""

Show = Callable[["Account"], object]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: letters of `topic`, `limit` at most (None: all).

    `stop_at`: the share of what was sent, 0 to 1, that may come back; `wait_s`: for the workers, after each batch.
    """

    choice: LetterSelection
    rules: RequeueRules
    topic: str = DEAD_LETTERS
    limit: int | None = None
    stop_at: float = 0.2
    wait_s: float = 60.0


@dataclass(slots=True)
class Account:
    """What became of the letters that were meant: how many are sent, by topic and type, refused or left, and why.

    `stopped`: why the call ended before all of them were looked at. `names`: those of the letters that were not meant.
    """

    matched: int = 0
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    left: Counter[NotRequeued] = field(default_factory=Counter)
    came_back: int = 0
    stopped: str | None = None
    names: NamesRead = field(default_factory=NamesRead)

    @property
    def is_clean(self) -> bool:
        """Whether nothing remains to be done by a person."""
        open_ = self.refused.total() + self.left.total() - self.left[NotRequeued.REQUEUED]
        return not (open_ or self.stopped or self.came_back)


def judged(letters: Iterable[Letter], order: Order, known: set[str], account: Account) -> Iterator[Sent]:
    """Those letters that are to be sent, each once; the others are counted. `known`: the names of what was sent."""
    twins = DuplicateDetector()
    for letter in letters:
        if not account.names.takes(order.choice, letter):
            continue
        account.matched += 1
        outcome = NotRequeued.REQUEUED if letter.name in known else judge_letter(letter, order.rules)
        if isinstance(outcome, NotRequeued):
            account.left[outcome] += 1
        elif isinstance(outcome, Refusal):
            account.refused[outcome.reason.value, without_list_positions(outcome)] += 1
        elif order.rules.mapping is not None and twins.has(outcome):
            account.left[NotRequeued.TWIN] += 1
        else:
            known.add(letter.name)
            yield letter, outcome


def to_send(letters: Iterable[Letter], order: Order, known: set[str], account: Account) -> Iterator[Sent]:
    """The same, no more than are asked for."""
    return islice(judged(letters, order, known, account), order.limit)


async def requeue(settings: Settings, order: Order, show: Show) -> Account:
    """Send what may be sent; `show` is given the account after each batch. Raises `EngineError`, Kafka's errors."""
    kafka = KafkaClients(settings)
    with (
        closing(kafka.tool_consumer()) as reader,
        closing(kafka.tool_consumer()) as watcher,
        closing(kafka.admin()) as admin,
    ):
        partitions = partitions_of(watcher, [*(topic.name for topic in INPUT_TOPICS), INTERACTIONS])
        desk = Desk(kafka, settings.app_id, partitions)
        try:
            known = await desk.open(watcher)
            call = Call(order, desk, Returns(watcher, admin, settings.app_id, order.rules.run), show)
            await call.send(to_send(letters_in(reader, order.topic), order, known, call.account))
            return call.account
        finally:
            await desk.close()


class Call:
    """One call: a batch, a look, a larger batch."""

    def __init__(self, order: Order, desk: Desk, returns: Returns, show: Show) -> None:
        self._order = order
        self._desk = desk
        self._returns = returns
        self._show = show
        self.account = Account()

    async def send(self, letters: Iterator[Sent]) -> None:
        """Send them, until too much comes back or nobody takes them in."""
        size = FIRST_BATCH
        while self.account.stopped is None and (batch := _batch(letters, size)):
            ends = await self._desk.send(batch, self._order.rules.now)
            self.account.sent.update((cured.topic, cured.type or "") for _, cured in batch)
            self._look(ends)
            self._show(self.account)
            size = min(2 * size, LARGEST_BATCH)

    def _look(self, ends: Mapping[TP, int]) -> None:
        read = {tp: end for tp, end in ends.items() if tp.topic != DEAD_LETTERS_REQUEUED}
        handled = self._returns.until_handled(read, self._order.wait_s)
        account = self.account
        account.came_back = self._returns.count()
        if account.came_back > self._order.stop_at * account.sent.total():
            account.stopped = (
                f"{account.came_back} of {account.sent.total()} came back: see why with "
                f"`harmonia dead-letters group --came-back` before you requeue more"
            )
        elif not handled:
            account.stopped = (
                f"the workers have not taken in what was sent within {self._order.wait_s:g} s: is one running? "
                "What was sent is noted; run it again, and it goes on"
            )


def _batch(letters: Iterator[Sent], most: int) -> list[Sent]:
    batch: list[Sent] = []
    size = 0
    while len(batch) < most and size < _BATCH_BYTES and (sent := next(letters, None)) is not None:
        batch.append(sent)
        size += len(sent[1].value or b"")
    return batch
