"""Runs a requeue of dead letters, or a dry run of one that sends nothing.

Letters are read, judged and sent in batches, and what comes back is counted. The first batch is small. Only when the
workers have taken it in, and little of it was refused again, does a larger one follow: so a mistake costs a hundred
letters, and not all of them.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from faust.types import TP
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from events.refusal import Refusal
from events.requeued import history_of
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
from streams.operations.requeue.transactional_sender import CuredLetter, LetterSender
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

_LOOK_AGAIN_S = 0.05


class ReturnedLetters:
    """Counts the letters of one `run` that are refused again after this object was made.

    `group`: the workers' consumer group, whose commits say what they have handled.
    """

    def __init__(self, consumer: KafkaConsumer, admin: KafkaAdminClient, group: str, run: str) -> None:
        self._consumer = consumer
        self._admin = admin
        self._group = group
        self._run = run
        numbers = consumer.partitions_for_topic(DEAD_LETTERS) or ()
        self._read = dict(consumer.end_offsets([TopicPartition(DEAD_LETTERS, number) for number in numbers]))
        self._seen: set[bytes] = set()

    def until_handled(self, ends: Mapping[TP, int], patience_s: float) -> bool:
        """Wait until the workers have done everything before `ends`; returns whether they had within `patience_s`.

        Kafka notifies nobody of commits, so it is asked repeatedly.
        """
        given_up = time.monotonic() + patience_s
        while True:
            found = self._admin.list_group_offsets(self._group)[self._group]
            done = {TP(tp.topic, tp.partition): entry.offset for tp, entry in found.items()}
            if all(done.get(tp, -1) >= end for tp, end in ends.items()):
                return True
            if time.monotonic() >= given_up:
                return False
            time.sleep(_LOOK_AGAIN_S)

    def count(self) -> int:
        """How many different records have come back until now."""
        ends = self._consumer.end_offsets(list(self._read))
        news = [partition for partition, end in ends.items() if self._read[partition] < end]
        self._consumer.assign(news)
        for partition in news:
            self._consumer.seek(partition, self._read[partition])
        while any(self._consumer.position(partition) < ends[partition] for partition in news):
            for records in self._consumer.poll(timeout_ms=500).values():
                self._seen |= {name for record in records if (name := self._mine(record.headers)) is not None}
        for partition in news:
            self._read[partition] = self._consumer.position(partition)
        return len(self._seen)

    def _mine(self, headers: list[tuple[str, bytes | None]]) -> bytes | None:
        history = history_of(headers)
        if not history or history[-1].run != self._run:
            return None
        return history[-1].origin.encode()


FIRST_BATCH, LARGEST_BATCH = 100, 3_200
_BATCH_BYTES = 8 << 20
"""Most bytes of a batch, which go well within the time of a transaction."""

Show = Callable[["RequeueCounts"], object]


@dataclass(frozen=True, slots=True)
class RequeueOptions:
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

    `stopped`: why the run ended before all of them were judged, in words; `stopped_by`: the same as a code.
    `names`: the names in the choice that matched no letter.
    """

    matched: int = 0
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    left: Counter[NotRequeued] = field(default_factory=Counter)
    came_back: int = 0
    stopped: str | None = None
    stopped_by: Literal["came_back", "not_handled"] | None = None
    names: NamesRead = field(default_factory=NamesRead)

    @property
    def is_clean(self) -> bool:
        """Whether nothing remains to be done by a person."""
        open_ = self.refused.total() + self.left.total() - self.left[NotRequeued.REQUEUED]
        return not (open_ or self.stopped or self.came_back)


def judged_letters(
    letters: Iterable[Letter], options: RequeueOptions, known: set[str], account: RequeueCounts
) -> Iterator[CuredLetter]:
    """The letters to send, each once; the others are counted. `known`: names of letters already sent."""
    twins = DuplicateDetector()
    for letter in letters:
        if not account.names.takes(options.choice, letter):
            continue
        account.matched += 1
        outcome = NotRequeued.REQUEUED if letter.name in known else judge_letter(letter, options.rules)
        if isinstance(outcome, NotRequeued):
            account.left[outcome] += 1
        elif isinstance(outcome, Refusal):
            account.refused[outcome.reason.value, without_list_positions(outcome)] += 1
        elif options.rules.mapping is not None and twins.has(outcome):
            account.left[NotRequeued.TWIN] += 1
        else:
            known.add(letter.name)
            yield letter, outcome


def letters_to_send(
    letters: Iterable[Letter], options: RequeueOptions, known: set[str], account: RequeueCounts
) -> Iterator[CuredLetter]:
    """The letters to send, at most as many as are asked for."""
    return islice(judged_letters(letters, options, known, account), options.limit)


async def requeue(settings: Settings, options: RequeueOptions, show: Show) -> RequeueCounts:
    """Send what may be sent; `show` is given the counts after each batch. Raises `EngineError`, Kafka's errors."""
    kafka = KafkaClients(settings)
    with (
        closing(kafka.tool_consumer()) as reader,
        closing(kafka.tool_consumer()) as watcher,
        closing(kafka.tool_admin()) as admin,
    ):
        partitions = partitions_of(watcher, [*(topic.name for topic in INPUT_TOPICS), INTERACTIONS])
        sender = LetterSender(kafka, settings.app_id, partitions)
        try:
            known = await sender.open(watcher)
            run = RequeueRun(options, sender, ReturnedLetters(watcher, admin, settings.app_id, options.rules.run), show)
            await run.send(letters_to_send(letters_in(reader, options.topic), options, known, run.account))
            return run.account
        finally:
            await sender.close()


class RequeueRun:
    """One requeue: sends a batch, checks what came back, sends a larger batch."""

    def __init__(self, options: RequeueOptions, sender: LetterSender, returns: ReturnedLetters, show: Show) -> None:
        self._options = options
        self._sender = sender
        self._returns = returns
        self._show = show
        self.account = RequeueCounts()

    async def send(self, letters: Iterator[CuredLetter]) -> None:
        """Send letters until too many come back or no worker takes them in."""
        size = FIRST_BATCH
        while self.account.stopped is None and (batch := _batch(letters, size)):
            ends = await self._sender.send(batch, self._options.rules.now)
            self.account.sent.update((cured.topic, cured.type or "") for _, cured in batch)
            self._look(ends)
            self._show(self.account)
            size = min(2 * size, LARGEST_BATCH)

    def _look(self, ends: Mapping[TP, int]) -> None:
        read = {tp: end for tp, end in ends.items() if tp.topic != DEAD_LETTERS_REQUEUED}
        handled = self._returns.until_handled(read, self._options.wait_s)
        account = self.account
        account.came_back = self._returns.count()
        if account.came_back > self._options.stop_at * account.sent.total():
            account.stopped_by = "came_back"
            account.stopped = (
                f"{account.came_back} of {account.sent.total()} came back: see why with "
                f"`harmonia dead-letters group --came-back` before you requeue more"
            )
        elif not handled:
            account.stopped_by = "not_handled"
            account.stopped = (
                f"the workers have not taken in what was sent within {self._options.wait_s:g} s: is one running? "
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


def dry_run(settings: Settings, options: RequeueOptions, people: int) -> DryRun:
    """Judge all chosen letters and send nothing; show what they add to `people` contacts.

    Contacts are told apart as intake does; the links between their identifiers are not used. Raises `EngineError`,
    Kafka's errors.
    """
    found = DryRun()
    sample: dict[str, list[bytes]] = {}
    with closing(KafkaClients(settings).tool_consumer()) as reader:
        known = requeued_names(reader)
        for _, cured in letters_to_send(letters_in(reader, options.topic), options, known, found.account):
            found.account.sent[cured.topic, cured.type or ""] += 1
            if harmonised := interaction_of(cured, options.rules):
                name, value = harmonised
                found.contacts.add(name)
                if name in sample or len(sample) < people:
                    sample.setdefault(name, []).append(value)
    found.sample = {name: fields_added_by(name, values, options.rules.now) for name, values in sample.items()}
    return found
