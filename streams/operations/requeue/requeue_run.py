"""Runs a requeue of dead letters, or a dry run of one that sends nothing.

Letters are read, judged and sent in batches, and what comes back is counted. The first batch is small. Only when the
workers have taken it in, and little of it was refused again, does a larger one follow: so a mistake costs a hundred
letters, and not all of them.
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
from streams.domain.dead_letter_repair.profile_effects import AddedField, fields_added_by
from streams.domain.dead_letter_repair.selection import LetterSelection, NamesRead
from streams.domain.dead_letter_repair.verdicts import (
    DuplicateDetector,
    NotRequeued,
    RequeueRules,
    interaction_of,
    judge_letter,
)
from streams.operations.requeue.letter_reading import letters_in, partitions_of, requeued_names
from streams.operations.requeue.returned_letters import ReturnedLetters
from streams.operations.requeue.transactional_sender import CuredLetter, LetterSender
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

FIRST_BATCH, LARGEST_BATCH = 100, 3_200
_BATCH_BYTES = 8 << 20
"""Most bytes of a batch, which go well within the time of a transaction."""

Show = Callable[["RequeueCounts"], object]


@dataclass(frozen=True, slots=True)
class RequeueOrder:
    """What to requeue: chosen letters of `topic`, `limit` at most (None: all).

    `stop_at`: the share of what was sent, 0 to 1, that may come back; `wait_s`: how long to wait for the workers after
    each batch.
    """

    choice: LetterSelection
    rules: RequeueRules
    topic: str = DEAD_LETTERS
    limit: int | None = None
    stop_at: float = 0.2
    wait_s: float = 60.0


@dataclass(slots=True)
class RequeueCounts:
    """What became of the chosen letters: sent, by topic and type, refused or left, and why.

    `stopped`: why the run ended before all of them were judged. `names`: the names in the choice that matched no
    letter.
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


def judged_letters(
    letters: Iterable[Letter], order: RequeueOrder, known: set[str], account: RequeueCounts
) -> Iterator[CuredLetter]:
    """The letters to send, each once; the others are counted. `known`: names of letters already sent."""
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


def letters_to_send(
    letters: Iterable[Letter], order: RequeueOrder, known: set[str], account: RequeueCounts
) -> Iterator[CuredLetter]:
    """The letters to send, at most as many as are asked for."""
    return islice(judged_letters(letters, order, known, account), order.limit)


async def requeue(settings: Settings, order: RequeueOrder, show: Show) -> RequeueCounts:
    """Send what may be sent; `show` is given the counts after each batch. Raises `EngineError`, Kafka's errors."""
    kafka = KafkaClients(settings)
    with (
        closing(kafka.tool_consumer()) as reader,
        closing(kafka.tool_consumer()) as watcher,
        closing(kafka.admin()) as admin,
    ):
        partitions = partitions_of(watcher, [*(topic.name for topic in INPUT_TOPICS), INTERACTIONS])
        desk = LetterSender(kafka, settings.app_id, partitions)
        try:
            known = await desk.open(watcher)
            call = RequeueRun(order, desk, ReturnedLetters(watcher, admin, settings.app_id, order.rules.run), show)
            await call.send(letters_to_send(letters_in(reader, order.topic), order, known, call.account))
            return call.account
        finally:
            await desk.close()


class RequeueRun:
    """One requeue: sends a batch, checks what came back, sends a larger batch."""

    def __init__(self, order: RequeueOrder, desk: LetterSender, returns: ReturnedLetters, show: Show) -> None:
        self._order = order
        self._desk = desk
        self._returns = returns
        self._show = show
        self.account = RequeueCounts()

    async def send(self, letters: Iterator[CuredLetter]) -> None:
        """Send letters until too many come back or no worker takes them in."""
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


def _batch(letters: Iterator[CuredLetter], most: int) -> list[CuredLetter]:
    batch: list[CuredLetter] = []
    size = 0
    while len(batch) < most and size < _BATCH_BYTES and (sent := next(letters, None)) is not None:
        batch.append(sent)
        size += len(sent[1].value or b"")
    return batch


@dataclass(slots=True)
class DryRun:
    """What a requeue would do. `contacts`: the contacts in the letters, by their strongest identifiers.

    `sample`: what the letters would add to some of them.
    """

    account: RequeueCounts = field(default_factory=RequeueCounts)
    contacts: set[str] = field(default_factory=set)
    sample: dict[str, list[AddedField]] = field(default_factory=dict)


def dry_run(settings: Settings, order: RequeueOrder, people: int) -> DryRun:
    """Judge all chosen letters and send nothing; show what they add to `people` contacts.

    Contacts are told apart as intake does; the links between their identifiers are not used. Raises `EngineError`,
    Kafka's errors.
    """
    found = DryRun()
    sample: dict[str, list[bytes]] = {}
    with closing(KafkaClients(settings).tool_consumer()) as reader:
        known = requeued_names(reader)
        for _, cured in letters_to_send(letters_in(reader, order.topic), order, known, found.account):
            found.account.sent[cured.topic, cured.type or ""] += 1
            if harmonised := interaction_of(cured, order.rules):
                name, value = harmonised
                found.contacts.add(name)
                if name in sample or len(sample) < people:
                    sample.setdefault(name, []).append(value)
    found.sample = {name: fields_added_by(name, values, order.rules.now) for name, values in sample.items()}
    return found
