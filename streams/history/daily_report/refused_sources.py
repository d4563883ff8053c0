"""Sources of the day that are mostly refused or in quarantine, from dead letters and from history.

Refused records are in no figure of the page, so without this it looks as if nothing had been sent.
"""

from collections.abc import Collection, Mapping
from contextlib import closing

from streams.domain.dead_letter_repair.letters import DeclaredType
from streams.domain.quarantine.held_records import ListedSource
from streams.history.insights.history_source import History, Reach, open_history
from streams.history.insights.spans import Span
from streams.operations.refused_records import (
    MostlyRefused,
    OpenRefusals,
    letters_between,
    mostly_refused,
    names_requeued_since,
    quarantines_of,
    suspects,
)
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

MOST_LETTERS = 200_000
"""Most letters of the day that are read, the latest."""
_EARLIER_MS = 86_400_000
"""How long before its record something may have happened; what is told later is not seen as accepted."""

_ACCEPTED = """
    SELECT source, "type", count(*) FROM interactions_effective
    WHERE epoch_ms(appended_at) >= $since AND epoch_ms(appended_at) < $until
    GROUP BY source, "type"
"""


def open_refusals_on(settings: Settings, span: Span) -> dict[DeclaredType, int]:
    """Open dead letters of the day by source and type. Raises Kafka's errors."""
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        letters = list(letters_between(consumer, span.since, span.until, MOST_LETTERS))
        if not letters:
            return {}
        refusals = OpenRefusals(names_requeued_since(consumer, span.since))
        for letter in letters:
            refusals.add(letter)
        return refusals.counts


def quarantines_now(settings: Settings, now: int) -> tuple[ListedSource, ...]:
    """Sources in quarantine, and those whose held records wait. Raises Kafka's errors."""
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        return tuple(quarantines_of(consumer, now))


def mostly_refused_of(history: History, span: Span, refused: Mapping[DeclaredType, int]) -> tuple[MostlyRefused, ...]:
    """Sources of which more records of a type were refused than accepted. Raises `duckdb.IOException`."""
    wanted = suspects(refused)
    accepted = _accepted(history, span, {said.type for said in wanted if said.type}) if wanted else {}
    return tuple(mostly_refused(refused, accepted))


def _accepted(history: History, span: Span, types: Collection[str]) -> dict[DeclaredType, int]:
    with open_history(history, [Reach(types, span.wider(_EARLIER_MS, 0))]) as connection:
        found = connection.execute(_ACCEPTED, {"since": span.since, "until": span.until}).fetchall()
    return {DeclaredType(source, type_): count for source, type_, count in found}
