"""Who of the day's sources is mostly refused, and who is held: from the letters of the day, and from history.

What was refused is in no figure of the page, so a page without this looks as if nothing had been sent.
"""

from collections.abc import Collection, Mapping
from contextlib import closing

from streams.domain.dead_letter_repair.letters import DeclaredType
from streams.domain.quarantine.held_records import ListedSource
from streams.history.insights.history_source import History, Reach, opened
from streams.history.insights.spans import Span
from streams.operations.refused.mostly_refused import Mostly, mostly_refused, suspects
from streams.operations.refused.refusal_reading import Refusals, letters_between, names_requeued_since, quarantines_of
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

MOST_LETTERS = 200_000
"""Letters of the day that are read at most, the latest."""
_EARLIER_MS = 86_400_000
"""How long ago what a record tells may have happened: what is told later is not seen as accepted."""

_ACCEPTED = """
    SELECT source, "type", count(*) FROM interactions_effective
    WHERE epoch_ms(appended_at) >= $since AND epoch_ms(appended_at) < $until
    GROUP BY source, "type"
"""


def refused_on(settings: Settings, span: Span) -> dict[DeclaredType, int]:
    """Of each source and type how many letters of the day are open. Raises Kafka's errors."""
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        letters = list(letters_between(consumer, span.since, span.until, MOST_LETTERS))
        if not letters:
            return {}
        refusals = Refusals(names_requeued_since(consumer, span.since))
        for letter in letters:
            refusals.add(letter)
        return refusals.counts


def held_now(settings: Settings, now: int) -> tuple[ListedSource, ...]:
    """Who is in quarantine, and of whom held records wait. Raises Kafka's errors."""
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        return tuple(quarantines_of(consumer, now))


def mostly_refused_of(history: History, span: Span, refused: Mapping[DeclaredType, int]) -> tuple[Mostly, ...]:
    """Those of whom history has less of that type. Raises `duckdb.IOException`."""
    wanted = suspects(refused)
    accepted = _accepted(history, span, {said.type for said in wanted if said.type}) if wanted else {}
    return tuple(mostly_refused(refused, accepted))


def _accepted(history: History, span: Span, types: Collection[str]) -> dict[DeclaredType, int]:
    with opened(history, [Reach(types, span.wider(_EARLIER_MS, 0))]) as connection:
        found = connection.execute(_ACCEPTED, {"since": span.since, "until": span.until}).fetchall()
    return {DeclaredType(source, type_): count for source, type_, count in found}
