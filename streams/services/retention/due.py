"""What of a profile is due: of one source or purpose, or all of who has done nothing since; and the commands."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from events.inactivity import InactivityRule, is_inactive
from events.json_types import JSON
from events.outputs import ContactProfile
from events.provenance_rules import ForgettingRule, PurposeRule, due_entries, due_words
from events.times import render_time

OF_SOURCE = "contact.provenance_forgotten"
OF_PURPOSE = "contact.purpose_forgotten"
ERASURE = "contact.erased_if_inactive"
_NAMESPACE = uuid.UUID("6f0c2c1e-6c3f-4f0e-9a52-7a3a5b1d0c7e")


class DueItem(NamedTuple):
    """An entry of somebody's `provenance` that is due. `whole`: all of its interactions are, not only the first.

    `file` is empty where it names none, and for each yes for a purpose that no such entry is about.
    """

    file: str
    interactions: int
    whole: bool


class DueReport(NamedTuple):
    """How many people have something that is due, of how many; `files`: people by file, empty for none.

    `interactions`: those of entries that are due as a whole; `partly`: entries of which later interactions stay.
    `asked`: people who are not due only since they wait for an answer to a request of theirs.
    """

    people: int
    known: int
    interactions: int
    partly: int
    files: Mapping[str, int]
    asked: int = 0


def due_items(profile: ContactProfile, rule: ForgettingRule) -> tuple[DueItem, ...]:
    """What is due of a profile; nothing where its interactions name no such source or purpose, or all came later.

    A yes for a purpose may be one of the interactions of an entry, so of these only those are counted that are more.
    """
    end = render_time(rule.until)
    items = [
        DueItem(item.get("file", ""), item["count"], item["last_at"] <= end) for item in due_entries(profile, rule)
    ]
    more = len(due_words(profile, rule)) - sum(item.interactions for item in items)
    return (*items, DueItem("", more, whole=True)) if more > 0 else tuple(items)


def inactive_items(profile: ContactProfile, rule: InactivityRule) -> tuple[DueItem, ...]:
    """All that is known of somebody who has done nothing for so long; nothing of anybody else."""
    if not is_inactive(profile, rule):
        return ()
    return (DueItem("", sum(profile["counts"].values()), whole=True),)


def people_of(ids: Iterable[str], into: Mapping[str, str]) -> frozenset[str]:
    """These ids and whomever they lead to. `into`: of each absorbed id the survivor, who may be absorbed in turn."""
    found = {*ids}
    ahead = [*found]
    while ahead:
        survivor = into.get(ahead.pop())
        if survivor is not None and survivor not in found:
            found.add(survivor)
            ahead.append(survivor)
    return frozenset(found)


def report_on(due: Mapping[str, tuple[DueItem, ...]], known: int, asked: int = 0) -> DueReport:
    """The report on what is due, by contact_id, of so many known people; `asked` more wait for an answer."""
    items = [item for each in due.values() for item in each]
    files: Counter[str] = Counter(file for each in due.values() for file in {item.file for item in each})
    whole = sum(item.interactions for item in items if item.whole)
    partly = sum(not item.whole for item in items)
    return DueReport(sum(map(bool, due.values())), known, whole, partly, dict(sorted(files.items())), asked)


def erasures_of(names: Iterable[str], rule: InactivityRule, source: str, now: int) -> Iterable[bytes]:
    """An erasure for each of the people who are due, decided `now` (ms): in vain where they have acted since `until`.

    `names`: the identifiers that name them. One that is made again of the same rule is the same one.
    """
    for name in names:
        said = "\n".join(["inactive", str(rule.until), name])
        head: dict[str, JSON] = {"specversion": "1.0", "source": source, "type": ERASURE}
        data: dict[str, JSON] = {"contact": {"contact_id": name}, "inactive_since": render_time(rule.until)}
        yield orjson.dumps({**head, "id": str(uuid.uuid5(_NAMESPACE, said)), "time": render_time(now), "data": data})


def commands_on(names: Iterable[str], rule: ForgettingRule, source: str) -> Iterable[bytes]:
    """A command for each identifier of the people who are due. One that is made again is the same one."""
    type_, about, words = _command(rule)
    for name in names:
        said = "\n".join([*words, str(rule.until), name])
        head: dict[str, JSON] = {"specversion": "1.0", "source": source, "type": type_}
        data: dict[str, JSON] = {"contact": {"contact_id": name}, **about}
        yield orjson.dumps(
            {**head, "id": str(uuid.uuid5(_NAMESPACE, said)), "time": render_time(rule.until), "data": data}
        )


def _command(rule: ForgettingRule) -> tuple[str, dict[str, JSON], Sequence[str]]:
    """Its type, what it says but for the person, and what makes its id another one than those of other rules."""
    if isinstance(rule, PurposeRule):
        return OF_PURPOSE, {"purpose": rule.purpose}, ("purpose", rule.purpose, "")
    file: dict[str, JSON] = {} if rule.file is None else {"file": rule.file}
    return OF_SOURCE, {"kind": rule.kind, **file}, (rule.kind, rule.file or "")
