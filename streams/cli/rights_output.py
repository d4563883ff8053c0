"""Requests of people over their data, as tables for people and rows for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from events.json_types import JSON
from streams.cli.output import print_table, say
from streams.cli.whole_words import print_whole_words

if TYPE_CHECKING:
    from streams.domain.rights.requests import RightsDesk, RightsRequest

_COLUMNS = ("request", "right", "contact", "due", "left", "stands")
_SHOWN = 8
"""Of the digits of a request, enough to name it by."""


def plain_count(desk: RightsDesk) -> list[JSON]:
    """Counts of forgotten requests for programs."""
    return [
        {"kind": kind, "year": year, "outcome": outcome, "in_time": in_time, "requests": number}
        for (kind, year, outcome, in_time), number in sorted(_counted(desk).items())
    ]


def print_desk(requests: Sequence[RightsRequest], today: date) -> None:
    """Print requests in a table."""
    if not requests:
        say("no request is open")
    print_whole_words(_COLUMNS, [_cells(one, today) for one in requests])
    if late := sum(one.is_overdue(today) for one in requests):
        say(f"{late} overdue: the month of article 12 (3) is over, and the person was not told")


def _cells(one: RightsRequest, today: date) -> tuple[str, ...]:
    contact = one.contact_id or "(nobody known)"
    return (one.id[:_SHOWN], one.kind, contact, str(one.due), _left(one, today), _stands(one))


def print_counts(desk: RightsDesk) -> None:
    """Print how many requests are forgotten."""
    rows = [
        (kind, str(year), outcome, "yes" if in_time else "no", f"{number:,}")
        for (kind, year, outcome, in_time), number in sorted(_counted(desk).items())
    ]
    print_table(("right", "received in", "outcome", "in time", "requests"), rows, "forgotten", right={4})


def print_request(request: RightsRequest, today: date) -> None:
    """Print one request."""
    rows = [
        ("request", request.id),
        ("right", request.kind),
        ("contact", request.contact_id or "nobody is known by what they gave"),
        ("received", str(request.received)),
        ("due", f"{request.due} ({_left(request, today)})"),
        ("extended", "" if request.extended is None else f"by two months: {request.extended}"),
        ("done", "" if request.answered is None else f"{request.answered}: {', '.join(request.did)}"),
        ("closed", "" if request.closed is None else f"{request.closed}: {request.outcome}"),
        ("reference", request.reference or ""),
    ]
    print_table(("what", "is"), [row for row in rows if row[1]])


def _left(request: RightsRequest, today: date) -> str:
    if request.closed is not None:
        return "in time" if request.is_in_time(today) else "late"
    days = request.days_left(today)
    return f"overdue by {_days(-days)}" if days < 0 else _days(days)


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _stands(request: RightsRequest) -> str:
    if request.closed is not None:
        return f"closed: {request.outcome}"
    return "done, to be told" if request.answered else "extended" if request.extended else "open"


def _counted(desk: RightsDesk) -> Counter[tuple[str, int, str, bool]]:
    return Counter((one.kind, one.year, one.outcome, one.in_time) for one in desk.counts.values())
