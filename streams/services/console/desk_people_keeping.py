"""Keeps what the desk has of profiles: people, what they gave, their ballots, and the sums of both by region."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from streams.services.console.desk import Desk
from streams.services.console.desk_profiles import ProfileRow

TABLES = ("people", "given", "ballots", "committee_stock", "ballot_stock")
_COLUMNS = (
    "version", "first_seen", "last_seen", "region", "postal_code", "time_zone", "support", "support_at", "attempts",
    "contacts", "canvassed_at", "email_status", "subscribed", "gifts", "gave_at", "pledges_active", "pledges_failing",
    "rows_hash",
)  # fmt: skip
_REGION = _COLUMNS.index("region") - 1
_PERSON = f"""INSERT INTO people (fragment, {", ".join(_COLUMNS)}) VALUES (?{", ?" * len(_COLUMNS)})
    ON CONFLICT DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
    WHERE excluded.version > version"""  # nosec B608 # columns of ours
_GIVEN = "SELECT committee, election, currency, net, at FROM given WHERE fragment = ?"
_BALLOTS = "SELECT election, status, at FROM ballots WHERE fragment = ?"
_ADD_GIVEN = """INSERT INTO committee_stock VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET net = net + excluded.net, people = people + excluded.people"""
_ADD_BALLOTS = """INSERT INTO ballot_stock VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET people = people + excluded.people"""


class PeopleKeeper:
    """Takes profiles into the desk. `settle` brings the sums up to what was taken; call it before a commit."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._given: defaultdict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        self._ballots: defaultdict[tuple[str, str, str], int] = defaultdict(int)

    def take(self, fragment: int, row: ProfileRow) -> None:
        """Take the profile of somebody, unless a later one is known."""
        found = self._desk.one("SELECT rows_hash, region FROM people WHERE fragment = ?", (fragment,))
        known, region = found or (0, None)
        if not self._desk.run(_PERSON, (fragment, row.version, *row.person)):
            return
        new_region = row.person[_REGION]
        if known == row.person[-1] and region == new_region:
            return
        if known:
            self._drop_rows(fragment, region or "")
        for table, columns, rows in (("given", 5, row.given), ("ballots", 3, row.ballots)):
            sql = f"INSERT INTO {table} VALUES (?{', ?' * columns})"  # nosec B608 # tables of ours
            self._desk.run_many(sql, [(fragment, *each) for each in rows])
        self._count(row.given, row.ballots, new_region or "", 1)

    def drop(self, fragment: int) -> None:
        """Forget somebody's profile."""
        found = self._desk.one("SELECT region FROM people WHERE fragment = ?", (fragment,))
        if found is not None:
            self._drop_rows(fragment, found[0] or "")
            self._desk.run("DELETE FROM people WHERE fragment = ?", (fragment,))

    def forget(self) -> None:
        """Forget all profiles."""
        for table in TABLES:
            self._desk.run(f"DELETE FROM {table}")  # nosec B608 # tables of ours

    def settle(self) -> None:
        """Bring the sums up to all that was taken."""
        self._desk.run_many(_ADD_GIVEN, [(*place, *sums) for place, sums in self._given.items() if any(sums)])
        self._desk.run_many(_ADD_BALLOTS, [(*place, count) for place, count in self._ballots.items() if count])
        self._given.clear()
        self._ballots.clear()

    def _drop_rows(self, fragment: int, region: str) -> None:
        self._count(self._desk.rows(_GIVEN, (fragment,)), self._desk.rows(_BALLOTS, (fragment,)), region, -1)
        for table in ("given", "ballots"):
            self._desk.run(f"DELETE FROM {table} WHERE fragment = ?", (fragment,))  # nosec B608 # tables of ours

    def _count(
        self, given: Iterable[tuple[Any, ...]], ballots: Iterable[tuple[Any, ...]], region: str, sign: int
    ) -> None:
        for committee, election, currency, net, _ in given:
            sums = self._given[committee, election, currency, region]
            sums[0] += sign * net
            sums[1] += sign * (net > 0)
        for election, status, _ in ballots:
            self._ballots[election, status, region] += sign
