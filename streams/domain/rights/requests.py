"""How each request stands, folded from its steps; the same in whatever order and however often they come.

What a step may do follows from the steps before it, by their time and key. The first close is the last word: a person
who asks again has another request.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from events.rights_requests import ExtensionReason, RightsDeed, RightsKind, RightsOutcome
from events.times import parse_time
from streams.domain.rights.clock import answer_due, extended_due
from streams.domain.rights.steps import (
    ClockExtended,
    RequestAnswered,
    RequestClosed,
    RequestCount,
    RequestOpened,
    RequestStep,
    RightsRecord,
    count_key,
    request_of,
)


class RightsRequest(Struct, frozen=True):
    """One request of one person. `due`: the last day, as extended. `answered`, `closed`: on which day, None: not yet.

    `contact_id`: by which the person asked, and which stays theirs whomever they are linked with or parted from.
    `opened`: when that was written down, ms since 1970. `keys`: of the records that say so.
    """

    id: str
    kind: RightsKind
    contact_id: str | None
    received: date
    due: date
    keys: tuple[str, ...]
    extended: ExtensionReason | None = None
    answered: date | None = None
    did: tuple[RightsDeed, ...] = ()
    closed: date | None = None
    outcome: RightsOutcome | None = None
    reference: str | None = None
    opened: int = 0

    @property
    def first_due(self) -> date:
        """The last day on which the person is told what was done, or that it takes longer."""
        return answer_due(self.received)

    def days_left(self, today: date) -> int:
        """Days until the last one, negative once it is over."""
        return (self.due - today).days

    def is_overdue(self, today: date) -> bool:
        """Whether the person should have been told before today."""
        return self.closed is None and today > self.due

    def is_in_time(self, today: date) -> bool:
        """Whether the person was told by the last day, or still can be."""
        return (self.closed or today) <= self.due


class RightsDesk(Struct, frozen=True):
    """All requests by id, the one that is due first at the front, and counts of those that are forgotten.

    `left`: keys of steps that are still there of requests that are counted; they are to go.
    """

    requests: Mapping[str, RightsRequest]
    counts: Mapping[str, RequestCount]
    left: tuple[str, ...] = ()

    def open_of(self, kind: RightsKind, contact_ids: Collection[str], named: str | None = None) -> RightsRequest | None:
        """An open request of this kind and of a person who goes by these ids; first the one under `named` of them."""
        open_ones = [one for one in self.requests.values() if (one.kind, one.closed) == (kind, None)]
        found = [one for one in open_ones if one.contact_id in contact_ids]
        return next((one for one in found if one.contact_id == named), found[0] if found else None)

    def waited_under(self) -> frozenset[str]:
        """The ids under which people wait for an answer to something else than to be forgotten."""
        waiting = (one for one in self.requests.values() if one.closed is None and one.kind != "erasure")
        return frozenset(one.contact_id for one in waiting if one.contact_id is not None)

    def named(self, word: str) -> list[RightsRequest]:
        """The requests whose id is a word, or begins with it."""
        return [one for one in self.requests.values() if word and one.id.startswith(word)]


def desk_of(records: Iterable[tuple[str, RightsRecord]]) -> RightsDesk:
    """The desk of records by key. A request that is counted is forgotten, whatever else is still there of it."""
    steps: defaultdict[str, dict[str, RequestStep]] = defaultdict(dict)
    counts: dict[str, RequestCount] = {}
    for key, record in records:
        if isinstance(record, RequestCount):
            counts[key] = record
        else:
            steps[request_of(key)][key] = record
    forgotten = {id_ for id_ in steps if count_key(id_) in counts}
    left = tuple(sorted(key for id_ in forgotten for key in steps[id_]))
    found = [one for id_, own in steps.items() if id_ not in forgotten and (one := _folded(id_, own)) is not None]
    found.sort(key=lambda one: (one.closed is not None, one.due, one.received, one.id))
    return RightsDesk({one.id: one for one in found}, counts, left)


def _folded(id_: str, steps: Mapping[str, RequestStep]) -> RightsRequest | None:
    """The request of these steps; None where none opens it."""
    in_order = sorted(steps.items(), key=lambda item: (item[1].at, item[0]))
    opening = next((step for _, step in in_order if isinstance(step, RequestOpened)), None)
    if opening is None:
        return None
    received = opening.received
    due, extended, answered, did = answer_due(received), None, None, dict[RightsDeed, None]()
    keys = tuple(sorted(steps))
    closing: RequestClosed | None = None
    for _, step in in_order:
        match step:
            case ClockExtended() if extended is None and step.on <= due:
                due, extended = extended_due(received), step.reason
            case RequestAnswered():
                answered = answered or step.on
                did |= dict.fromkeys(step.did)
            case RequestClosed():
                closing = step
                break
            case _:
                pass
    request = RightsRequest(
        *(id_, opening.kind, opening.contact_id, received, due, keys, extended, answered, tuple(did)),
        opened=parse_time(opening.at) or 0,
    )
    if closing is None:
        return request
    return replace(request, closed=closing.on, outcome=closing.outcome, reference=closing.reference)
