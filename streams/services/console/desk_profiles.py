"""What the desk keeps of profiles, suppressions, alerts, refused records and views, as functions from records to rows.

Each gives None for a record that Harmonia cannot have written.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from events.dead_letters import Headers
from events.json_types import UNREADABLE
from events.times import parse_time
from streams.domain.dead_letter_repair.causes import cause_of
from streams.domain.dead_letter_repair.letters import RecordPosition, read_letter

Read = TypeVar("Read")
ERASED = "erased"


class _Zones(Struct, frozen=True):
    time_zone: str | None = None
    region: str | None = None
    postal_code: str | None = None


class _Canvass(Struct, frozen=True):
    attempts: int = 0
    contacts: int = 0
    last_at: str | None = None
    support: int | None = None
    support_at: str | None = None


class _Mail(Struct, frozen=True):
    subscribed: bool = True
    status: str = "ok"


class _Pledge(Struct, frozen=True):
    status: str


class _Total(Struct, frozen=True):
    net: dict[str, int] = {}
    last_at: str | None = None
    elections: dict[str, dict[str, int]] = {}


class _Donations(Struct, frozen=True):
    count: int = 0
    last_at: str | None = None
    pledges: list[_Pledge] = []
    by_committee: dict[str, _Total] = {}


class _Ballot(Struct, frozen=True):
    status: str
    at: str


class _Profile(Struct, frozen=True):
    version: int
    first_seen: str | None = None
    last_seen: str | None = None
    email: _Mail = _Mail()
    donations: _Donations = _Donations()
    canvass: _Canvass = _Canvass()
    ballot: dict[str, _Ballot] = {}
    zones: _Zones = _Zones()


class ProfileRow(NamedTuple):
    """A profile as the desk keeps it. `person`: the columns of `people` after the version.

    `given`: committee, election ('' for all), currency, net, time of the last gift. `ballots`: election, status, time.
    """

    version: int
    person: tuple[Any, ...]
    given: Sequence[tuple[str, str, str, int, int | None]]
    ballots: Sequence[tuple[str, str, int]]


_read_profile = msgspec.json.Decoder(_Profile).decode


def read_profile(value: bytes) -> ProfileRow | None:
    """The row of a record of `contact-state`."""
    found = _decoded(_read_profile, value)
    if found is None:
        return None
    canvass, donations, mail, zones = found.canvass, found.donations, found.email, found.zones
    statuses = [pledge.status for pledge in donations.pledges]
    person = (
        _ms(found.first_seen), _ms(found.last_seen), zones.region, zones.postal_code, zones.time_zone, canvass.support,
        _ms(canvass.support_at), canvass.attempts, canvass.contacts, _ms(canvass.last_at), mail.status,
        int(mail.subscribed), donations.count, _ms(donations.last_at), statuses.count("active"),
        statuses.count("failing"),
    )  # fmt: skip
    given = list(_given(donations))
    ballots = [(election, ballot.status, _ms(ballot.at) or 0) for election, ballot in found.ballot.items()]
    digest = blake2b(repr((given, ballots)).encode(), digest_size=8).digest() if given or ballots else bytes(8)
    rows_hash = int.from_bytes(digest, "big", signed=True)
    return ProfileRow(found.version, (*person, rows_hash), given, ballots)


def _given(donations: _Donations) -> Iterator[tuple[str, str, str, int, int | None]]:
    for committee, total in donations.by_committee.items():
        at = _ms(total.last_at)
        for currency, net in total.net.items():
            yield committee, "", currency, net, at
        for election, sums in total.elections.items():
            for currency, net in sums.items():
                yield committee, election, currency, net, at


class _Link(Struct, frozen=True):
    merged_into: str


_read_link = msgspec.json.Decoder(_Link).decode


def read_link(value: bytes) -> str | None:
    """Whom the contact of a record of `contact-links` was merged into."""
    found = _decoded(_read_link, value)
    return None if found is None else found.merged_into


class _Closing(Struct, frozen=True):
    reason: str
    since: str


class ClosedChannels(NamedTuple):
    """Which channels are closed to everyone; `erased_at`: when the person was erased, if that is why, ms."""

    channels: tuple[str, ...]
    erased_at: int | None


_read_closings = msgspec.json.Decoder(dict[str, _Closing]).decode


def read_closed(value: bytes) -> ClosedChannels | None:
    """The row of a record of `contact-suppressions`."""
    found = _decoded(_read_closings, value)
    if found is None:
        return None
    erased = [_ms(closing.since) or 0 for closing in found.values() if closing.reason == ERASED]
    return ClosedChannels(tuple(sorted(found)), max(erased, default=None))


class _Evidence(Struct, frozen=True):
    source: str
    id: str


class _Alert(Struct, frozen=True):
    alert_id: str
    rule: str
    at: str
    detail: str = ""
    evidence: list[_Evidence] = []
    contact_id: str | None = None
    subject: str | None = None


class AlertRow(NamedTuple):
    """An alert; `contact_id`: of whom, `subject`: of what else. `evidence`: JSON, pairs of source and id."""

    alert_id: str
    rule: str
    subject: str | None
    contact_id: str | None
    at: int
    detail: str
    evidence: str


_read_alert = msgspec.json.Decoder(_Alert).decode


def read_alert(value: bytes) -> AlertRow | None:
    """The row of a record of `contact-alerts` or `system-alerts`."""
    found = _decoded(_read_alert, value)
    at = None if found is None else _ms(found.at)
    if found is None or at is None:
        return None
    evidence = msgspec.json.encode([(each.source, each.id) for each in found.evidence]).decode()
    return AlertRow(found.alert_id, found.rule, found.subject, found.contact_id, at, found.detail, evidence)


class LetterRow(NamedTuple):
    """A refused record: its name, its cause (reason, detail, stage, topic, source, type), when it was refused."""

    name: str
    cause: tuple[str, str, str, str, str, str]
    at: int


def read_letter_row(topic: str, partition: int, offset: int, record: tuple[bytes | None, Headers]) -> LetterRow | None:
    """The row of a record of `dead-letters`, of its value and headers."""
    letter = read_letter(RecordPosition(topic, partition, offset), None, *record)
    if letter is None:
        return None
    reason, detail, stage, of, source, type_ = cause_of(letter)
    return LetterRow(letter.name, (reason, detail, stage, of, source or "", type_ or ""), letter.time)


class _Answer(Struct, frozen=True):
    contact_id: str
    decision: str | None = None
    reason: str | None = None


class _Rows(Struct, frozen=True):
    rows: int
    decision: str = ""


class _Audited(Struct, frozen=True):
    at: str
    what: str
    team: str = ""
    viewer: str | None = None
    reason: str | None = None
    answers: list[_Answer] = []
    counts: list[_Rows] = []
    channel: str | None = None
    campaign_id: str | None = None
    segment: str | None = None
    detail: str | None = None
    reserved_s: int | None = None


class ViewRow(NamedTuple):
    """That somebody looked at a person."""

    at: int
    viewer: str
    what: str
    contact_id: str
    decision: str | None
    reason: str | None


_read_audited = msgspec.json.Decoder(_Audited).decode
_OF_LISTS = "permission"


def read_views(value: bytes) -> Sequence[ViewRow]:
    """The views in a record of `audit-log`: of each person whose record was looked at, not of those on a list."""
    found = _decoded(_read_audited, value)
    at = None if found is None else _ms(found.at)
    if found is None or at is None or found.what == _OF_LISTS:
        return ()
    viewer = found.viewer or found.team
    return [
        ViewRow(at, viewer, found.what, each.contact_id, each.decision, found.reason or each.reason)
        for each in found.answers
    ]


class ExportRow(NamedTuple):
    """That somebody took a list of people; `of`: the segment or campaign, `people`: how many, None where not said.

    `what`: as `audit-log` has it, but `reserve` for a list whose people were reserved.
    """

    at: int
    viewer: str
    what: str
    of: str | None
    channel: str | None
    people: int | None


_TAKES = ("list", "export")
_AUDIENCE = "audience"
_RESERVED = "reserve"


def read_export(value: bytes) -> ExportRow | None:
    """The row of a record of `audit-log` that says that a list of people was taken.

    An audience for ads is one once it was exported, of those alone who are in it.
    """
    found = _decoded(_read_audited, value)
    at = None if found is None else _ms(found.at)
    if found is None or at is None or not (found.counts or found.what in _TAKES):
        return None
    if found.what == _AUDIENCE and found.detail != "exported":
        return None
    rows = [each.rows for each in found.counts if found.what != _AUDIENCE or each.decision == "allow"]
    people = sum(rows) or len(found.answers) or (0 if found.what == _AUDIENCE else None)
    of = found.segment or found.campaign_id
    what = _RESERVED if found.reserved_s else found.what
    return ExportRow(at, found.viewer or found.team, what, of, found.channel, people)


class _Hold(Struct, frozen=True):
    at: str
    by: str = ""
    until: str | None = None


class HoldRow(NamedTuple):
    """That a campaign is held until a time, for ever where that is None."""

    at: int
    until: int | None
    by: str


_read_hold = msgspec.json.Decoder(_Hold).decode


def read_hold_row(value: bytes) -> HoldRow | None:
    """The row of a record of `campaign-holds` about a campaign."""
    found = _decoded(_read_hold, value)
    at = None if found is None else _ms(found.at)
    return None if found is None or at is None else HoldRow(at, _ms(found.until), found.by)


def _decoded(decode: Callable[[bytes], Read], value: bytes) -> Read | None:
    try:
        return decode(value)
    except UNREADABLE:
        return None


def _ms(text: str | None) -> int | None:
    return None if text is None else parse_time(text)
