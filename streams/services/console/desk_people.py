"""People in the desk: lists of them, who nears a limit, and what was heard of one.

Each function takes the desk and whose scope it is asked in, and returns frozen structs; times are milliseconds since
1970. People without a region are in the scope of those alone who may see every region.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import orjson
from msgspec import Struct

from streams.services.console.desk import Desk, Row
from streams.services.console.desk_cells import Scope
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


MINE = """WITH mine (fragment) AS (
    SELECT contact FROM fragments WHERE name = :contact_id UNION
    SELECT f.fragment FROM fragments AS g CROSS JOIN fragments AS f ON f.contact = g.contact AND f.contact <> f.fragment
    WHERE g.name = :contact_id)"""
"""Every fragment of the contact of an id."""
_PERSON = """f.name, p.first_seen, p.last_seen, p.region, p.time_zone, p.support, p.support_at, p.attempts, p.contacts,
    p.canvassed_at, p.email_status, p.subscribed, p.gifts, p.gave_at, p.pledges_active, p.pledges_failing,
    coalesce((SELECT channels FROM closed AS c WHERE c.fragment = p.fragment), '')"""


def person(desk: Desk, contact_id: str, scope: Scope) -> Person | None:
    """The contact of this id, or the one that it was merged into; None: nobody in this scope."""
    where, args = in_regions(scope)
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
    where, args = in_regions(scope)
    rows = desk.rows(
        f"SELECT {_PERSON} FROM people AS p JOIN fragments AS f USING (fragment) WHERE {where} "  # nosec B608 # names of ours
        f"AND {_FILTERS[wanted]} ORDER BY p.last_seen DESC LIMIT :most",
        {**args, "most": most},
    )
    return [_person(row) for row in rows]


def count_people(desk: Desk, wanted: PeopleFilter, scope: Scope, most: int) -> int:
    """How many people of a kind there are, `most` where there are more."""
    where, args = in_regions(scope)
    [count] = desk.one(
        f"SELECT count(*) FROM (SELECT 1 FROM people AS p WHERE {where} AND {_FILTERS[wanted]} LIMIT :most)",  # nosec B608 # names of ours
        {**args, "most": most},
    ) or (0,)
    return int(count)


def _person(row: Row) -> Person:
    return msgspec.convert([*row[:11], bool(row[11]), *row[12:16], row[16].split()], Person)


def ballots_by_region(
    desk: Desk, election: str, statuses: Sequence[str], scope: Scope
) -> Mapping[str, Mapping[str, int]]:
    """How many people's ballots in an election are in each of these statuses, by region; '': it is not known."""
    where, args = in_regions(scope)
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
        f"""{MINE} SELECT e.time, s.type, s.source, e.id, s.team, s.campaign, s.channel, s.region, s.turf, s.committee,
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
    where, args = in_regions(scope)
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
    where, args = in_regions(scope)
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


def in_regions(scope: Scope) -> tuple[str, dict[str, object]]:
    """The condition that a person, or a sum over people, `p` is in the scope, and its arguments."""
    if scope.regions is None:
        return "TRUE", {}
    args: dict[str, object] = {f"region_{place}": name for place, name in enumerate(sorted(scope.regions))}
    return f"p.region IN ({', '.join(f':{place}' for place in args)})", args
