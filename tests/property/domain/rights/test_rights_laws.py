"""Laws of requests: order and copies change nothing, nothing closed opens again, an erasure leaves counts alone."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.rights_requests import EXTENSION_REASONS, RIGHTS_DEEDS, RIGHTS_KINDS, RIGHTS_OUTCOMES, RightsKind
from events.times import parse_time
from streams.domain.rights.clock import answer_due, extended_due, months_after
from streams.domain.rights.forgetting import closed_before, forgetting_records, requests_of, waiting_by_kind
from streams.domain.rights.permitted import step_refusal
from streams.domain.rights.requests import RightsDesk, RightsRequest, desk_of
from streams.domain.rights.steps import (
    ClockExtended,
    RequestAnswered,
    RequestClosed,
    RequestOpened,
    RequestStep,
    read_rights_record,
    step_record,
)

IDS = ("aa", "ab", "ba")
PEOPLE = ("crm.ada", "crm.bo", None)
FIRST = date(2027, 12, 28)
LAST = FIRST + timedelta(120)

days = st.dates(FIRST, LAST)
Records = list[tuple[bytes, bytes]]
Changes = list[tuple[bytes, bytes | None]]


@st.composite
def steps(draw: st.DrawFn) -> RequestStep:
    on = draw(days)
    at = f"{on}T{draw(st.integers(0, 2)):02}:00:00.000Z"
    match draw(st.sampled_from(("opened", "extended", "answered", "closed"))):
        case "opened":
            received = on - timedelta(draw(st.integers(0, 40)))
            kind, person = draw(st.sampled_from(RIGHTS_KINDS)), draw(st.sampled_from(PEOPLE))
            return RequestOpened(on=on, at=at, by="a", kind=kind, received=received, contact_id=person)
        case "extended":
            return ClockExtended(on=on, at=at, by="a", reason=draw(st.sampled_from(EXTENSION_REASONS)))
        case "answered":
            return RequestAnswered(on=on, at=at, by="a", did=(draw(st.sampled_from(RIGHTS_DEEDS)),))
        case _:
            return RequestClosed(on=on, at=at, by="a", outcome=draw(st.sampled_from(RIGHTS_OUTCOMES)))


@st.composite
def topics(draw: st.DrawFn) -> Records:
    said = draw(st.lists(st.tuples(st.sampled_from(IDS), steps()), max_size=14))
    return [step_record(request, f"{number:02}", step) for number, (request, step) in enumerate(said)]


def read(records: Sequence[tuple[bytes, bytes | None]]) -> RightsDesk:
    found = [(key.decode(), read_rights_record(key, value)) for key, value in records]
    return desk_of((key, record) for key, record in found if record is not None)


def compacted(records: Sequence[tuple[bytes, bytes | None]]) -> Mapping[bytes, bytes]:
    """What a compacted topic has of records in the end."""
    latest = dict(records)
    return {key: value for key, value in latest.items() if value is not None}


@given(topics(), st.randoms(use_true_random=False))
def test_order_and_copies_change_nothing(records: Records, chance: Random) -> None:
    again = [*records, *records[::2]]
    chance.shuffle(again)
    assert read(again) == read(records)


@given(topics())
def test_a_request_stands_as_a_plain_recount_says(records: Records) -> None:
    desk = read(records)
    for id_ in IDS:
        said = sorted(
            (record.at, key.decode(), record)
            for key, value in records
            if key.startswith(id_.encode()) and isinstance(record := read_rights_record(key, value), RequestStep)
        )
        own = [record for _, _, record in said]
        opened = [one for one in own if isinstance(one, RequestOpened)]
        assert (id_ in desk.requests) == bool(opened)
        if not opened:
            continue
        shown = desk.requests[id_]
        assert (shown.kind, shown.contact_id, shown.received) == (
            opened[0].kind,
            opened[0].contact_id,
            opened[0].received,
        )
        assert shown.opened == parse_time(opened[0].at)
        closings = [place for place, one in enumerate(own) if isinstance(one, RequestClosed)]
        before = own if not closings else own[: closings[0]]
        assert shown.closed == (own[closings[0]].on if closings else None)
        timely = [one for one in before if isinstance(one, ClockExtended) and one.on <= answer_due(shown.received)]
        assert shown.extended == (timely[0].reason if timely else None)
        assert shown.due == (extended_due if timely else answer_due)(shown.received)
        assert {*shown.did} == {deed for one in before if isinstance(one, RequestAnswered) for deed in one.did}


@given(topics(), topics())
def test_what_is_closed_is_not_opened_again_by_what_comes_later(records: Records, more: Records) -> None:
    closed = {id_: one for id_, one in read(records).requests.items() if one.closed is not None}
    later = [(key + b"-later", value.replace(b'"at":"20', b'"at":"21')) for key, value in more]
    after = read([*records, *later]).requests
    for id_, one in closed.items():
        assert after[id_].closed == one.closed
        assert (after[id_].outcome, after[id_].due, after[id_].did) == (one.outcome, one.due, one.did)


@given(topics(), st.sets(st.sampled_from(["crm.ada", "crm.bo"])), days)
def test_an_erasure_leaves_counts_and_nothing_that_names_anybody(
    records: Records, erased: set[str], today: date
) -> None:
    before = read(records)
    more = [*forgetting_records(requests_of(before, erased), before.left, today)]
    left = compacted([*records, *more])
    after = read([*left.items()])

    def is_in_time(one: RightsRequest) -> bool:
        """Whoever was told nothing was not told in time; an erasure is what its own request asked for."""
        if one.closed is None and one.kind != "erasure":
            return False
        return (one.closed or today) <= one.due

    gone = {id_ for id_, one in before.requests.items() if one.contact_id in erased}
    assert after.requests == {id_: one for id_, one in before.requests.items() if id_ not in gone}
    assert not any(key.startswith(tuple(f"{id_}/".encode() for id_ in gone)) for key in left if gone)
    counted = sorted((one.kind, one.year, one.outcome, one.in_time) for one in after.counts.values())
    ended = [before.requests[id_] for id_ in gone]
    assert counted == sorted((one.kind, one.received.year, one.outcome or "erased", is_in_time(one)) for one in ended)


@given(topics(), st.data())
def test_an_erasure_that_stops_in_between_or_is_done_twice_ends_the_same(records: Records, data: st.DataObject) -> None:
    erased, today = {"crm.ada", "crm.bo"}, LAST

    def forgotten(there: Sequence[tuple[bytes, bytes | None]]) -> Changes:
        desk = read([*compacted(there).items()])
        return [*forgetting_records(requests_of(desk, erased), desk.left, today)]

    more = forgotten(records)
    there: Changes = [*records, *more[: data.draw(st.integers(0, len(more)))]]
    again = forgotten(there)
    ended = compacted([*there, *again])
    assert ended == compacted([*records, *more])
    assert forgotten([*ended.items()]) == []


@given(topics(), st.sampled_from(RIGHTS_KINDS), st.sets(st.sampled_from(["crm.ada", "crm.bo"])))
def test_an_open_request_is_found_by_whichever_id_its_person_has_by_now(
    records: Records, kind: RightsKind, ids: set[str]
) -> None:
    desk = read(records)
    found = desk.open_of(kind, ids)
    own = [one for one in desk.requests.values() if one.kind == kind and one.contact_id in ids and one.closed is None]
    assert (found in own) if own else found is None


@given(topics(), days)
def test_what_was_closed_long_ago_is_counted_and_nothing_else_goes(records: Records, day: date) -> None:
    before = read(records)
    old = closed_before(before, day)
    after = read([*compacted([*records, *forgetting_records(old, (), LAST)]).items()])
    assert before.requests.keys() - after.requests.keys() == {one.id for one in old}
    assert all(one.closed is None or one.closed >= day for one in after.requests.values())
    told = sorted((one.kind, one.outcome, one.in_time) for one in after.counts.values())
    assert told == sorted((one.kind, one.outcome or "", (one.closed or day) <= one.due) for one in old)


@given(topics(), steps(), st.sampled_from(IDS), days)
def test_what_may_be_done_counts_and_what_may_not_changes_nothing_of_the_clock(
    records: Records, step: RequestStep, id_: str, today: date
) -> None:
    before = read(records).requests.get(id_)
    if before is None or isinstance(step, RequestOpened):
        return
    step = replace(step, at="2100-01-01T00:00:00.000Z")
    after = read([*records, step_record(id_, "zz", step)]).requests[id_]
    if step_refusal(before, step, today) is None and isinstance(step, RequestAnswered):
        assert {*step.did} <= {*after.did}
    elif step_refusal(before, step, today) is None:
        assert (after.due, after.closed) != (before.due, before.closed)
    elif before.closed is not None:
        assert (after.due, after.closed, after.outcome) == (before.due, before.closed, before.outcome)
    elif isinstance(step, ClockExtended) and step.on > answer_due(before.received):
        assert after.due == before.due


@given(topics(), days)
def test_what_waits_is_counted_by_kind(records: Records, today: date) -> None:
    requests = read(records).requests.values()
    for kind, (open_ones, overdue) in waiting_by_kind(read(records), today).items():
        assert open_ones == len([one for one in requests if one.kind == kind and one.closed is None])
        late = [one for one in requests if one.kind == kind and one.closed is None and one.days_left(today) < 0]
        assert overdue == len(late)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 12))
def test_months_keep_the_date_or_end_with_the_month(day: date, months: int) -> None:
    after = months_after(day, months)
    assert (after.year * 12 + after.month) - (day.year * 12 + day.month) == months
    assert after.day == day.day or (after.day < day.day and (after + timedelta(1)).day == 1)
