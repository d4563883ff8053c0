"""Whether a person whose data came from elsewhere has been told so in time: GDPR, article 14 (3), as a policy has it.

A notice counts for the source of which it says it, the same kind, and the same file or supplier, and for what had been
got from there by then. What comes later asks for another one, and so does a row that is sent again without the time at
which it was got: it may be another delivery.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator
from typing import NamedTuple

from events.outputs import ContactProfile, ProvenanceItem
from events.provenance_kinds import FORGOTTEN
from events.times import parse_time


class UntoldTime(NamedTuple):
    """From when on (ms) nobody may be reached for want of a notice of `item`, and until one is given; None: of none."""

    item: ProvenanceItem
    since: int
    until: int | None

    def has(self, at: int) -> bool:
        """Whether it lasts at a time, ms."""
        return self.since <= at and (self.until is None or at < self.until)


def untold_times(profile: ContactProfile, within: int, aside: Collection[str] = ()) -> list[UntoldTime]:
    """When a person may not be reached: from `within` (ms) after their data were got, or from the first contact on.

    A contact is a touch later than that, whatever it was for but transactional. `aside`: kinds that nobody is asked of.
    """
    told = _given(profile)
    contacts = sorted(_ms(each["at"]) for each in profile["touches"] if each["purpose"] != "transactional")
    found = []
    for item, got in _got_elsewhere(profile, aside):
        first = bisect_right(contacts, got)
        since = min([got + within, *contacts[first : first + 1]])
        until = min((at for at in told.get(_place(item), ()) if at >= got), default=None)
        if until is None or since < until:
            found.append(UntoldTime(item, since, until))
    return found


def without_notice(
    profile: ContactProfile, at: int, within: int, aside: Collection[str] = ()
) -> Iterator[ProvenanceItem]:
    """What came from somebody else than the person, and of which no notice was given in time, nor has been by `at`."""
    return (one.item for one in untold_times(profile, within, aside) if one.has(at))


def is_notice_due(profile: ContactProfile, at: int, aside: Collection[str] = ()) -> bool:
    """Whether anything came from somebody else of which no notice was given by `at`, ms."""
    told = _given(profile)
    return any(
        not any(got <= given <= at for given in told.get(_place(item), ()))
        for item, got in _got_elsewhere(profile, aside)
    )


def given_at(item: ProvenanceItem) -> str | None:
    """When the notice was given of which an entry says it; None: it says none."""
    return item.get("notice_at", item["first_at"]) if "notice" in item else None


class NoticeGiven(NamedTuple):
    """The entry that says which notice was given, and when that was, ms."""

    item: ProvenanceItem
    at: int


def notice_of(profile: ContactProfile, item: ProvenanceItem) -> NoticeGiven | None:
    """Which notice was given of what an entry says; None: none that counts for it, as conditions see it.

    Its own; else the one that was given first.
    """
    got = max(_got(item))
    counting = [
        NoticeGiven(each, at)
        for each in profile.get("provenance", ())
        if _place(each) == _place(item)
        for at in _times_given(each)
        if at >= got
    ]
    own = [one for one in counting if one.item == item]
    return min(own or counting, key=lambda one: one.at, default=None)


def _got_elsewhere(profile: ContactProfile, aside: Collection[str]) -> Iterator[tuple[ProvenanceItem, int]]:
    """What did not come from the person, and each time at which it was got."""
    for item in profile.get("provenance", ()):
        if item["kind"] not in ("self", FORGOTTEN) and item["kind"] not in aside:
            for got in sorted(_got(item)):
                yield item, got


def _got(item: ProvenanceItem) -> set[int]:
    """When it was got, first and last: no later than an interaction that names it, whatever day lies ahead in it.

    An entry that is there for its notice says only of that when it was; the notice is of what was known by then.
    """
    known = item.get("obtained_at") or given_at(item)
    return {min(_ms(at), _ms(known or at)) for at in {item["first_at"], item["last_at"]}}


def _given(profile: ContactProfile) -> dict[tuple[str, str | None], list[int]]:
    """When notices were given, by kind and file; one that several interactions give as they happen: first and last."""
    told: dict[tuple[str, str | None], list[int]] = {}
    for item in profile.get("provenance", ()):
        if times := _times_given(item):
            told.setdefault(_place(item), []).extend(times)
    return told


def _times_given(item: ProvenanceItem) -> set[int]:
    """When the notice was given of which an entry says it; none where it says none."""
    if (at := given_at(item)) is None:
        return set()
    return {_ms(at)} if "notice_at" in item else {_ms(at), _ms(item["last_at"])}


def _place(item: ProvenanceItem) -> tuple[str, str | None]:
    return item["kind"], item.get("file")


def _ms(text: str) -> int:
    return parse_time(text) or 0
