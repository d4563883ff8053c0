"""What of a profile is due: what came from one source, or all of who has done nothing since; and the commands."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson

from events.inactivity import InactivityRule, is_inactive
from events.json_types import JSON
from events.outputs import ContactProfile
from events.provenance_rules import ProvenanceRule, is_due
from events.times import render_time

COMMAND = "contact.provenance_forgotten"
ERASURE = "contact.erased_if_inactive"
_NAMESPACE = uuid.UUID("6f0c2c1e-6c3f-4f0e-9a52-7a3a5b1d0c7e")


class DueItem(NamedTuple):
    """One entry of somebody's `provenance` that is due. `whole`: all of its interactions are, not only the first."""

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


def due_items(profile: ContactProfile, rule: ProvenanceRule) -> tuple[DueItem, ...]:
    """What is due of a profile; nothing where its interactions say nothing of such a source, or all came later."""
    end = render_time(rule.until)
    return tuple(
        DueItem(item.get("file", ""), item["count"], item["last_at"] <= end)
        for item in profile.get("provenance", ())
        if is_due(item, rule)
    )


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


def commands_on(names: Iterable[str], rule: ProvenanceRule, source: str) -> Iterable[bytes]:
    """A command for each identifier of the people who are due. One that is made again is the same one."""
    for name in names:
        said = "\n".join([rule.kind, rule.file or "", str(rule.until), name])
        data: dict[str, JSON] = {"contact": {"contact_id": name}, "kind": rule.kind}
        if rule.file is not None:
            data["file"] = rule.file
        head: dict[str, JSON] = {"specversion": "1.0", "source": source, "type": COMMAND}
        yield orjson.dumps(
            {**head, "id": str(uuid.uuid5(_NAMESPACE, said)), "time": render_time(rule.until), "data": data}
        )
