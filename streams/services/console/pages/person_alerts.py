"""`/alerts/{rule}`: alerts about people of the last day, of one rule: which teams they are about, and what to do.

Nobody is named: each number leads to its people, for who may see them.
"""

import sys
from collections.abc import Callable, Sequence
from hashlib import blake2b

import msgspec
from msgspec import Struct

from streams.domain.messages import CodedMessage, Field, english, message, visible_message
from streams.domain.messages.alert_details import detail_message, rule_message
from streams.services.console import desk_notices
from streams.services.console.desk_cells import Span
from streams.services.console.desk_schema import DAY_MS
from streams.services.console.page import Block, Loaded, Page, PageRequest
from streams.services.console.pages.campaigns import AHEAD_MS
from streams.services.console.rights import Scope
from streams.services.console.standing import STALE_S, standing_of
from streams.services.console.words import Words

EVERY_S = 5
MOST_ROWS = 50
RULES = (
    *("over_cap", "double_touch", "touch_after_stop"),
    *("complaint_after_pressure", "unsubscribe_after_pressure"),
)


class AlertRow(Struct, frozen=True):
    """Alerts that say the same: what, how many, and when the latest was. `like`: what tells them from others."""

    what: CodedMessage
    count: int
    last_ms: int
    like: str = ""


def path_of(rule: str) -> str:
    """The page of a rule; empty for one that has none."""
    return f"/alerts/{rule}" if rule in RULES else ""


def last_day(now_ms: int) -> Span:
    """The time of which alerts are told."""
    return Span(now_ms - DAY_MS, now_ms + AHEAD_MS)


async def load_alerts(asked: PageRequest) -> Loaded:
    """The alerts of the page's rule."""
    rule = asked.params["rule"]
    counts = await asked.ask(desk_notices.alerts_by_detail, rule, last_day(asked.now_ms), asked.viewer.scope)
    found = alert_rows(counts, rule)
    rows = [row for row in found if names_only_own(row, asked.viewer.scope)]
    fresh = await standing_of(asked)
    shown = in_words(rows[:MOST_ROWS], asked.words)
    others = sum(row.count for row in found) - sum(row.count for row in rows)
    erased = erased_since(counts)
    data = {"rule": rule, "rows": shown, "others": others, "left_out": len(rows) - len(shown), "erased": erased}
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


def alert_rows(counts: Sequence[desk_notices.AlertCount], rule: str) -> list[AlertRow]:
    """A line for what differs in nothing but how far apart something was, those with most alerts first."""
    alike: dict[str, list[AlertRow]] = {}
    for each in counts:
        if each.detail:
            what = visible_message(detail_message(rule, each.detail))
            row = AlertRow(what, each.count, each.last_ms)
            alike.setdefault(likeness(what), []).append(row)
    return sorted((_one_row(like, rows) for like, rows in alike.items()), key=lambda row: -row.count)


def likeness(what: CodedMessage) -> str:
    """The same for messages that differ in nothing but how far apart something was."""
    return blake2b(english(_with_spans(what, lambda _: "")).encode(), digest_size=8).hexdigest()


def in_words(rows: Sequence[AlertRow], words: Words) -> list[AlertRow]:
    """The same for a reader: in place of a word of the contract what it is called, and long spans in years."""
    return [msgspec.structs.replace(row, what=_in_words(row.what, words)) for row in rows]


def _in_words(what: CodedMessage, words: Words) -> CodedMessage:
    return msgspec.structs.replace(what, fields={name: _field(field, words) for name, field in what.fields.items()})


def _field(field: Field, words: Words) -> Field:
    if not isinstance(field, CodedMessage):
        return field
    if field.code.startswith(_STOP):
        return words.name("stop", field.code.removeprefix(_STOP))
    if field.code in _MINUTES and (minutes := _minutes(field)) < sys.maxsize:
        return words.span(60 * minutes)
    return _in_words(field, words)


def _one_row(like: str, rows: Sequence[AlertRow]) -> AlertRow:
    """A line in place of some that are alike: from the shortest span of each field to the longest."""

    def from_to(field: str) -> Field:
        spans = sorted((row.what.fields[field] for row in rows), key=_minutes)
        both = message("span.from_to", shortest=spans[0], longest=spans[-1])
        return spans[0] if spans[0] == spans[-1] else both

    what = _with_spans(rows[0].what, from_to)
    return AlertRow(what, sum(row.count for row in rows), max(row.last_ms for row in rows), like)


def _with_spans(what: CodedMessage, put: Callable[[str], Field]) -> CodedMessage:
    """A message with something in the place of each span of time that tells how far apart two things were."""
    spans = {field: put(field) for field in _APART if field in what.fields}
    return msgspec.structs.replace(what, fields={**what.fields, **spans})


def _minutes(span: Field) -> int:
    """The length of a span; one that could not be read is the longest."""
    if isinstance(span, CodedMessage) and span.code in _MINUTES and isinstance(span.fields["n"], int):
        return _MINUTES[span.code] * span.fields["n"]
    return sys.maxsize


def erased_since(counts: Sequence[desk_notices.AlertCount]) -> int:
    """Alerts of which the desk keeps nothing but that there were any: about people who were erased."""
    return sum(each.count for each in counts if not each.detail)


def names_only_own(row: AlertRow, scope: Scope) -> bool:
    """Whether the words of alerts name no team outside somebody's scope; words that cannot be read may name any."""
    if scope.teams is None:
        return True
    named = [field for place in _TEAMS if isinstance(field := row.what.fields.get(place), str)]
    teams = {team for field in named for team in field.split(", ")}
    return bool(teams) and all(scope.has_team(team) for team in teams)


_TEAMS = ("team", "teams", "other")
_STOP = "stop."
_APART = ("age", "apart")
_MINUTES = {"span.minutes": 1, "span.hours": 60, "span.days": 1440}


async def enter(asked: PageRequest) -> CodedMessage:
    """The name of the rule."""
    return rule_message(asked.params["rule"])


ALERTS = Page(
    path="/alerts/{rule}",
    name="alerts",
    title="Alerts",
    act="see_tonight",
    blocks=(Block("alerts", EVERY_S, load_alerts, "person_alerts.html", "Of the last day", STALE_S),),
    params={"rule": "|".join(RULES)},
    enter=enter,
    template="person_alerts_page.html",
)
PAGES = (ALERTS,)
