"""One run: reads a vendor's list whole, compares, and only then writes, so that a run that is refused changes nothing.

Reading may take hours, so everybody is judged once all is read, and each again just before their change is made. A run
that was interrupted goes on from its journal.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from streams.domain.vendors.reconciling import VendorAct, VendorOutcome
from streams.domain.vendors.tags import MOST_REMOVED, removes_too_many
from streams.services.vendors.journal import ReadPerson, SyncJournal
from streams.services.vendors.judging import PeopleJudge
from streams.services.vendors.vendor import DueChange, Made, Vendor

JUDGED_AT_ONCE = 250
_ORDER: tuple[VendorAct, ...] = ("remove", "add")
"""Whoever is to lose a tag loses it first."""


@dataclass(frozen=True, slots=True)
class SyncOrder:
    """What a run may do. `write`: change anything; `most`: per cent of a tag's people from whom it is taken off."""

    write: bool = False
    most: int = MOST_REMOVED


@dataclass(slots=True)
class SyncResult:
    """How a run went. `made`: changes by act, those of a run before it that was interrupted too.

    `held`: who had the tag before the first change. `is_refused`: it would be taken off too many of them in all, and
    nothing more was changed. `not_taken`: changes that the vendor would not take. `policy_version`: of the policy by
    which people were judged last. `made_before`: those of `made` from before an interruption, who are in no outcome.
    """

    read: int
    held: int
    outcomes: Counter[VendorOutcome]
    made: Counter[str] = field(default_factory=Counter)
    is_refused: bool = False
    not_taken: int = 0
    policy_version: str = ""
    made_before: Mapping[VendorAct, int] = field(default_factory=dict)

    def due(self, act: VendorAct) -> int:
        """How many changes of a kind there were to be made."""
        return sum(number for outcome, number in self.outcomes.items() if outcome.act == act)


class VendorSync:
    """A run of one vendor. `told` is told what is being done."""

    def __init__(self, vendor: Vendor, journal: SyncJournal, judge: PeopleJudge, told: Callable[[str], object]) -> None:
        self._vendor = vendor
        self._journal = journal
        self._judge = judge
        self._told = told

    async def run(self, order: SyncOrder) -> SyncResult:
        """Read, compare, and write. Raises `VendorTrouble`, `Unusable` and SinkUnavailable; then it can go on."""
        await self._read_held()
        await self._read_people()
        before = {act: self._journal.made(act) for act in _ORDER}
        result = await self._compare()
        result.made_before = before
        removed = before["remove"]
        result.is_refused = removes_too_many(removed + result.due("remove"), result.held, order.most)
        if result.is_refused:
            result.made["remove"] = removed
            self._journal.read_anew()
            return result
        if order.write:
            for act in _ORDER:
                await self._write(act, result)
        result.made.update({act: self._journal.made(act) for act in _ORDER})
        result.policy_version = self._judge.policy_version
        if order.write or not any(result.made.values()):
            self._journal.finish()
        else:
            self._journal.read_anew()
        return result

    async def _read_held(self) -> None:
        if self._journal.is_done("held"):
            return
        place = self._journal.place("held")
        if place is None:
            self._journal.clear("held")
        async for page in self._vendor.held(place):
            self._journal.keep_held(page.entries, page.after)
        self._journal.end("held")

    async def _read_people(self) -> None:
        if self._journal.is_done("people"):
            return
        place = self._journal.place("people")
        if place is None:
            self._journal.clear("people")
        read = self._journal.people_count()
        async for page in self._vendor.people(place):
            self._journal.keep_people(page.people, page.held, page.after)
            read += len(page.people)
            self._told(f"{self._vendor.title}: {read:,} people read")
        for key in self._journal.unseen():
            if (page_of_one := await self._vendor.one(key)) is not None:
                self._journal.keep_people(page_of_one.people)
        self._journal.end("people")

    async def _compare(self) -> SyncResult:
        self._told(f"{self._vendor.title}: comparing")
        self._journal.plan_anew()
        counted: Counter[VendorOutcome] = Counter()
        for page in self._journal.everybody(JUDGED_AT_ONCE):
            outcomes = await self._judge.outcomes(page)
            changes = zip(outcomes, page, strict=True)
            self._journal.keep_due((outcome.act, each.person.id) for outcome, each in changes if outcome.act != "leave")
            counted.update(outcomes)
        held = self._journal.held_count() + self._journal.made("remove")
        return SyncResult(self._journal.people_count(), held, counted)

    async def _write(self, act: VendorAct, result: SyncResult) -> None:
        make = self._vendor.add if act == "add" else self._vendor.remove
        left = result.due(act)
        while batch := self._journal.due(act, self._vendor.at_once):
            self._told(f"{self._vendor.title}: {left:,} changes left")
            due = await self._still_due(act, batch)
            done = await make(due) if due else Made(0)
            result.not_taken += done.not_taken
            self._journal.settle(act, batch, done.made)
            left -= len(batch)

    async def _still_due(self, act: VendorAct, batch: Sequence[ReadPerson]) -> list[DueChange]:
        """Those for whom what was planned is right now as well."""
        outcomes = await self._judge.outcomes(batch)
        rows = zip(batch, outcomes, strict=True)
        return [DueChange(each.person, each.handle or "") for each, outcome in rows if outcome.act == act]
