"""What becomes of requests whose person was erased, open ones too, and of old ones: each is a count from then on."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from events.rights_requests import RIGHTS_KINDS, RightsKind
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.domain.rights.steps import RequestCount, count_record


def requests_of(desk: RightsDesk, contact_ids: Collection[str]) -> list[RightsRequest]:
    """The requests of these contacts, whether they are open or closed."""
    return [one for one in desk.requests.values() if one.contact_id in contact_ids]


def closed_before(desk: RightsDesk, day: date) -> list[RightsRequest]:
    """The requests that were closed before a day."""
    return [one for one in desk.requests.values() if one.closed is not None and one.closed < day]


def forgetting_records(
    requests: Iterable[RightsRequest], left: Iterable[str], today: date
) -> Iterator[tuple[bytes, bytes | None]]:
    """Keys and values of the records that leave nothing of these requests but counts.

    `left`: of the desk, steps that go as well. The count of a request comes before the nulls of its steps: whoever
    stops in between has lost none, and to write it once more counts nothing twice.
    """
    for request in requests:
        yield count_record(request.id, _count(request, today))
        yield from ((key.encode(), None) for key in request.keys)
    yield from ((key.encode(), None) for key in left)


def _count(request: RightsRequest, today: date) -> RequestCount:
    """Of an open request: it ends with the person, who was told nothing; only who asked to be forgotten has that."""
    is_answered = request.closed is not None or request.kind == "erasure"
    return RequestCount(
        kind=request.kind,
        year=request.received.year,
        outcome=request.outcome or "erased",
        in_time=is_answered and request.is_in_time(today),
    )


def waiting_by_kind(desk: RightsDesk, today: date) -> Mapping[RightsKind, tuple[int, int]]:
    """How many requests of each kind are open, and how many of these are overdue."""
    open_ones = [one for one in desk.requests.values() if one.closed is None]
    return {
        kind: (
            sum(one.kind == kind for one in open_ones),
            sum(one.kind == kind and one.is_overdue(today) for one in open_ones),
        )
        for kind in RIGHTS_KINDS
    }
