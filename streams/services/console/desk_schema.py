"""The tables of the desk, and what makes sums of them. Times are milliseconds since 1970."""

from collections.abc import Iterator

from events.topics import (
    AUDIT_LOG,
    CAMPAIGN_HOLDS,
    CONTACT_ALERTS,
    CONTACT_LINKS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    DEAD_LETTERS,
    DEAD_LETTERS_REQUEUED,
    INTERACTIONS,
    SEGMENT_COUNTS,
    SYSTEM_ALERTS,
)

SCHEMA = 6
"""The number of the schema below; a desk of another number is filled anew. Numbers before 6 are used no more."""
QUARTER_MS = 900_000
"""How often the members of a segment are kept, at most."""
SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
COARSE_MS = 5 * MINUTE_MS
"""The length of a cell that is older than the events that it was counted from."""
CELLS_KEPT_MS = 9 * DAY_MS
"""How long cells are kept: the same hour of last week has to be among them."""

FOLLOWED = (
    INTERACTIONS, CONTACT_STATE, CONTACT_LINKS, CONTACT_SUPPRESSIONS, CONTACT_ALERTS, SYSTEM_ALERTS, DEAD_LETTERS,
    DEAD_LETTERS_REQUEUED, AUDIT_LOG, CAMPAIGN_HOLDS, SEGMENT_COUNTS,
)  # fmt: skip
"""The topics that are read into the desk."""
LABELS = (
    "type", "campaign", "team", "channel", "region", "turf", "source", "mailbox", "committee", "currency", "outcome",
)  # fmt: skip
"""What interactions are counted by. `channel`: of a canvass report its method; `mailbox`: the provider of an address;
`outcome`: of a canvass report or a ballot how it went, of a bounce, a refund or a form its kind."""
FINE_LABELS = ("turf", "source")
"""Those by which cells are no longer told apart once they are coarse."""
BROAD_LABELS = ("type", "team", "region", "committee", "currency", "outcome")
"""Those by which sums of five minutes are told apart: what `/` shows, and what scopes are made of."""

SCHEMA_SQL = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

-- How far each partition is read. next: the offset to read on at; ends: where the partition ended when it was looked
-- at last, at `looked`; appended: the broker's time of the last record that was read.
CREATE TABLE positions (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, topic_id TEXT NOT NULL,
    next INTEGER NOT NULL, ends INTEGER NOT NULL, appended INTEGER, looked INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;

-- coarse: the series without {" and ".join(FINE_LABELS)}, to which its cells are added when they are coarse.
CREATE TABLE series (
    series INTEGER PRIMARY KEY, coarse INTEGER NOT NULL, {", ".join(f"{label} TEXT NOT NULL" for label in LABELS)},
    UNIQUE ({", ".join(LABELS)})
) STRICT;

-- What happened in a minute. happened: interactions, each once, none that was taken back. counted: the same with one
-- version of each gift, refund and report; amount, supporters and machine are of those.
CREATE TABLE cells (
    minute INTEGER NOT NULL, series INTEGER NOT NULL, happened INTEGER NOT NULL, counted INTEGER NOT NULL,
    amount INTEGER NOT NULL, supporters INTEGER NOT NULL, machine INTEGER NOT NULL,
    PRIMARY KEY (minute, series)
) STRICT, WITHOUT ROWID;

-- The same by hour, so that long spans are quick. first, last: minutes between which any of it happened.
CREATE TABLE hours (
    hour INTEGER NOT NULL, series INTEGER NOT NULL, happened INTEGER NOT NULL, counted INTEGER NOT NULL,
    amount INTEGER NOT NULL, supporters INTEGER NOT NULL, machine INTEGER NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, PRIMARY KEY (hour, series)
) STRICT, WITHOUT ROWID;

-- Every name by which people are known: fragments of `interactions` and contact_ids. contact: the fragment whose
-- profile it is part of, itself where it stands alone.
CREATE TABLE fragments (fragment INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, contact INTEGER NOT NULL) STRICT;
CREATE INDEX absorbed ON fragments (contact) WHERE contact <> fragment;

-- Who was erased, by a salted hash of each name; until: the time of the erasure. begun: since when there is a new
-- record.
CREATE TABLE erased (tag BLOB PRIMARY KEY, until INTEGER NOT NULL, begun INTEGER) STRICT, WITHOUT ROWID;

-- Interactions of the last days. key: of source and id, then of the fragment. same: by which versions of one gift,
-- refund or report, or what a retraction takes back, are found. gift: of a refund, by which its gift is found, from
-- which it has what it does not say, of a STOP by which its text is; said: its series as it was said. happened,
-- counted: whether cells have it so.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, series INTEGER NOT NULL, fragment INTEGER,
    time INTEGER NOT NULL, id TEXT NOT NULL, same INTEGER, amount INTEGER NOT NULL, supporter INTEGER NOT NULL,
    machine INTEGER NOT NULL, message INTEGER NOT NULL, happened INTEGER NOT NULL, counted INTEGER NOT NULL,
    details BLOB, gift INTEGER, said INTEGER
) STRICT;
-- Which experiments the mail or the assignments of a campaign name.
CREATE TABLE carried (
    campaign TEXT NOT NULL, experiment TEXT NOT NULL, PRIMARY KEY (campaign, experiment)
) STRICT, WITHOUT ROWID;
-- The first row that came in each minute, by the time of the latest record known then.
CREATE TABLE arrivals (minute INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
CREATE INDEX events_of ON events (fragment, time) WHERE fragment IS NOT NULL;
CREATE INDEX events_same ON events (same) WHERE same IS NOT NULL;
CREATE INDEX events_gift ON events (gift) WHERE gift IS NOT NULL;
CREATE INDEX acts ON events (series, time, fragment, counted) WHERE message = 0;

-- The latest profile of each contact: what lists and sums over people need of it. rows_hash: of what `given` and
-- `ballots` have of the person, which change more rarely.
CREATE TABLE people (
    fragment INTEGER PRIMARY KEY, version INTEGER NOT NULL, first_seen INTEGER, last_seen INTEGER,
    region TEXT, postal_code TEXT, time_zone TEXT, support INTEGER, support_at INTEGER,
    attempts INTEGER NOT NULL, contacts INTEGER NOT NULL, canvassed_at INTEGER, email_status TEXT NOT NULL,
    subscribed INTEGER NOT NULL, gifts INTEGER NOT NULL, gave_at INTEGER, pledges_active INTEGER NOT NULL,
    pledges_failing INTEGER NOT NULL, rows_hash INTEGER NOT NULL
) STRICT;
CREATE INDEX people_seen ON people (last_seen);
CREATE INDEX people_support ON people (region, support) WHERE support IS NOT NULL;
-- Channels that are closed to everyone, separated by blanks.
CREATE TABLE closed (fragment INTEGER PRIMARY KEY, channels TEXT NOT NULL) STRICT;
-- election '': all that the committee was given, whatever election it was for.
CREATE TABLE given (
    fragment INTEGER NOT NULL, committee TEXT NOT NULL, election TEXT NOT NULL, currency TEXT NOT NULL,
    net INTEGER NOT NULL, at INTEGER, PRIMARY KEY (fragment, committee, election, currency)
) STRICT, WITHOUT ROWID;
CREATE INDEX given_to ON given (committee, election, currency, net);
CREATE TABLE ballots (
    fragment INTEGER NOT NULL, election TEXT NOT NULL, status TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (fragment, election)
) STRICT, WITHOUT ROWID;
CREATE INDEX ballots_by ON ballots (election, status);

-- fragment: the contact that it is about; NULL where it is about a campaign, team, source, topic or experiment.
CREATE TABLE alerts (
    alert TEXT PRIMARY KEY, rule TEXT NOT NULL, subject TEXT, fragment INTEGER, at INTEGER NOT NULL,
    detail TEXT NOT NULL, evidence TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_at ON alerts (at);
CREATE INDEX alerts_of ON alerts (fragment) WHERE fragment IS NOT NULL;

-- Refused records by cause; of the records themselves nothing is kept but which they were.
CREATE TABLE causes (
    cause INTEGER PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL, stage TEXT NOT NULL, topic TEXT NOT NULL,
    source TEXT NOT NULL, type TEXT NOT NULL, UNIQUE (reason, detail, stage, topic, source, type)
) STRICT;
CREATE TABLE letters (
    letter TEXT PRIMARY KEY, cause INTEGER NOT NULL, at INTEGER NOT NULL, requeued INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX letters_by ON letters (cause, at);
CREATE INDEX letters_at ON letters (at);

-- Who looked at whom, of `audit-log`. fragment: NULL once that person was erased.
CREATE TABLE views (
    seq INTEGER PRIMARY KEY, record TEXT NOT NULL, place INTEGER NOT NULL, at INTEGER NOT NULL, viewer TEXT NOT NULL,
    what TEXT NOT NULL, fragment INTEGER, decision TEXT, reason TEXT, UNIQUE (record, place)
) STRICT;
CREATE INDEX views_at ON views (at);
CREATE INDEX views_of ON views (fragment, at) WHERE fragment IS NOT NULL;
CREATE INDEX views_by ON views (viewer, at);

CREATE TABLE holds (
    campaign TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER, by TEXT NOT NULL, PRIMARY KEY (campaign, at)
) STRICT, WITHOUT ROWID;
"""

SEGMENTS_SQL = """
-- How many were in a segment at the end of each quarter of an hour in which a partition said so: `segment-counts` holds
-- the latest alone.
CREATE TABLE members (
    segment TEXT NOT NULL, partition INTEGER NOT NULL, slot INTEGER NOT NULL, members INTEGER NOT NULL,
    PRIMARY KEY (segment, partition, slot)
) STRICT, WITHOUT ROWID;
"""

SUMS_SQL = f"""
DROP INDEX IF EXISTS people_failing;
CREATE INDEX people_failing ON people (last_seen) WHERE pledges_failing > 0;

-- The same by five minutes, told apart by {", ".join(BROAD_LABELS)} alone: series has '' for all others. They are few,
-- so that hours and evenings are quick. last: the last minute in which any of it happened.
CREATE TABLE fives (
    slot INTEGER NOT NULL, series INTEGER NOT NULL, happened INTEGER NOT NULL, counted INTEGER NOT NULL,
    amount INTEGER NOT NULL, supporters INTEGER NOT NULL, machine INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (slot, series)
) STRICT, WITHOUT ROWID;

-- The sums of `hours` over all that are kept.
CREATE TABLE totals (
    series INTEGER PRIMARY KEY, happened INTEGER NOT NULL, counted INTEGER NOT NULL, amount INTEGER NOT NULL,
    supporters INTEGER NOT NULL, machine INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL
) STRICT;

-- The sums of `given` and the counts of `ballots` over the people of each region, '' where it is not known. people: of
-- `given` those who have given more than they got back.
CREATE TABLE committee_stock (
    committee TEXT NOT NULL, election TEXT NOT NULL, currency TEXT NOT NULL, region TEXT NOT NULL, net INTEGER NOT NULL,
    people INTEGER NOT NULL, PRIMARY KEY (committee, election, currency, region)
) STRICT, WITHOUT ROWID;
CREATE TABLE ballot_stock (
    election TEXT NOT NULL, status TEXT NOT NULL, region TEXT NOT NULL, people INTEGER NOT NULL,
    PRIMARY KEY (election, status, region)
) STRICT, WITHOUT ROWID;
"""
"""What pages ask for most, in order or added up: it follows from the other tables, and `SUM_UP` makes sums of them."""

_NAMES = "happened, counted, amount, supporters, machine"
_ADDED_UP = ", ".join(f"sum(c.{name})" for name in _NAMES.split(", "))
_BROAD = ", ".join(f"{label if label in BROAD_LABELS else repr('')}" for label in LABELS)
SUM_UP_TOTALS = (
    "DELETE FROM totals",
    f"INSERT INTO totals SELECT c.series, {_ADDED_UP}, min(c.first), max(c.last) FROM hours AS c GROUP BY c.series",  # nosec B608 # names of ours
)
"""Make the sums over all hours anew."""
SUM_UP = (
    *SUM_UP_TOTALS,
    "DELETE FROM fives",
    f"INSERT OR IGNORE INTO series (coarse, {', '.join(LABELS)}) SELECT DISTINCT 0, {_BROAD} FROM series",  # nosec B608 # the same
    "UPDATE series SET coarse = series WHERE coarse = 0",
    f"""WITH broad (series, number) AS MATERIALIZED (SELECT s.series, b.series FROM series AS s JOIN series AS b
        ON ({", ".join(f"b.{label}" for label in LABELS)})
        = ({", ".join(f"s.{label}" if label in BROAD_LABELS else repr("") for label in LABELS)}))
    INSERT INTO fives SELECT c.minute / {COARSE_MS} * {COARSE_MS} AS slot, b.number, {_ADDED_UP}, max(c.minute)
    FROM cells AS c JOIN broad AS b USING (series) GROUP BY slot, b.number""",  # nosec B608 # the same
    "DELETE FROM committee_stock",
    """INSERT INTO committee_stock SELECT g.committee, g.election, g.currency, coalesce(p.region, ''), sum(g.net),
    sum(g.net > 0) FROM given AS g JOIN people AS p USING (fragment) GROUP BY 1, 2, 3, 4""",
    "DELETE FROM ballot_stock",
    """INSERT INTO ballot_stock SELECT b.election, b.status, coalesce(p.region, ''), count(*)
    FROM ballots AS b JOIN people AS p USING (fragment) GROUP BY 1, 2, 3""",
)
"""Make all sums anew."""
EXPORTS_SQL = """
-- Lists of people that somebody took, of `audit-log`. of: the segment or campaign, NULL for none; people: how many,
-- NULL where nobody wrote that down.
CREATE TABLE exports (
    record TEXT PRIMARY KEY, at INTEGER NOT NULL, viewer TEXT NOT NULL, what TEXT NOT NULL, of TEXT, channel TEXT,
    people INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX exports_at ON exports (at);
"""


def statements(schema: str) -> Iterator[str]:
    """The statements of a text, one by one."""
    return filter(None, map(str.strip, schema.split(";\n")))


FROM_NOTHING = (*statements(SCHEMA_SQL), *statements(SUMS_SQL), *statements(EXPORTS_SQL), *statements(SEGMENTS_SQL))
"""Makes the tables of an empty desk."""
