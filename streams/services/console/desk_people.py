"""People in the desk: lists of them, who nears a limit, what was heard of one, alerts, refused records, who looked.

Each function takes the desk and whose scope it is asked in, and returns frozen structs; times are milliseconds since
1970. People without a region are in the scope of those alone who may see every region.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import orjson
from msgspec import Struct

from streams.services.console.desk import Desk, Row
from streams.services.console.desk_cells import Scope, Span
from streams.services.console.desk_reading import Money


class Person(Struct, frozen=True, array_like=True):
    """What lists show of one contact. `closed`: the channels that are closed to everyone. None: not known."""

    contact_id: str
    first_seen_ms: int | None
    last_seen_ms: int | None
    region: str | None
    time_zone: str | None
    support: int | None
    support_at_ms: int | None
    attempts: int
    contacts: int
    canvassed_at_ms: int | None
    email_status: str
    subscribed: bool
    gifts: int
    gave_at_ms: int | None
    pledges_active: int
    pledges_failing: int
    closed: tuple[str, ...]


class Event(Struct, frozen=True, array_like=True):
    """One interaction of a person. `details`: what else it says, under the names of the contract.

    `taken_back`: it was retracted. `superseded`: another version of the same gift, refund or report counts.
    """

    at_ms: int
    type: str
    source: str
    id: str
    team: str
    campaign: str
    channel: str
    region: str
    turf: str
    committee: str
    outcome: str
    amount: int | None
    currency: str | None
    machine: bool
    taken_back: bool
    superseded: bool
    details: Mapping[str, Any]


class NearLimit(Struct, frozen=True):
    """Somebody who has given nearly, or more than, as much as may be given to a committee in an election."""

    contact_id: str
    committee: str
    election: str
    currency: str
    net: int
    limit: int
    gave_at_ms: int | None


class Limit(NamedTuple):
    """The most that one person may give to a committee in an election; `election` '': in all together."""

    committee: str
    election: str
    currency: str
    limit: int


class CommitteeStock(Struct, frozen=True):
    """All that a committee was given so far, less refunds. `people`: how many have given more than they got back."""

    committee: str
    election: str
    net: Money
    people: int


class PeopleCount(Struct, frozen=True):
    """How many people share a value."""

    value: str
    people: int


class Alert(Struct, frozen=True, array_like=True):
    """An alert; `contact_id`: of whom, None where it is about `subject` or the person was erased since."""

    alert_id: str
    rule: str
    subject: str | None
    contact_id: str | None
    at_ms: int
    detail: str
    evidence: Sequence[tuple[str, str]]


class AlertCount(Struct, frozen=True):
    """How many alerts of a rule say the same, and when the latest was."""

    detail: str
    count: int
    last_ms: int


class LetterCause(Struct, frozen=True):
    """Refused records of one cause; `open`: those that nobody has sent anew. '': it cannot be read from them."""

    reason: str
    detail: str
    stage: str
    topic: str
    source: str
    type: str
    letters: int
    open: int
    first_ms: int
    last_ms: int


class View(Struct, frozen=True):
    """That somebody looked at a person. `contact_id`: None once that person was erased."""

    at_ms: int
    viewer: str
    what: str
    contact_id: str | None
    decision: str | None
    reason: str | None


class Hold(Struct, frozen=True):
    """That a campaign was put on hold at `at_ms`; `until_ms`: None for ever, before `at_ms` where a hold was lifted."""

    campaign: str
    at_ms: int
    until_ms: int | None
    by: str


_MINE = """WITH mine (fragment) AS (
    SELECT contact FROM fragments WHERE name = :contact_id UNION
    SELECT f.fragment FROM fragments AS g CROSS JOIN fragments AS f ON f.contact = g.contact AND f.contact <> f.fragment
    WHERE g.name = :contact_id)"""
"""Every fragment of the contact of an id."""
_PERSON = """f.name, p.first_seen, p.last_seen, p.region, p.time_zone, p.support, p.support_at, p.attempts, p.contacts,
    p.canvassed_at, p.email_status, p.subscribed, p.gifts, p.gave_at, p.pledges_active, p.pledges_failing,
    coalesce((SELECT channels FROM closed AS c WHERE c.fragment = p.fragment), '')"""


def person(desk: Desk, contact_id: str, scope: Scope) -> Person | None:
    """The contact of this id, or the one that it was merged into; None: nobody in this scope."""
    where, args = _in_regions(scope)
    found = desk.one(
        f"SELECT {_PERSON} FROM fragments AS g JOIN people AS p ON p.fragment = g.contact "  # nosec B608 # names of ours
        f"JOIN fragments AS f ON f.fragment = p.fragment WHERE g.name = :contact_id AND {where}",
        {**args, "contact_id": contact_id},
    )
    return None if found is None else _person(found)


PeopleFilter = Literal["all", "supporters", "failing_pledges", "givers"]
_FILTERS: Mapping[PeopleFilter, str] = {
    "all": "TRUE",
    "supporters": "p.support IN (1, 2)",
    "failing_pledges": "p.pledges_failing > 0",
    "givers": "p.gifts > 0",
}


def people(desk: Desk, wanted: PeopleFilter, scope: Scope, most: int = 100) -> list[Person]:
    """People of a kind, those heard of last first, `most` at most."""
    where, args = _in_regions(scope)
    rows = desk.rows(
        f"SELECT {_PERSON} FROM people AS p JOIN fragments AS f USING (fragment) WHERE {where} "  # nosec B608 # names of ours
        f"AND {_FILTERS[wanted]} ORDER BY p.last_seen DESC LIMIT :most",
        {**args, "most": most},
    )
    return [_person(row) for row in rows]


def count_people(desk: Desk, wanted: PeopleFilter, scope: Scope, most: int) -> int:
    """How many people of a kind there are, `most` where there are more."""
    where, args = _in_regions(scope)
    [count] = desk.one(
        f"SELECT count(*) FROM (SELECT 1 FROM people AS p WHERE {where} AND {_FILTERS[wanted]} LIMIT :most)",  # nosec B608 # names of ours
        {**args, "most": most},
    ) or (0,)
    return int(count)


def _person(row: Row) -> Person:
    return msgspec.convert([*row[:11], bool(row[11]), *row[12:16], row[16].split()], Person)


def support_counts(desk: Desk, scope: Scope, region: str | None = None) -> list[PeopleCount]:
    """How many people there are of each support, 1 to 5; those of whom it is not known are left out."""
    where, args = _in_regions(scope)
    rows = desk.rows(
        f"SELECT p.support, count(*) FROM people AS p WHERE p.support IS NOT NULL AND {where} "  # nosec B608 # names of ours
        "AND (:region IS NULL OR p.region = :region) GROUP BY p.support ORDER BY p.support",
        {**args, "region": region},
    )
    return [PeopleCount(str(support), count) for support, count in rows]


def ballot_counts(desk: Desk, election: str, scope: Scope, region: str | None = None) -> list[PeopleCount]:
    """How many people's ballots in an election have come how far, by status."""
    where, args = _in_regions(scope)
    rows = desk.rows(
        "SELECT p.status, sum(p.people) FROM ballot_stock AS p "  # nosec B608 # names of ours
        f"WHERE p.election = :election AND p.people > 0 AND {where} AND (:region IS NULL OR p.region = :region) "
        "GROUP BY p.status ORDER BY p.status",
        {**args, "election": election, "region": region},
    )
    return [PeopleCount(*row) for row in rows]


def ballots_by_region(
    desk: Desk, election: str, statuses: Sequence[str], scope: Scope
) -> Mapping[str, Mapping[str, int]]:
    """How many people's ballots in an election are in each of these statuses, by region; '': it is not known."""
    where, args = _in_regions(scope)
    wanted: dict[str, object] = {f"status_{place}": name for place, name in enumerate(statuses)}
    places = ", ".join(f":{name}" for name in wanted)
    rows = desk.rows(
        "SELECT p.region, p.status, p.people FROM ballot_stock AS p "  # nosec B608 # names of ours
        f"WHERE p.election = :election AND p.status IN ({places}) AND p.people > 0 AND {where} "
        "ORDER BY p.region, p.status",
        {**args, **wanted, "election": election},
    )
    found: dict[str, dict[str, int]] = {}
    for region, status, count in rows:
        found.setdefault(region, {})[status] = count
    return found


def elections(desk: Desk) -> list[str]:
    """The elections of which any ballot is known."""
    found, at = [], ""
    sql = "SELECT min(election) FROM ballot_stock WHERE election > ? AND people > 0"
    while (row := desk.one(sql, (at,))) and row[0] is not None:
        at = row[0]
        found.append(at)
    return found


def events_of(desk: Desk, contact_id: str, since_ms: int, scope: Scope, most: int = 200) -> list[Event]:
    """What was heard of a person under any of their identifiers, the latest first; gifts to committees of the scope."""
    if person(desk, contact_id, scope) is None:
        return []
    gifts, args = "TRUE", dict[str, object]()
    if scope.committees is not None:
        args = {f"committee_{place}": name for place, name in enumerate(sorted(scope.committees))}
        gifts = f"(s.type NOT LIKE 'donation.%' OR s.committee IN ({', '.join(f':{place}' for place in args)}))"
    rows = desk.rows(
        f"""{_MINE} SELECT e.time, s.type, s.source, e.id, s.team, s.campaign, s.channel, s.region, s.turf, s.committee,
            s.outcome, e.amount, s.currency, e.machine, e.happened, e.counted, CAST(e.details AS TEXT)
        FROM mine CROSS JOIN events AS e ON e.fragment = mine.fragment JOIN series AS s USING (series)
        WHERE e.time >= :since AND {gifts}
        ORDER BY e.time DESC, s.source DESC, e.id DESC LIMIT :most""",  # nosec B608 # names of ours
        {**args, "contact_id": contact_id, "since": since_ms, "most": most},
    )
    return [_event(row) for row in rows]


def _event(row: Row) -> Event:
    *said, amount, currency, machine, happened, counted, details = row
    money = [amount, currency] if currency else [None, None]
    stands = [bool(machine), not happened, bool(happened and not counted)]
    return msgspec.convert([*said, *money, *stands, orjson.loads(details) if details else {}], Event)


def near_limits(desk: Desk, limits: Sequence[Limit], share: float, scope: Scope, most: int = 100) -> list[NearLimit]:
    """People who have given `share` of a limit or more, those nearest to it, or furthest beyond, first.

    A limit of committee `any` or of election `any` is no limit of its own: name each.
    """
    where, args = _in_regions(scope)
    found: list[NearLimit] = []
    for committee, election, currency, limit in limits:
        if scope.committees is not None and committee not in scope.committees:
            continue
        rows = desk.rows(
            "SELECT f.name, g.net, g.at FROM given AS g JOIN people AS p USING (fragment) "  # nosec B608 # names of ours
            "JOIN fragments AS f USING (fragment) WHERE g.committee = :committee AND g.election = :election "
            f"AND g.currency = :currency AND g.net >= :least AND {where} ORDER BY g.net DESC LIMIT :most",
            {**args, "committee": committee, "election": election, "currency": currency, "least": limit * share,
             "most": most},
        )  # fmt: skip
        found += [NearLimit(name, committee, election, currency, net, limit, at) for name, net, at in rows]
    return sorted(found, key=lambda each: (-each.net / max(1, each.limit), each.contact_id))[:most]


def committees(desk: Desk, scope: Scope) -> list[CommitteeStock]:
    """What each committee was given so far by everybody in the scope, in all and by election."""
    where, args = _in_regions(scope)
    rows = desk.rows(
        "SELECT p.committee, p.election, p.currency, sum(p.net), sum(p.people) FROM committee_stock AS p "  # nosec B608 # names of ours
        f"WHERE {where} GROUP BY p.committee, p.election, p.currency HAVING sum(p.people) > 0 OR sum(p.net) <> 0",
        args,
    )
    found: dict[tuple[str, str], tuple[dict[str, int], list[int]]] = {}
    for committee, election, currency, net, givers in rows:
        if scope.committees is None or committee in scope.committees:
            sums, counts = found.setdefault((committee, election), ({}, []))
            sums[currency] = net
            counts.append(givers)
    return [CommitteeStock(*place, sums, max(counts)) for place, (sums, counts) in sorted(found.items())]


def alerts(desk: Desk, span: Span, scope: Scope, most: int = 200) -> list[Alert]:
    """The alerts of a span of time, the latest first; those about people only of people in the scope."""
    source, args = _alerts_in(span, scope)
    rows = desk.rows(
        f"SELECT a.alert, a.rule, a.subject, f.name, a.at, a.detail, a.evidence {source} "  # nosec B608 # names of ours
        "ORDER BY a.at DESC, a.alert LIMIT :most",
        {**args, "most": most},
    )
    return [msgspec.convert([*head, orjson.loads(evidence)], Alert) for *head, evidence in rows]


def alerts_by_rule(desk: Desk, span: Span, scope: Scope) -> Mapping[str, int]:
    """How many of these alerts there are of each rule; the rule of the latest one first."""
    source, args = _alerts_in(span, scope)
    rows = desk.rows(f"SELECT a.rule, count(*) {source} GROUP BY a.rule ORDER BY max(a.at) DESC, a.rule", args)  # nosec B608 # names of ours
    return dict(rows)


def alerts_by_detail(desk: Desk, rule: str, span: Span, scope: Scope) -> list[AlertCount]:
    """The alerts of a rule that say the same, counted; those with most alerts first."""
    source, args = _alerts_in(span, scope)
    rows = desk.rows(
        f"SELECT a.detail, count(*), max(a.at) {source} AND a.rule = :rule GROUP BY a.detail ORDER BY 2 DESC, 1",  # nosec B608 # names of ours
        {**args, "rule": rule},
    )
    return [AlertCount(*row) for row in rows]


def _alerts_in(span: Span, scope: Scope) -> tuple[str, dict[str, object]]:
    """The alerts `a` of a span of time, those about people only of people in the scope, and the arguments."""
    where, args = _in_regions(scope)
    source = (
        "FROM alerts AS a LEFT JOIN fragments AS f USING (fragment) LEFT JOIN people AS p ON p.fragment = f.contact "
        f"WHERE a.at >= :since AND a.at < :until AND (a.subject IS NOT NULL OR {where})"
    )
    return source, {**args, "since": span.since, "until": span.until}


def letter_causes(desk: Desk, span: Span, most: int = 100) -> list[LetterCause]:
    """Refused records of a span of time by cause, those with the most open ones first."""
    rows = desk.rows(
        """SELECT c.reason, c.detail, c.stage, c.topic, c.source, c.type, count(*), sum(l.requeued = 0), min(l.at),
            max(l.at)
        FROM letters AS l JOIN causes AS c USING (cause) WHERE l.at >= ? AND l.at < ? GROUP BY cause
        ORDER BY sum(l.requeued = 0) DESC, count(*) DESC, c.reason, c.detail, c.source LIMIT ?""",
        (span.since, span.until, most),
    )
    return [LetterCause(*row) for row in rows]


def views(
    desk: Desk, span: Span, *, viewer: str | None = None, contact_id: str | None = None, most: int = 200
) -> list[View]:
    """Who looked at whom, the latest first: all, those of one viewer, or those at one contact."""
    rows = desk.rows(
        f"""{_MINE} SELECT v.at, v.viewer, v.what, f.name, v.decision, v.reason
        FROM views AS v LEFT JOIN fragments AS f USING (fragment) WHERE v.at >= :since AND v.at < :until
        AND (:viewer IS NULL OR v.viewer = :viewer) AND (:contact_id IS NULL OR v.fragment IN mine)
        ORDER BY v.at DESC, v.seq DESC LIMIT :most""",  # nosec B608 # names of ours
        {"since": span.since, "until": span.until, "viewer": viewer, "contact_id": contact_id, "most": most},
    )
    return [View(*row) for row in rows]


def holds(desk: Desk, span: Span) -> list[Hold]:
    """When campaigns were put on hold or let go in a span of time, in order. Whether one is on hold now Redis says."""
    rows = desk.rows(
        "SELECT campaign, at, until, by FROM holds WHERE at >= ? AND at < ? ORDER BY at, campaign",
        (span.since, span.until),
    )
    return [Hold(*row) for row in rows]


def _in_regions(scope: Scope) -> tuple[str, dict[str, object]]:
    """The condition that a person, or a sum over people, `p` is in the scope, and its arguments."""
    if scope.regions is None:
        return "TRUE", {}
    args: dict[str, object] = {f"region_{place}": name for place, name in enumerate(sorted(scope.regions))}
    return f"p.region IN ({', '.join(f':{place}' for place in args)})", args
