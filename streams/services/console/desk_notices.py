"""What the desk has of alerts, refused records, holds, and who looked at whom.

Each function takes the desk and whose scope it is asked in, and returns frozen structs; times are milliseconds since
1970.
"""

from collections.abc import Mapping, Sequence

import msgspec
import orjson
from msgspec import Struct

from streams.services.console.desk import Desk
from streams.services.console.desk_cells import Scope, Span
from streams.services.console.desk_people import MINE, in_regions
from streams.services.console.desk_wiping import is_to_be_wiped


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


class WantedAlerts(Struct, frozen=True):
    """Alerts of a rule in a span of time that say one of these things; of whom they are about, so many from `first`."""

    rule: str
    span: Span
    details: tuple[str, ...]
    first: int
    most: int


class AlertedPerson(Struct, frozen=True):
    """How many alerts of a rule are about somebody; `detail`: what the latest says."""

    contact_id: str
    count: int
    last_ms: int
    detail: str


class LetterCause(Struct, frozen=True):
    """Refused records of one cause; `open`: those that nobody has sent anew. '': it cannot be read from them.

    `number`: of the cause in this desk.
    """

    number: int
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


class Viewings(Struct, frozen=True):
    """How often somebody looked at people, at how many different ones who are known still, and when last."""

    viewer: str
    looks: int
    people: int
    last_ms: int


class Export(Struct, frozen=True):
    """That somebody took a list of people; `of`: the segment or campaign. None: not said."""

    at_ms: int
    viewer: str
    what: str
    of: str | None
    channel: str | None
    people: int | None


class Erasures(Struct, frozen=True):
    """How many people were forgotten since a time, and in all that is known.

    `is_unwiped`: the desk's file may still have names of theirs.
    """

    lately: int
    ever: int
    last_ms: int | None
    is_unwiped: bool


class Hold(Struct, frozen=True):
    """That a campaign was put on hold at `at_ms`; `until_ms`: None for ever, before `at_ms` where a hold was lifted."""

    campaign: str
    at_ms: int
    until_ms: int | None
    by: str


def alerts(desk: Desk, span: Span, scope: Scope, most: int = 200) -> list[Alert]:
    """The alerts of a span of time, the latest first; those about people only of people in the scope."""
    source, args = _alerts_in(span, scope)
    rows = desk.rows(
        f"SELECT a.alert, a.rule, a.subject, f.name, a.at, a.detail, a.evidence {source} "  # nosec B608 # names of ours
        "ORDER BY a.at DESC, a.alert LIMIT :most",
        {**args, "most": most},
    )
    return [msgspec.convert([*head, orjson.loads(evidence)], Alert) for *head, evidence in rows]


def latest_alerts(desk: Desk, span: Span, rules: Sequence[str], most: int = 200) -> list[Alert]:
    """The latest alert of these rules about each subject that is no person, the latest first."""
    rows = desk.rows(
        """SELECT alert, rule, subject, NULL, max(at), detail, evidence FROM alerts
        WHERE at >= :since AND at < :until AND subject IS NOT NULL AND rule IN (SELECT value FROM json_each(:rules))
        GROUP BY subject ORDER BY 5 DESC, 1 LIMIT :most""",
        {"since": span.since, "until": span.until, "rules": orjson.dumps(rules).decode(), "most": most},
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


def alerted_people(desk: Desk, wanted: WantedAlerts, scope: Scope) -> list[AlertedPerson]:
    """Whom these alerts are about, of people in the scope, those with most alerts first."""
    source, args = _alerts_in(wanted.span, scope)
    rows = desk.rows(
        f"""WITH told AS (SELECT f.contact AS contact, a.at AS at, a.detail AS detail {source}
            AND a.rule = :rule AND a.detail IN (SELECT value FROM json_each(:details)) AND f.contact IS NOT NULL)
        SELECT c.name, count(*), max(told.at), told.detail FROM told JOIN fragments AS c ON c.fragment = told.contact
        GROUP BY told.contact ORDER BY 2 DESC, 3 DESC, 1 LIMIT :most OFFSET :first""",  # nosec B608 # names of ours
        {**args, "rule": wanted.rule, "details": orjson.dumps(wanted.details).decode(), "first": wanted.first,
         "most": wanted.most},
    )  # fmt: skip
    return [AlertedPerson(*row) for row in rows]


def _alerts_in(span: Span, scope: Scope) -> tuple[str, dict[str, object]]:
    """The alerts `a` of a span of time, those about people only of people in the scope, and the arguments."""
    where, args = in_regions(scope)
    source = (
        "FROM alerts AS a LEFT JOIN fragments AS f USING (fragment) LEFT JOIN people AS p ON p.fragment = f.contact "
        f"WHERE a.at >= :since AND a.at < :until AND (a.subject IS NOT NULL OR {where})"
    )
    return source, {**args, "since": span.since, "until": span.until}


def letter_causes(desk: Desk, span: Span, most: int = 100) -> list[LetterCause]:
    """Refused records of a span of time by cause, those with the most open ones first."""
    rows = desk.rows(
        """SELECT c.cause, c.reason, c.detail, c.stage, c.topic, c.source, c.type, count(*),
            sum(l.requeued = 0), min(l.at), max(l.at)
        FROM letters AS l JOIN causes AS c USING (cause) WHERE l.at >= ? AND l.at < ? GROUP BY cause
        ORDER BY sum(l.requeued = 0) DESC, count(*) DESC, c.reason, c.detail, c.source LIMIT ?""",
        (span.since, span.until, most),
    )
    return [LetterCause(*row) for row in rows]


def letter_cause(desk: Desk, number: int) -> LetterCause | None:
    """The refused records of one cause that are known; None: there are none."""
    found = desk.one(
        """SELECT c.cause, c.reason, c.detail, c.stage, c.topic, c.source, c.type, count(*), sum(l.requeued = 0),
            min(l.at), max(l.at)
        FROM letters AS l JOIN causes AS c USING (cause) WHERE cause = ? GROUP BY cause""",
        (number,),
    )
    return None if found is None else LetterCause(*found)


def views(
    desk: Desk, span: Span, *, viewer: str | None = None, contact_id: str | None = None, most: int = 200
) -> list[View]:
    """Who looked at whom, the latest first: all, those of one viewer, or those at one contact."""
    rows = desk.rows(
        f"""{MINE} SELECT v.at, v.viewer, v.what, f.name, v.decision, v.reason
        FROM views AS v LEFT JOIN fragments AS f USING (fragment) WHERE v.at >= :since AND v.at < :until
        AND (:viewer IS NULL OR v.viewer = :viewer) AND (:contact_id IS NULL OR v.fragment IN mine)
        ORDER BY v.at DESC, v.seq DESC LIMIT :most""",  # nosec B608 # names of ours
        {"since": span.since, "until": span.until, "viewer": viewer, "contact_id": contact_id, "most": most},
    )
    return [View(*row) for row in rows]


def acts_on_people(desk: Desk, span: Span, acts: Sequence[str], most: int = 200) -> list[View]:
    """Which of these acts were written down about people, the latest first."""
    rows = desk.rows(
        """SELECT v.at, v.viewer, v.what, f.name, v.decision, v.reason
        FROM views AS v LEFT JOIN fragments AS f USING (fragment) WHERE v.at >= :since AND v.at < :until
        AND v.what IN (SELECT value FROM json_each(:acts)) ORDER BY v.at DESC, v.seq DESC LIMIT :most""",
        {"since": span.since, "until": span.until, "acts": orjson.dumps(acts).decode(), "most": most},
    )
    return [View(*row) for row in rows]


def viewings(desk: Desk, span: Span, most: int = 100) -> list[Viewings]:
    """Everybody who looked at people in a span of time, those who looked most often first."""
    rows = desk.rows(
        """SELECT viewer, count(*), count(DISTINCT fragment), max(at) FROM views WHERE at >= ? AND at < ?
        GROUP BY viewer ORDER BY 2 DESC, viewer LIMIT ?""",
        (span.since, span.until, most),
    )
    return [Viewings(*row) for row in rows]


def exports(desk: Desk, span: Span, most: int = 100) -> list[Export]:
    """The lists of people that were taken in a span of time, the latest first."""
    rows = desk.rows(
        """SELECT at, viewer, what, of, channel, people FROM exports WHERE at >= ? AND at < ?
        ORDER BY at DESC, record LIMIT ?""",
        (span.since, span.until, most),
    )
    return [Export(*row) for row in rows]


def erasures(desk: Desk, since_ms: int) -> Erasures:
    """Who was forgotten. All names of one person were so at one moment, so moments are counted."""
    [lately, ever, last] = desk.one(
        "SELECT count(DISTINCT until) FILTER (WHERE until >= ?), count(DISTINCT until), max(until) FROM erased",
        (since_ms,),
    ) or (0, 0, None)
    return Erasures(lately, ever, last, is_to_be_wiped(desk))


def holds(desk: Desk, span: Span) -> list[Hold]:
    """When campaigns were put on hold or let go in a span of time, in order. Whether one is on hold now Redis says."""
    rows = desk.rows(
        "SELECT campaign, at, until, by FROM holds WHERE at >= ? AND at < ? ORDER BY at, campaign",
        (span.since, span.until),
    )
    return [Hold(*row) for row in rows]
