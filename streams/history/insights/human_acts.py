"""How likely each open and click of a span was a person's, as in the profiles: rows from DuckDB, judged in Python.

The lake holds opens and clicks as they came. The evidence for or against a person is in the message's other events and
in what the contact did within a day, so those rows are read as well, and `streams.domain.human` judges, as it does for
profiles.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import duckdb

from events.registry import ARRIVALS, ENGAGEMENTS, HUMAN_ANSWERS, TOUCHES
from sinks.lake.views import listed
from streams.domain.contact.facts.engagement import link_of
from streams.domain.human import Act, Answer, Arrival, Known, agent_of
from streams.domain.human.known import Kind
from streams.domain.human.score import judge
from streams.domain.human.weights import ANSWER_MS
from streams.history.insights.history_source import Reach, message_span
from streams.history.insights.spans import Span

ACTS = frozenset(ENGAGEMENTS)
_AT_ONCE = 20_000


class JudgedAct(NamedTuple):
    """An open or a click. `milli`: probability in thousandths that a person did it; `time`: ms since 1970."""

    kind: Kind
    time: int
    milli: int
    campaign: str | None
    team: str | None
    place: str | None


class _Row(NamedTuple):
    contact_id: str
    type: str
    time: int
    appended_at: int
    message_id: str | None
    machine: bool | None
    user_agent: str | None
    url: str | None
    campaign: str | None
    team: str | None
    place: str | None


def acts_reaches(span: Span) -> list[Reach]:
    """The parts of history needed to judge the opens and clicks of a span."""
    return [Reach(ACTS | TOUCHES, message_span(span)), Reach({"text.replied"}, span.wider(0, ANSWER_MS))]


def judged_acts(connection: duckdb.DuckDBPyConnection, span: Span) -> Iterator[JudgedAct]:
    """Every open and click of a span, judged. `create_placed_views` must have been called."""
    for _, rows in groupby(_rows(connection, span), key=attrgetter("contact_id")):
        yield from _judged(list(rows), span)


def _rows(connection: duckdb.DuckDBPyConnection, span: Span) -> Iterator[_Row]:
    limits = {"since": span.since, "until": span.until, "answered": span.until + ANSWER_MS}
    types = {"acts": ACTS, "acts_and_arrivals": {*ACTS, *ARRIVALS}, "answers": HUMAN_ANSWERS}
    sql = _EVIDENCE.format(**{name: listed(those) for name, those in types.items()})
    found = connection.cursor().execute(sql, limits)
    while rows := found.fetchmany(_AT_ONCE):
        yield from map(_Row._make, rows)


def _judged(rows: list[_Row], span: Span) -> Iterator[JudgedAct]:
    acts = [row for row in rows if row.type in ACTS]
    known = Known(acts=[_act(row) for row in acts], arrivals=list(_arrivals(rows)), answers=list(_answers(rows)))
    of_message = {message.acts[0].message_id: message for message in known.by_message()}
    for row in acts:
        if span.since <= row.time < span.until:
            act = _act(row)
            milli = judge(act, of_message[act.message_id]).milli
            yield JudgedAct(act.kind, row.time, milli, row.campaign, row.team, row.place)


def _act(row: _Row) -> Act:
    agent, link = agent_of(row.user_agent), link_of(row.url)
    return Act(ENGAGEMENTS[row.type], row.message_id or "", row.time, row.appended_at, row.machine, agent, link)


def _arrivals(rows: Iterable[_Row]) -> Iterator[Arrival]:
    for row in rows:
        if row.type in TOUCHES:
            yield Arrival(row.message_id or "", row.time, row.appended_at, row.type == "email.delivered")


def _answers(rows: Iterable[_Row]) -> Iterator[Answer]:
    for row in rows:
        if row.type in HUMAN_ANSWERS:
            yield Answer(HUMAN_ANSWERS[row.type], row.time, row.appended_at)


_EVIDENCE = """
    WITH wanted AS (
        SELECT DISTINCT contact_id, message_id FROM interactions_effective
        WHERE "type" IN {acts}
          AND epoch_ms("time") >= $since AND epoch_ms("time") < $until
    ),
    evidence AS (
        SELECT e.* FROM placed_effective AS e SEMI JOIN wanted AS w
            ON w.contact_id = e.contact_id AND w.message_id = e.message_id
        WHERE e."type" IN {acts_and_arrivals}
        UNION ALL
        SELECT e.* FROM placed_effective AS e SEMI JOIN wanted AS w ON w.contact_id = e.contact_id
        WHERE e."type" IN {answers} AND coalesce(e.instalment, 1) <= 1
          AND epoch_ms(e."time") >= $since AND epoch_ms(e."time") < $answered
    )
    SELECT contact_id, "type", epoch_ms("time"), epoch_ms(appended_at), message_id, machine, user_agent, url,
           campaign, team, place
    FROM evidence
    ORDER BY contact_id
"""
