"""Decides chunks of an audience: reads whom each row identifies, asks Redis, and makes the rows of the output files."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

import orjson

from events.identifiers import Hasher, ref_of
from events.interactions.base import Channel
from events.times import render_time
from sinks.base import SinkUnavailable
from sinks.lookup import Complete, Incomplete, Lookup
from sinks.reservations import Reservations
from streams.domain.pressure import Decision, PermissionRequest, Policy
from streams.domain.pressure.asking import REPEATED
from streams.domain.pressure.conditions import asks_for_notice, conditions_on
from streams.platform.clients import KafkaClients, redis_client
from streams.platform.identity_key import OF_OTHER_SETTINGS
from streams.platform.settings import Settings
from streams.platform.tried_address import redis_unanswered_cure
from streams.services.audience import CsvRecord, Header, hashes_of
from streams.services.audience.header import IdentifierField
from streams.services.permission.decisions import (
    AskedPerson,
    BatchAnswers,
    PermissionBatch,
    PermissionJudge,
)
from streams.services.permission.near_names import StoppedNames
from streams.services.permission.reservation_log import ReservationLog, ReservationLogUnavailable

RowProblem = Literal["malformed_row", "no_identifier"]
_ADDRESS: dict[Channel, IdentifierField] = {"email": "email", "text": "phone", "phone": "phone"}


class QuestionReader:
    """Reads whom each row identifies, for one channel.

    A message goes to the address in its row, so the person is looked up by that first: whoever closed it must be found,
    even where another identifier of the row leads to somebody else.
    """

    def __init__(self, header: Header, channel: Channel, hasher: Hasher) -> None:
        field = _ADDRESS.get(channel)
        self._column = None if field is None else header.column(field)
        self._header = header.beginning_with(self._column)
        self._hasher = hasher

    def read(self, record: CsvRecord) -> AskedPerson | RowProblem:
        """The person of a row, or why it identifies nobody."""
        fields = record.fields(self._header.width)
        if fields is None:
            return "malformed_row"
        names = hashes_of(self._header, fields, self._hasher)
        if not names:
            return "no_identifier"
        if self._column is None or not fields[self._column.position].strip():
            return AskedPerson(names)
        return _by_address(names, f"{self._column.field}:")


def _by_address(names: Sequence[str], kind: str) -> AskedPerson | RowProblem:
    """A row whose address cannot be read identifies nobody: it cannot be sent to, whoever the person is."""
    refs = [ref_of(name) for name in names if name.startswith(kind)]
    return AskedPerson(names, refs) if refs else "no_identifier"


ALLOWED_COLUMNS = ("harmonia_expires_at", "harmonia_policy_version")
DENIED_COLUMNS = (
    "harmonia_decision",
    "harmonia_reason",
    "harmonia_earliest_at",
    "harmonia_evidence",
    "harmonia_line",
)
NOTICE_COLUMN = "harmonia_notice_due"
OWN_COLUMNS = frozenset((*ALLOWED_COLUMNS, NOTICE_COLUMN, *DENIED_COLUMNS))


def allowed_columns(*, tells_notices: bool) -> Sequence[str]:
    """The columns of an allowed row; `tells_notices`: with whether a notice is due."""
    return (*ALLOWED_COLUMNS, NOTICE_COLUMN) if tells_notices else ALLOWED_COLUMNS


def allowed_row(record: CsvRecord, decision: Decision, policy_version: str, *, tells_notices: bool) -> bytes:
    """The row of somebody who may be reached, and until when."""
    until = "" if decision.expires_at is None else render_time(decision.expires_at)
    due = ("true" if decision.notice_due else "false",) if tells_notices else ()
    return record.with_columns((until, policy_version, *due))


def refused_row(record: CsvRecord, decision: Decision) -> bytes:
    """The row of somebody who may not be reached, or not yet; evidence as JSON, as in the API."""
    earliest = "" if decision.earliest_at is None else render_time(decision.earliest_at)
    said = [{"source": one.source, "id": one.id} for one in decision.evidence]
    evidence = orjson.dumps(said).decode() if said else ""
    return record.with_columns((decision.decision, decision.reason, earliest, evidence, str(record.line)))


def denied_row(record: CsvRecord, reason: str) -> bytes:
    """The row of somebody who is denied for a reason that is no decision: allowed already, or not to be chosen."""
    return record.with_columns(("deny", reason, "", "", str(record.line)))


def problem_row(record: CsvRecord, trouble: RowProblem, width: int) -> bytes:
    """A row that identifies nobody. A malformed one is put whole into the first column."""
    columns = ("deny", trouble, "", "", str(record.line))
    if trouble == "no_identifier":
        return record.with_columns(columns)
    return record.malformed_with_columns(width, columns)


ReasonCounts = Counter[tuple[str, str]]
"""Rows by decision and reason."""


@dataclass(frozen=True, slots=True)
class AllowedRow:
    """A row of somebody who is allowed. `place`: its position in the chunk; `person`: a hash of the contact_id."""

    place: int
    person: int
    reason: str
    row: bytes


@dataclass(slots=True)
class ChunkVerdicts:
    """Results of a chunk, in its order. `as_of`: everything known until then counts, ms; `reasons`: of `refused` alone.

    `deferred`: positions in `refused` of people who may be reached later. `stopped`: senders and lists that these
    people have stopped, for remarks.
    """

    as_of: int
    allowed: list[AllowedRow] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    reasons: ReasonCounts = field(default_factory=Counter)
    deferred: set[int] = field(default_factory=set)
    stopped: StoppedNames = field(default_factory=StoppedNames)

    def refuse(self, row: bytes, decision: str, reason: str) -> None:
        """Add the row of somebody who may not be reached, or not yet."""
        if decision == "defer":
            self.deferred.add(len(self.refused))
        self.refused.append(row)
        self.reasons[decision, reason] += 1


def verdicts_of(
    chunk: Sequence[CsvRecord],
    read: Iterable[AskedPerson | RowProblem],
    answers: BatchAnswers,
    width: int,
    *,
    tells_notices: bool = False,
) -> ChunkVerdicts:
    """The verdicts about the rows of a chunk. A person who is allowed once is not allowed again.

    `read`: what each row asks; `answers`: about those of them that name somebody. `tells_notices`: whether allowed rows
    say that a notice is due.
    """
    verdicts, judged = ChunkVerdicts(answers.as_of, stopped=answers.stopped), iter(answers.judged)
    given: set[str | None] = set()
    for place, (record, one) in enumerate(zip(chunk, read, strict=True)):
        if isinstance(one, str):
            verdicts.refuse(problem_row(record, one, width), "deny", one)
            continue
        found = next(judged)
        if found.contact_id in given:
            verdicts.refuse(denied_row(record, REPEATED), "deny", REPEATED)
        elif found.decision.decision == "allow":
            given.add(found.contact_id)
            row = allowed_row(record, found.decision, answers.policy_version, tells_notices=tells_notices)
            verdicts.allowed.append(AllowedRow(place, _number(found.contact_id or ""), found.decision.reason, row))
        else:
            row = refused_row(record, found.decision)
            verdicts.refuse(row, found.decision.decision, found.decision.reason)
    return verdicts


def _number(contact_id: str) -> int:
    """A 64-bit hash of a contact_id: two of a million people share one in one of 37 million lists."""
    return int.from_bytes(blake2b(contact_id.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class FilterJob:
    """What is the same for everyone in an audience: request, policy and time (`at`, ms since 1970).

    `list_id`: by which all who are reserved can be given back.
    """

    settings: Settings
    policy: Policy
    header: Header
    request: PermissionRequest
    at: int
    reserve_ms: int | None = None
    list_id: str = ""

    @property
    def tells_notices(self) -> bool:
        """Whether the policy asks for notices, so that allowed rows say where one is due."""
        return asks_for_notice(conditions_on(self.request, self.policy))


@dataclass(frozen=True, slots=True)
class UndecidedChunk:
    """A chunk that could not be decided, and why; the run ends with it."""

    why: str


class ChunkFilter:
    """Decides chunks, with a connection to Redis of its own. To be closed by its owner."""

    def __init__(self, job: FilterJob) -> None:
        self._job, self._tells_notices = job, job.tells_notices
        self._reader = QuestionReader(job.header, job.request.channel, job.settings.hasher)
        self._runner = asyncio.Runner()
        self._client = redis_client(job.settings)
        self._lookup = Lookup(self._client, job.settings.profiles_oldest_s, job.settings.key_ids)
        self._keeping = ReservationLog(KafkaClients(job.settings).idempotent_producer)
        reservations = Reservations(self._client)
        self._judge = PermissionJudge(self._lookup, reservations, lambda: job.policy, _now, self._keeping.keep)

    def look(self) -> UndecidedChunk | None:
        """Why nothing can be decided now; None: Redis lacks nothing."""
        try:
            standing = self._runner.run(self._lookup.standing())
        except SinkUnavailable as trouble:
            return self._away(trouble)
        return None if isinstance(standing, Complete) else _incomplete(standing)

    def judge(self, chunk: Sequence[CsvRecord]) -> ChunkVerdicts | UndecidedChunk:
        """Decide the rows of a chunk. Profiles are read in one step with the check that none is missing."""
        read = [self._reader.read(record) for record in chunk]
        asked = [one for one in read if isinstance(one, AskedPerson)]
        try:
            answers = self._runner.run(self._answers(asked))
        except SinkUnavailable as trouble:
            return self._away(trouble)
        except ReservationLogUnavailable:
            return UndecidedChunk(
                "Kafka does not take until when is reserved; is KAFKA_BOOTSTRAP right and the broker up?"
            )
        if isinstance(answers, Incomplete):
            return _incomplete(answers)
        return verdicts_of(chunk, read, answers, self._job.header.width, tells_notices=self._tells_notices)

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self._keeping.close())
        self._runner.run(self._client.aclose())
        self._runner.close()

    def _away(self, trouble: SinkUnavailable) -> UndecidedChunk:
        return UndecidedChunk(f"{trouble}; {redis_unanswered_cure(self._job.settings)}")

    async def _answers(self, asked: Sequence[AskedPerson]) -> BatchAnswers | Incomplete:
        job = self._job
        return await self._judge.judge(PermissionBatch(job.request, job.at, asked, job.reserve_ms, job.list_id))


def _incomplete(found: Incomplete) -> UndecidedChunk:
    if (settled := OF_OTHER_SETTINGS.get(found.why)) is not None:
        return UndecidedChunk(f"{settled}.")
    why = found.why.replace("_", " ")
    return UndecidedChunk(f"profiles_incomplete: {found.where} is {why}; is a worker running, and has it caught up?")


def _now() -> int:
    return time.time_ns() // 1_000_000
