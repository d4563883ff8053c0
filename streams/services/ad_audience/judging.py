"""Judges the rows of a list by the audience gate, by what Redis has of the people whom they name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import BinaryIO, NamedTuple

import orjson

from events.identifiers import Hasher, ref_of
from sinks.lookup import ContactAnswer, ErasedContact, Incomplete, KnownContact, Lookup
from streams.domain.advertising.audience_gate import GateRules, NamedPerson, verdict_on
from streams.domain.pressure import KnownProfile
from streams.domain.pressure.asking import REPEATED
from streams.platform.identity_key import profiles_incomplete
from streams.services.audience import Audience, CsvRecord, Header, identifiers_of, in_chunks
from streams.services.audience.header import IdentifierColumn

ROWS_AT_ONCE = 1_000
_ADDRESSES = ("email", "phone")
ADMITTED = "admitted"


@dataclass(slots=True)
class GateCounts:
    """How many rows were judged, by reason. A person who was admitted once is not again, and counts as repeated.

    `as_of`: all that was said by then is heeded, of whoever was judged first (ms); None: nobody was judged.
    """

    by_reason: Counter[str] = field(default_factory=Counter)
    as_of: int | None = None

    @property
    def rows(self) -> int:
        """All but the repeated ones."""
        return self.by_reason.total() - self.by_reason[REPEATED]

    @property
    def refused(self) -> int:
        """Rows of people who are not admitted, or that name nobody."""
        return self.rows - self.by_reason[ADMITTED]

    def judged_as_of(self, moment: int) -> None:
        """Note as of when some people were judged."""
        self.as_of = moment if self.as_of is None else min(self.as_of, moment)

    def surprises(self, most: int) -> bool:
        """Whether more than this many per cent are refused."""
        return self.refused * 100 > most * self.rows


class GateJudge:
    """Says of rows who of them is admitted. `rules` None: the gate is not asked. `at`: ms.

    Raises SinkUnavailable, and `Unusable` while Redis lacks something: who is missing there would look unknown.
    """

    def __init__(self, lookup: Lookup, hasher: Hasher, rules: GateRules | None, at: int) -> None:
        self._lookup = lookup
        self._hasher = hasher
        self._rules = rules
        self._at = at
        self._given: set[int] = set()

    async def keep_admitted(self, audience: Audience, out: BinaryIO) -> GateCounts:
        """Write the header and the rows of whoever is admitted, as they were written."""
        counts = GateCounts()
        out.write(audience.raw_header)
        for rows in in_chunks(audience.records(), ROWS_AT_ONCE):
            reasons, as_of = await self._judged(audience.header, rows)
            counts.judged_as_of(as_of)
            for record, reason in zip(rows, reasons, strict=True):
                counts.by_reason[reason] += 1
                if reason == ADMITTED:
                    out.write(record.raw if record.raw.endswith((b"\n", b"\r")) else record.raw + b"\n")
        return counts

    async def _judged(self, header: Header, rows: Sequence[CsvRecord]) -> tuple[list[str], int]:
        """The reason of each row, and as of when that is (ms)."""
        gated = self._rules is not None
        read = [identifiers_in(header, record, self._hasher, gated=gated) for record in rows]
        seen = await self._lookup.look([each.names for row in read if not isinstance(row, str) for each in row])
        if isinstance(seen, Incomplete):
            raise profiles_incomplete(seen)
        found = iter(seen.contacts)
        reasons = [row if isinstance(row, str) else self._reason([(each, next(found)) for each in row]) for row in read]
        return reasons, seen.as_of

    def _reason(self, named: Sequence[tuple["RowIdentifier", ContactAnswer]]) -> str:
        people = [NamedPerson(_profile(answer), each.refs) for each, answer in named]
        verdict = verdict_on(people, self._rules, self._at)
        if not verdict.is_admitted:
            return verdict.why
        number = _number(next(answer.contact_id for _, answer in named if isinstance(answer, KnownContact)))
        if number in self._given:
            return REPEATED
        self._given.add(number)
        return ADMITTED


class RowIdentifier(NamedTuple):
    """An identifier of a row: its names for a look-up, and its references where it is an address."""

    names: Sequence[str]
    refs: frozenset[str] | None


def identifiers_in(header: Header, record: CsvRecord, hasher: Hasher, *, gated: bool) -> list[RowIdentifier] | str:
    """Who a row names, or why it names nobody: also where an address in it cannot be read, by which ads would go.

    `gated`: nor may an address stand in a column of ids, where nobody is found by it.
    """
    fields = record.fields(header.width)
    if fields is None:
        return "malformed_row"
    found = identifiers_of(header, fields, hasher)
    if any(column.field in _ADDRESSES and not hashes for column, hashes in found):
        return "no_identifier"
    if gated and any(not hashes or _may_be_an_address(column, fields) for column, hashes in found):
        return "no_identifier"
    named = [
        RowIdentifier(hashes, frozenset(map(ref_of, hashes)) if column.field in _ADDRESSES else None)
        for column, hashes in found
        if hashes
    ]
    return named or "no_identifier"


def _may_be_an_address(column: IdentifierColumn, fields: Sequence[str]) -> bool:
    return column.field != "email" and "@" in fields[column.position]


def _profile(contact: ContactAnswer) -> KnownProfile:
    if isinstance(contact, KnownContact):
        profile: KnownProfile = orjson.loads(contact.profile)
        return profile
    return "erased" if isinstance(contact, ErasedContact) else None


def _number(contact_id: str) -> int:
    """A 64-bit hash of a contact_id: two of a million people share one in one of 37 million lists."""
    return int.from_bytes(blake2b(contact_id.encode(), digest_size=8).digest(), "little")
