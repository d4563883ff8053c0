"""`/alerts/{rule}/people`: whom the alerts of a rule, or some that say the same, are about, for who may see people.

A reason has to be given first, and each person who is named is written down as looked at.
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from msgspec import Struct

from streams.domain.messages import CodedMessage, visible_message
from streams.domain.messages.alert_details import detail_message
from streams.services.console import desk_notices
from streams.services.console.page import Block, Loaded, Page, PageRequest
from streams.services.console.pages.person_alerts import (
    RULES,
    AlertRow,
    enter,
    in_words,
    last_day,
    likeness,
    names_only_own,
)

A_PAGE = 50
"""People on a page."""


class AlertedRow(Struct, frozen=True):
    """Somebody, how many alerts there are about them, and what the latest says."""

    contact_id: str
    count: int
    latest: AlertRow


async def load_people(asked: PageRequest) -> Loaded:
    """Those people who have most alerts first, a page of them. Raises AuditUnavailable."""
    rule, first = asked.params["rule"], int(asked.params.get("after", "0"))
    rows: Sequence[AlertedRow] = ()
    has_more = False
    if asked.reason:
        found = await _people(asked, rule, first)
        has_more = len(found) > A_PAGE
        rows = [_row(each, rule, asked) for each in found[:A_PAGE]]
        await asked.deps.views.people(asked.viewer, asked.reason, sorted(each.contact_id for each in rows))
    like = {"like": asked.params["like"]} if "like" in asked.params else {}
    to = f"/alerts/{rule}/people{'?' if like else ''}{urlencode(like)}"
    shown = {"rows": rows, "reason": asked.reason, "rule": rule, "first": first, "a_page": A_PAGE, "like": like}
    return Loaded({**shown, "has_more": has_more, "to": to}, None)


async def _people(asked: PageRequest, rule: str, first: int) -> Sequence[desk_notices.AlertedPerson]:
    """One more than a page, of those alerts whose words name no team outside the reader's scope."""
    span, scope = last_day(asked.now_ms), asked.viewer.scope
    counts = await asked.ask(desk_notices.alerts_by_detail, rule, span, scope)
    told = {each.detail: AlertRow(_told(rule, each.detail), each.count, each.last_ms) for each in counts if each.detail}
    like = asked.params.get("like")
    mine = tuple(
        detail
        for detail, row in told.items()
        if names_only_own(row, scope) and (like is None or likeness(row.what) == like)
    )
    wanted = desk_notices.WantedAlerts(rule, span, mine, first, A_PAGE + 1)
    return await asked.ask(desk_notices.alerted_people, wanted, scope)


def _told(rule: str, detail: str) -> CodedMessage:
    return visible_message(detail_message(rule, detail))


def _row(each: desk_notices.AlertedPerson, rule: str, asked: PageRequest) -> AlertedRow:
    [latest] = in_words([AlertRow(_told(rule, each.detail), each.count, each.last_ms)], asked.words)
    return AlertedRow(each.contact_id, each.count, latest)


ALERTED = Page(
    path="/alerts/{rule}/people",
    name="alerted_people",
    title="Whom they are about",
    act="see_people",
    blocks=(Block("people", 0, load_people, "alerted_people.html", "Whom they are about"),),
    params={"rule": "|".join(RULES), "like": r"[0-9a-f]{16}", "after": r"[0-9]{1,6}"},
    enter=enter,
    template="alerted_people_page.html",
)
PAGES = (ALERTED,)
