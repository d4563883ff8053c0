"""The profile's `provenance`: where what is known of a person comes from, as far as interactions have said so.

Interactions that say the same of it are one entry, but for what was got after a notice of its kind and file: of that
another notice is asked. Addresses are shown as those interactions named them, so by the key that their hashes had then.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias, cast

from events.identifiers import is_address_hash, ref_of
from events.outputs import AddressRef, ProvenanceItem
from events.provenance_kinds import FORGOTTEN, ShownKind
from events.times import render_time
from streams.domain.contact.facts.notices import GivenNotice, Place, given_at, given_notices, notice_in, told_before
from streams.domain.contact.state import ContactState, Fact, Origin, RollEntry

MOST_ENTRIES = 500
"""More entries than anybody has but by a machine or a mistake."""

MOST_PLACES = 240
"""Of so many kinds, files and purposes the first one is always among them, by which it is found that something is due,
and the one of the notice that was given last."""


_Place: TypeAlias = tuple[str, str | None, str | None]
"""Kind, file and purpose."""


class _Said(NamedTuple):
    """What facts have to have in common to be one entry. `told`: how many notices had been given before it was got."""

    origin: Origin
    told: int


class Entries(NamedTuple):
    """The entries that are shown, and how many are not."""

    shown: list[ProvenanceItem]
    left_out: int


def provenance(contact_id: str, state: ContactState, origins: Sequence[Fact]) -> Entries:
    """The entries, the earliest first: of very many the first one of each kind, file and purpose, and the latest.

    Of notices of a kind, file and purpose the one that was given last is shown, too; of words on age the last yes and
    the last no. While there is room, so is the first of a kind and file that was got after all notices of it.

    `origins`: the facts that count and have an origin, in order.
    """
    given = given_notices(origins)
    of_each: dict[_Said, list[Fact]] = {}
    for fact in origins:
        if fact.origin is not None:
            of_each.setdefault(_Said(fact.origin, told_before(fact, given)), []).append(fact)
    own = contact_id if not state.mixed and is_address_hash(contact_id) else ""
    told = _told(of_each, given) if len(of_each) > MOST_ENTRIES else of_each
    shown = [
        _item(each.origin, of_each[each], () if each.origin.kind == FORGOTTEN else _named(of_each[each], own, state))
        for each in told
    ]
    return Entries(shown, len(of_each) - len(shown))


def _told(of_each: Mapping[_Said, Sequence[Fact]], given: Mapping[Place, Sequence[int]]) -> list[_Said]:
    """Those that are shown of too many, as `provenance` says."""
    kinds, firsts, entries = dict[str, int](), dict[_Place, int](), [*of_each]
    last, notices = dict[bool, int](), dict[_Place, int]()
    for number, (origin, _) in enumerate(entries):
        place = origin.kind, origin.file, origin.purpose
        kinds.setdefault(origin.kind, number)
        if len(firsts) < MOST_PLACES:
            firsts.setdefault(place, number)
        if origin.of_age is not None:
            said = last.setdefault(origin.of_age, number)
            last[origin.of_age] = max(said, number, key=lambda each: of_each[entries[each]][-1].stamp)
        if origin.notice is not None and place in firsts:
            notice = notices.setdefault(place, number)
            notices[place] = max(number, notice, key=lambda each: _given(entries[each].origin, of_each[entries[each]]))
    kept = {*kinds.values(), *firsts.values(), *last.values(), *notices.values()}
    for number in (*_after_all_notices(entries, given), *range(len(entries) - 1, -1, -1)):
        if len(kept) < MOST_ENTRIES:
            kept.add(number)
    return [entries[number] for number in sorted(kept)]


def _given(origin: Origin, facts: Sequence[Fact]) -> int:
    """When the notice of an entry was given last, ms."""
    return facts[-1].time if origin.notice is None else given_at(facts[-1], origin.notice)


def _after_all_notices(entries: Sequence[_Said], given: Mapping[Place, Sequence[int]]) -> Iterable[int]:
    """Of each kind and file the first entry of what was got after all notices of it."""
    found = dict[Place, int]()
    for number, (origin, told) in enumerate(entries):
        if told and told == len(given[origin.kind, origin.file]):
            found.setdefault((origin.kind, origin.file), number)
    return found.values()


def _named(facts: Iterable[Fact], own: str, state: ContactState) -> set[str]:
    """The hashes of the addresses that facts name. `own`: that of the fragment, which all of them do; empty: none."""
    named = {own} if own else set()
    for number in {fact.carried for fact in facts}:
        if isinstance(number, int) and number:
            named.update(name for name, _ in state.carried[number - 1].others if is_address_hash(name))
    return named


def _item(origin: Origin, facts: Sequence[Fact], named: Iterable[str]) -> ProvenanceItem:
    first = facts[0]
    item: ProvenanceItem = {
        "kind": cast(ShownKind, origin.kind),
        "first_at": render_time(first.time),
        "last_at": render_time(facts[-1].time),
        "count": len(facts),
        "addresses": [_address(hashed) for hashed in sorted(named)],
        "source": first.source,
        "id": first.id,
    }
    if origin.obtained_at is not None:
        item["obtained_at"] = render_time(origin.obtained_at)
    if origin.file is not None:
        item["file"] = origin.file
    if origin.purpose is not None:
        item["purpose"] = origin.purpose
    if origin.notice is not None:
        _tell_notice(item, notice_in(origin.notice))
    if origin.of_age is not None:
        item["of_age"] = origin.of_age
    if origin.roll is not None:
        _add_roll_entry(item, origin.roll)
    return item


def _tell_notice(item: ProvenanceItem, notice: GivenNotice) -> None:
    item["notice"] = notice.version
    if notice.by is not None:
        item["notice_by"] = notice.by
    if notice.at is not None:
        item["notice_at"] = render_time(notice.at)


_ROLL_FIELDS: tuple[Literal["age_band", "sex", "polling_station"], ...] = ("age_band", "sex", "polling_station")


def _add_roll_entry(item: ProvenanceItem, entry: RollEntry) -> None:
    for name in _ROLL_FIELDS:
        value: str | None = getattr(entry, name)
        if value is not None:
            item[name] = value


def _address(hashed: str) -> AddressRef:
    return {"ref": ref_of(hashed), "channel": "email" if hashed.startswith("email") else "phone"}
