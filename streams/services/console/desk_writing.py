"""Writes what topics say into the desk, a batch of records in one transaction together with how far they were read.

So whoever starts again after a crash at any point goes on exactly where the desk ends. Records that come twice all the
same, since a topic was made anew or is read from its start again, change nothing.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from functools import partial

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
from streams.services.console.desk import Desk
from streams.services.console.desk_batches import Limits, Position, TopicRecord, Written
from streams.services.console.desk_counting import EventKeeper
from streams.services.console.desk_events import COMMANDS, ErasureCommand, EventRow, read_event
from streams.services.console.desk_names import ErasedNames, Fragments, SeriesNumbers
from streams.services.console.desk_notices_keeping import (
    keep_hold,
    keep_letter,
    keep_members,
    keep_requeued,
    text_of,
)
from streams.services.console.desk_people_keeping import PeopleKeeper
from streams.services.console.desk_profiles import (
    ERASED,
    read_alert,
    read_closed,
    read_export,
    read_link,
    read_profile,
    read_views,
)
from streams.services.console.desk_schema import MINUTE_MS

NOTHING: tuple[()] = ()
_REMEMBERED = 200_000


class DeskWriter:
    """The one writer of a desk. After an error it must not be used again: make another one on the same desk.

    `left`: names of erased people that are no longer in the desk, whose bytes are to be wiped; take them from it.
    """

    def __init__(self, desk: Desk, limits: Limits) -> None:
        self.desk = desk
        self._limits = limits
        self._salt = _salt(desk)
        self.series = SeriesNumbers(desk)
        self.fragments = Fragments(desk)
        self._erased = ErasedNames(desk, self._salt)
        self.events = EventKeeper(desk, self.fragments, self.series, self._erased)
        self._people = PeopleKeeper(desk)
        self.latest: int = desk.meta("latest") or 0
        self._latest_event: int = desk.meta("latest_event") or 0
        self._messages_since = self._acts_since = 0
        self.read_since()
        [self._minute] = desk.one("SELECT coalesce(max(minute), -1) FROM arrivals") or (-1,)
        self._unused: set[int] = set()
        self.left: set[str] = set()
        # Names that were dropped lately: an erasure may come in another batch than the null of the profile.
        self._dropped: set[str] = set()
        # Whether others were dropped before, by a writer that has ended or too long ago to remember.
        self._dropped_others = bool(self.positions())
        self._erased_late: list[str] = []
        self._counts = dict.fromkeys(("copies", "late", "unreadable", "erased"), 0)
        self._takes: Mapping[str, Callable[[TopicRecord], bool]] = {
            INTERACTIONS: self._interaction,
            CONTACT_STATE: self._profile,
            CONTACT_LINKS: self._link,
            CONTACT_SUPPRESSIONS: self._suppression,
            CONTACT_ALERTS: self._alert,
            SYSTEM_ALERTS: self._alert,
            DEAD_LETTERS: partial(keep_letter, desk),
            DEAD_LETTERS_REQUEUED: partial(keep_requeued, desk),
            AUDIT_LOG: self._view,
            CAMPAIGN_HOLDS: partial(keep_hold, desk),
            SEGMENT_COUNTS: partial(keep_members, desk),
        }

    def write(self, records: Iterable[TopicRecord], positions: Iterable[Position]) -> Written:
        """Write a batch, and how far it was read. Raises `sqlite3.Error`, and then has written nothing."""
        count = 0
        self._counts = dict.fromkeys(self._counts, 0)
        with self.desk.transaction():
            for record in latest_profiles(records):
                count += 1
                if not self._takes[record.topic](record):
                    self._counts["unreadable"] += 1
            self.events.settle()
            self._people.settle()
            left = self.drop_unused()
            self.desk.run_many(_POSITION, list(positions))
            if count:
                self.desk.set_meta("latest", self.latest)
                self.desk.set_meta("latest_event", self._latest_event or None)
        return Written(count, **self._counts, left=left)

    def read_since(self) -> None:
        """Read anew since when copies are recognised: rows were deleted since there were too many."""
        self._messages_since = self.desk.meta("messages_since") or 0
        self._acts_since = self.desk.meta("acts_since") or 0

    def positions(self) -> list[Position]:
        """How far each partition is read."""
        return [Position(*row) for row in self.desk.rows(f"SELECT {', '.join(Position._fields)} FROM positions")]  # nosec B608 # names of ours

    def begin_at(self, since: int) -> None:
        """Of a desk that is new: from this time on its figures are whole."""
        with self.desk.transaction():
            for name in ("cells_since", "events_since"):
                self.desk.set_meta(name, since)

    def start_over(self, topic: str) -> None:
        """A topic is read from its start again: of one that is compacted forget what it said, since nulls may be gone.

        What was erased stays so, and of other topics a record that comes again changes nothing.
        """
        with self.desk.transaction():
            self.desk.run("DELETE FROM positions WHERE topic = ?", (topic,))
            if topic == CONTACT_STATE:
                self._people.forget()
            if topic == CONTACT_SUPPRESSIONS:
                self.desk.run("DELETE FROM closed")
            if topic == CONTACT_LINKS:
                for (fragment,) in self.desk.rows("SELECT fragment FROM fragments WHERE contact <> fragment"):
                    self._give(fragment, fragment)
                self.events.settle()
            self.drop_unused(fragment for (fragment,) in self.desk.rows("SELECT fragment FROM fragments"))

    def drop_unused(self, fragments: Iterable[int] = NOTHING) -> list[str]:
        """Delete names of which nothing is left; returns those of erased people. In a transaction of the caller's."""
        dropped = self.fragments.drop_unused((*self._unused, *fragments))
        self._unused.clear()
        left = [name for name in dropped if self._erased.until(name) is not None]
        if len(self._dropped) >= _REMEMBERED:
            self._dropped.clear()
            self._dropped_others = True
        self._dropped.update(dropped)
        left += self._erased_late
        self._erased_late = []
        if left:
            self.desk.set_meta("wipe", 1)
            self.left.update(left)
        return left

    def _interaction(self, record: TopicRecord) -> bool:
        if record.key is None or record.value is None:
            return False
        row = read_event(text_of(record.key), record.value, self._salt)
        if row is None:
            return True
        if isinstance(row, ErasureCommand):
            for name in sorted(row.names):
                self._erase(name, row.time)
            return True
        clock = record.appended if self._limits.clock == "broker" else self._latest_event
        self._move_clock(row, record.appended)
        minute = self.latest // MINUTE_MS
        since = self._messages_since if row.message else self._acts_since
        if row.time < max(clock - self._limits.kept_ms, since):
            self._counts["late"] += 1
        elif not self.events.take(row):
            self._counts["copies"] += 1
        return self._arrived(minute)

    def _move_clock(self, row: EventRow, appended: int) -> None:
        """A command that is given while a demo's clock stands at an evening of the past leaves that clock there."""
        moment = 0 if row.labels[0] in COMMANDS else row.time
        self._latest_event = max(self._latest_event, moment)
        self.latest = max(self.latest, appended if self._limits.clock == "broker" else moment)

    def _arrived(self, minute: int) -> bool:
        """Remember from which row on interactions came in this minute."""
        if minute > self._minute:
            self._minute = minute
            self.desk.run("INSERT OR IGNORE INTO arrivals SELECT ?, coalesce(max(seq), 0) FROM events", (minute,))
        return True

    _minute = 0

    def _profile(self, record: TopicRecord) -> bool:
        if record.key is None:
            return False
        name = text_of(record.key)
        if record.value is None:
            if (fragment := self.fragments.find(name)) is not None:
                self._people.drop(fragment)
                self._unused.add(fragment)
            return True
        row = read_profile(record.value)
        if row is None:
            return False
        self._people.take(self.fragments.of(name), row)
        return True

    def _link(self, record: TopicRecord) -> bool:
        if record.key is None:
            return False
        name = text_of(record.key)
        survivor = None if record.value is None else read_link(record.value)
        if record.value is not None and survivor is None:
            return False
        if survivor is None:
            if (fragment := self.fragments.find(name)) is not None:
                self._give(fragment, fragment)
        elif not self._erased.is_erased(name) and not self._erased.is_erased(survivor):
            self._give(self.fragments.of(name), self.fragments.of(survivor))
        return True

    def _give(self, fragment: int, contact: int) -> None:
        before = self.fragments.contact_of(fragment)
        if before != contact:
            self.desk.run("UPDATE fragments SET contact = ? WHERE fragment = ?", (contact, fragment))
            self.events.changed_hands(fragment)
            self._unused |= {before, fragment}

    def _suppression(self, record: TopicRecord) -> bool:
        if record.key is None:
            return False
        name = text_of(record.key)
        closed = None if record.value is None else read_closed(record.value)
        if record.value is not None and closed is None:
            return False
        if closed is not None and closed.erased_at is not None:
            self._erase(name, closed.erased_at)
            return True
        self._erased.begin(name)
        if closed is not None:
            self.desk.run(
                "INSERT INTO closed VALUES (?, ?) ON CONFLICT DO UPDATE SET channels = excluded.channels",
                (self.fragments.of(name), " ".join(closed.channels)),
            )
        elif (fragment := self.fragments.find(name)) is not None:
            self.desk.run("DELETE FROM closed WHERE fragment = ?", (fragment,))
            self._unused.add(fragment)
        return True

    def _erase(self, name: str, until: int) -> None:
        """Take from a name all that happened up to an erasure. Its profile goes with the null of `contact-state`."""
        until = max(until, self._erased.until(name) or 0)
        fragment = self.fragments.find(name)
        self._counts["erased"] += 1
        if fragment is None:
            if self._erased.until(name) != until or not self._erased.is_erased(name):
                self._erased.add(name, until, begun=False)
                if self._dropped_others or name in self._dropped:
                    self._erased_late.append(name)
            return
        begun = self.events.erase(fragment, until)
        self._erased.add(name, until, begun=begun)
        if not begun:
            for (linked,) in self.desk.rows(_LINKED, {"fragment": fragment}):
                self._give(linked, linked)
        self.desk.run("DELETE FROM closed WHERE fragment = ?", (fragment,))
        self.desk.run("DELETE FROM alerts WHERE fragment = ?", (fragment,))
        self.desk.run("UPDATE views SET fragment = NULL WHERE fragment = ?", (fragment,))
        self._unused.add(fragment)

    def _alert(self, record: TopicRecord) -> bool:
        row = None if record.value is None else read_alert(record.value)
        if row is None:
            return False
        if row.rule == ERASED and row.contact_id is not None:
            self._receipt(row.contact_id, row.at)
        evidence, detail = row.evidence, row.detail
        fragment = self._named(row.contact_id, row.at)
        if row.contact_id is not None and fragment is None:
            evidence, detail = "[]", ""
        values = (row.alert_id, row.rule, row.subject, fragment, row.at, detail, evidence)
        self.desk.run("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", values)
        return True

    def _receipt(self, name: str, until: int) -> None:
        """Take from a name all that happened up to an erasure of which its receipt tells.

        It may be so old that nothing else does: then there is a new record. Where there is none other topics say so.
        """
        if until <= (self._erased.until(name) or -1):
            return
        fragment = self.fragments.find(name)
        if fragment is not None:
            self.events.erase(fragment, until)
            self.desk.run("DELETE FROM alerts WHERE fragment = ? AND at <= ?", (fragment, until))
            self.desk.run("UPDATE views SET fragment = NULL WHERE fragment = ? AND at <= ?", (fragment, until))
            self._unused.add(fragment)
        self._erased.add(name, until, begun=True)

    def _named(self, contact_id: str | None, at: int) -> int | None:
        """Whom something is about that was at a time; nobody, if that person was erased since."""
        if contact_id is None or self._erased.is_erased(contact_id) or at <= (self._erased.until(contact_id) or -1):
            return None
        return self.fragments.of(contact_id)

    def _view(self, record: TopicRecord) -> bool:
        place = f"{record.partition}/{record.offset}/{record.appended}"
        rows = [
            (place, number, row.at, row.viewer, row.what, self._named(row.contact_id, row.at), row.decision, row.reason)
            for number, row in enumerate(read_views(record.value or b""))
        ]
        self.desk.run_many(_VIEW, rows)
        if (taken := read_export(record.value or b"")) is not None:
            self.desk.run(_EXPORT, (place, *taken))
        return True


_LINKED = """SELECT fragment FROM fragments WHERE contact = :fragment AND contact <> fragment
    UNION ALL SELECT fragment FROM fragments WHERE fragment = :fragment AND contact <> fragment"""
_POSITION = """INSERT INTO positions VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET topic_id = excluded.topic_id,
    next = excluded.next, ends = excluded.ends, appended = excluded.appended, looked = excluded.looked"""
_EXPORT = "INSERT INTO exports VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_VIEW = """INSERT INTO views (record, place, at, viewer, what, fragment, decision, reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""


def latest_profiles(records: Iterable[TopicRecord]) -> list[TopicRecord]:
    """The records without profiles after which a later one of the same contact follows."""
    kept: list[TopicRecord] = []
    seen: set[bytes | None] = set()
    for record in reversed([*records]):
        if record.topic == CONTACT_STATE:
            if record.key in seen:
                continue
            seen.add(record.key)
        kept.append(record)
    return kept[::-1]


def _salt(desk: Desk) -> bytes:
    """A secret of this desk, made with it."""
    salt = desk.meta("salt")
    if salt is None:
        with desk.transaction():
            salt = secrets.token_bytes(32)
            desk.set_meta("salt", salt)
    return bytes(salt)
