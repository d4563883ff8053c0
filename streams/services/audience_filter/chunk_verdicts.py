"""What became of a chunk of an audience: rows for either file, and counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from streams.services.audience import Record
from streams.services.audience_filter.output_rows import allowed_row, refused_row, repeated_row, troubled_row
from streams.services.audience_filter.questions import Trouble
from streams.services.permission.decisions import Answers, Asked, Judged

REPEATED = "repeated_in_audience"
Reasons = Counter[tuple[str, str]]
"""By decision and reason."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A row to be written. `place`: which of the chunk; `person`: the same number for the same person."""

    place: int
    person: int
    reason: str
    row: bytes


@dataclass(slots=True)
class Verdicts:
    """In the order of the chunk. `as_of`: how old what was known is, ms since 1970; `reasons` of `refused` alone.

    `deferred`: the places in `refused` of those who may be reached later.
    """

    as_of: int
    allowed: list[Allowed] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    reasons: Reasons = field(default_factory=Counter)
    deferred: set[int] = field(default_factory=set)

    def refuse(self, row: bytes, decision: str, reason: str) -> None:
        """Take a row that may not be reached, or not yet."""
        if decision == "defer":
            self.deferred.add(len(self.refused))
        self.refused.append(row)
        self.reasons[decision, reason] += 1


def verdicts_of(chunk: Sequence[Record], read: Iterable[Asked | Trouble], answers: Answers, width: int) -> Verdicts:
    """`answers` are about those of `read` that name somebody. A person who is allowed once is not allowed again."""
    verdicts, judged = Verdicts(answers.as_of), iter(answers.judged)
    given: set[str | None] = set()
    for place, (record, one) in enumerate(zip(chunk, read, strict=True)):
        if isinstance(one, str):
            verdicts.refuse(troubled_row(record, one, width), "deny", one)
            continue
        found = next(judged)
        if found.contact_id in given:
            verdicts.refuse(repeated_row(record), "deny", REPEATED)
        elif found.decision.decision == "allow":
            given.add(found.contact_id)
            verdicts.allowed.append(_allowed(place, record, found, answers.policy_version))
        else:
            row = refused_row(record, found.decision)
            verdicts.refuse(row, found.decision.decision, found.decision.reason)
    return verdicts


def _allowed(place: int, record: Record, judged: Judged, policy_version: str) -> Allowed:
    row = allowed_row(record.raw, judged.decision.expires_at, policy_version)
    return Allowed(place, _number(judged.contact_id or ""), judged.decision.reason, row)


def _number(contact_id: str) -> int:
    """Eight bytes for a name of up to 64: of a million people two have the same number once in 37 million times."""
    return int.from_bytes(blake2b(contact_id.encode(), digest_size=8).digest(), "little")
