"""Laws of sums that a page shows."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import orjson
from hypothesis import given
from hypothesis import strategies as st

from events.times import render_time
from events.topics import CONTACT_LINKS, CONTACT_STATE, CONTACT_SUPPRESSIONS, INTERACTIONS
from streams.services.console.desk import Desk
from streams.services.console.desk_batches import Limits, TopicRecord
from streams.services.console.desk_cells import Everything
from streams.services.console.desk_people import ballots_by_region, committees
from streams.services.console.desk_schema import LABELS, MINUTE_MS
from streams.services.console.desk_sums import sum_up
from streams.services.console.desk_writing import DeskWriter
from streams.services.console.rights import FEWEST, Cell, merge_small

NOON = 1_762_516_800_000
FRAGMENTS = ("van.1", "email:0000000000000000000000000000000a", "phone:0000000000000000000000000000000b")
ERASABLE = FRAGMENTS[1:]
MONEY = ("donation.made", "donation.refunded")


class Said(NamedTuple):
    """One interaction. `data`: without its contact."""

    fragment: str
    source: str
    id: str
    type: str
    at: int
    data: Mapping[str, Any]


def _data(draw: st.DrawFn, type_: str) -> Mapping[str, Any]:
    name = "a:1"
    if type_ == "donation.made":
        gift = {"donation_id": name, "amount": draw(st.integers(1, 9)), "currency": "USD", "committee": "C1"}
        return {**gift, "campaign_id": draw(st.sampled_from(["c1", "c2"]))}
    if type_ == "donation.refunded":
        refund = {"refund_id": name, "amount": draw(st.integers(1, 9)), "currency": "USD", "kind": "refund"}
        named = {"donation_id": name}
        return {**refund, **draw(st.sampled_from([{}, named, named, {**named, "committee": "C9"}]))}
    if type_ == "canvass.reported":
        report = {"method": "door", "outcome": draw(st.sampled_from(["contacted", "not_home"]))}
        named = draw(st.sampled_from([{}, {"report_id": name}]))
        return {**report, **named, "support": draw(st.integers(1, 5)), "turf": draw(st.sampled_from(["t1", "t2"]))}
    if type_ == "email.opened":
        return {"message_id": "m", "machine": draw(st.booleans()), "campaign_id": draw(st.sampled_from(["c1", "c2"]))}
    if type_ == "text.sent":
        message = draw(st.sampled_from(["m1", "m2"]))
        return {"message_id": message, "campaign_id": f"of-{message}"}
    if type_ == "text.opted_out":
        return draw(st.sampled_from([{}, {"message_id": "m1"}, {"message_id": "m1", "campaign_id": "c9"}]))
    return {}


@st.composite
def interaction(draw: st.DrawFn) -> Said:
    type_ = draw(
        st.sampled_from(
            [*MONEY, "canvass.reported", "email.opened", "text.sent", "text.opted_out", "interaction.retracted"]
        )
    )
    source = draw(st.sampled_from(["field/van", "finance/actblue"]))
    name = draw(st.sampled_from(["1", "2"]))
    if type_ == "interaction.retracted":
        data: Mapping[str, Any] = {"retracts": {"source": source, "id": draw(st.sampled_from(["1", "2"]))}}
        name = f"r{name}{data['retracts']['id']}"
    else:
        data = _data(draw, type_)
    return Said(draw(st.sampled_from(FRAGMENTS)), source, name, type_, NOON + draw(st.integers(0, 400_000)), data)


class Story(NamedTuple):
    said: Sequence[Said]
    links: Sequence[tuple[str, str | None]]
    erased: Mapping[str, int]
    order: random.Random


@st.composite
def story(draw: st.DrawFn) -> Story:
    said: dict[tuple[str, str, str], Said] = {}
    for one in draw(st.lists(interaction(), min_size=1, max_size=25)):
        said.setdefault((one.fragment, one.source, one.id), one)
    # Whoever is erased is linked to nobody who is not, and has no gift, form or consent after it.
    erased = draw(st.dictionaries(st.sampled_from(ERASABLE), st.integers(NOON - 1, NOON + 400_000), max_size=2))
    kept = [one for one in said.values() if one.type != "donation.made" or one.at <= erased.get(one.fragment, one.at)]
    standing = [name for name in FRAGMENTS if name not in erased]
    targets = st.sampled_from([None, standing[0], standing[0]])
    links = (
        draw(st.lists(st.tuples(st.sampled_from(standing[1:]), targets), min_size=1, max_size=4))
        if standing[1:]
        else []
    )
    return Story(kept, links, erased, random.Random(draw(st.integers(0, 1_000))))


def _record(one: Said) -> TopicRecord:
    event = {"specversion": "1.0", "id": one.id, "source": one.source, "type": one.type, "time": render_time(one.at)}
    contact = {"region": "US-OH"}
    value = orjson.dumps({**event, "data": {**one.data, "contact": contact, "team": one.source.partition("/")[0]}})
    return TopicRecord(INTERACTIONS, 0, 0, one.fragment.encode(), value, (), NOON + 500_000)


def _link(name: str, into: str | None) -> TopicRecord:
    value = None if into is None else orjson.dumps({"merged_into": into})
    return TopicRecord(CONTACT_LINKS, 0, 0, name.encode(), value, (), NOON)


def _erasure(name: str, at: int) -> TopicRecord:
    closed = {"reason": "erased", "since": render_time(at), "source": "s", "id": "e"}
    value = orjson.dumps(dict.fromkeys(("email", "text", "phone", "door", "letter"), closed))
    return TopicRecord(CONTACT_SUPPRESSIONS, 0, 0, name.encode(), value, (), NOON)


def _shuffled(told: Story) -> list[TopicRecord]:
    """All records in any order, some of them twice; the links of one name stay in theirs."""
    said = [_record(one) for one in told.said]
    said += told.order.choices(said, k=len(said) // 2) if said else []
    said += [_erasure(*each) for each in told.erased.items()]
    told.order.shuffle(said)
    for link in told.links:
        after = max((at for at, each in enumerate(said) if each.topic == CONTACT_LINKS), default=-1)
        said.insert(told.order.randint(after + 1, len(said)), _link(*link))
    return said


def _recount(told: Story) -> Counter[tuple[object, ...]]:
    """Cells as they must be: (minute, labels, what) -> how much."""
    links = {name: into or name for name, into in told.links}

    def whose(one: Said) -> str | None:
        return None if one.fragment in told.erased else links.get(one.fragment, one.fragment)

    def stays(one: Said) -> bool:
        if one.fragment not in told.erased:
            return True
        return one.at <= told.erased[one.fragment] and one.type in (*MONEY, "interaction.retracted")

    left = [one for one in told.said if stays(one)]
    taken = {(whose(one), *one.data["retracts"].values()) for one in left if one.type == "interaction.retracted"}
    counted = [
        one for one in left if one.type != "interaction.retracted" and (whose(one), one.source, one.id) not in taken
    ]
    found: Counter[tuple[object, ...]] = Counter()
    for one in counted:
        found_of = {**_gift_of(one, whose, counted, told), **_text_of(one, whose, counted)}
        cell = (one.at // MINUTE_MS * MINUTE_MS, _labels(one, found_of))
        found[*cell, "happened"] += 1
        if _is_first(one, [other for other in counted if whose(other) == whose(one)], told):
            found[*cell, "counted"] += 1
            found[*cell, "amount"] += one.data.get("amount", 0) if one.type in MONEY else 0
            found[*cell, "supporters"] += one.type == "canvass.reported" and one.data["support"] <= 2
            found[*cell, "machine"] += one.type == "email.opened" and one.data["machine"]
    return +found


def _version(one: Said) -> tuple[str, object] | None:
    field = {"donation.made": "donation_id", "donation.refunded": "refund_id", "canvass.reported": "report_id"}
    name = one.data.get(field.get(one.type, ""))
    return None if name is None else (one.type, name)


def _is_first(one: Said, others: Iterable[Said], told: Story) -> bool:
    if _version(one) is None:
        return True
    versions = [other for other in others if _version(other) == _version(one)]
    return one == min(versions, key=lambda other: (other.at, other.source, _shown_id(other, told), other.fragment))


def _shown_id(one: Said, told: Story) -> str:
    return "" if one.fragment in told.erased else one.id


def _gift_of(one: Said, whose: Callable[[Said], str | None], counted: Sequence[Said], told: Story) -> Mapping[str, Any]:
    """What the gift says that a refund gives back; nothing for what is no refund, or where no gift counts."""
    if one.type != "donation.refunded" or "donation_id" not in one.data:
        return {}
    others = [other for other in counted if whose(other) == whose(one)]
    gifts = [other for other in others if _version(other) == ("donation.made", one.data["donation_id"])]
    return next((gift.data for gift in gifts if _is_first(gift, others, told)), {})


def _text_of(one: Said, whose: Callable[[Said], str | None], counted: Sequence[Said]) -> Mapping[str, Any]:
    """What the text says that somebody answers with STOP."""
    if one.type != "text.opted_out" or "message_id" not in one.data:
        return {}
    texts = [other for other in counted if other.type == "text.sent" and whose(other) == whose(one)]
    return next((text.data for text in texts if text.data["message_id"] == one.data["message_id"]), {})


def _labels(one: Said, gift: Mapping[str, Any]) -> tuple[str, ...]:
    data = {**{name: gift[name] for name in ("campaign_id", "committee") if name in gift}, **one.data}
    mail = one.type == "email.opened"
    said = {
        "type": one.type,
        "campaign": data.get("campaign_id", ""),
        "team": one.source.partition("/")[0],
        "channel": "email" if mail else "text" if one.type.startswith("text.") else data.get("method", ""),
        "region": "US-OH",
        "turf": data.get("turf", ""),
        "source": one.source,
        "mailbox": "other" if mail else "",
        "committee": data.get("committee", ""),
        "currency": data.get("currency", ""),
        "outcome": data.get("outcome", data.get("kind", "")),
    }
    return tuple(said[label] for label in LABELS)


def _cells(desk: Desk) -> Counter[tuple[object, ...]]:
    found: Counter[tuple[object, ...]] = Counter()
    what = ("happened", "counted", "amount", "supporters", "machine")
    for minute, *rest in desk.rows(
        f"SELECT c.minute, {', '.join(f's.{label}' for label in LABELS)}, {', '.join(f'c.{name}' for name in what)} "
        "FROM cells AS c JOIN series AS s USING (series)"
    ):
        for name, value in zip(what, rest[len(LABELS) :], strict=True):
            assert value >= 0
            found[minute, tuple(rest[: len(LABELS)]), name] += value
    return +found


def _by_hour(desk: Desk, table: str, time: str) -> list[tuple[object, ...]]:
    sums = ", ".join(f"sum({name}) AS {name}" for name in ("happened", "counted", "amount", "supporters", "machine"))
    return desk.rows(
        f"SELECT {time} / 3600000, series, {sums} FROM {table} GROUP BY 1, 2 HAVING sum(happened) <> 0 ORDER BY 1, 2"
    )


def _sums(desk: Desk) -> list[list[tuple[object, ...]]]:
    """The sums of five minutes and of all hours, which are kept up with cells."""
    what = "series, happened, counted, amount, supporters, machine"
    return [
        desk.rows(f"SELECT {columns} FROM {table} WHERE happened <> 0 ORDER BY 1, 2")
        for table, columns in (("fives", f"slot, {what}"), ("totals", f"0, {what}, first, last"))
    ]


def _unambiguous(told: Story) -> bool:
    """Whether no two versions are equal in time and source once the ids of erased people are gone."""
    seen = [(_version(one), one.at, one.source) for one in told.said if one.fragment in told.erased and _version(one)]
    return len(seen) == len(set(seen))


@given(story().filter(_unambiguous))
def test_cells_equal_a_recount_whatever_the_order_the_cuts_and_the_restarts(told: Story) -> None:
    with TemporaryDirectory() as folder:
        desk = Desk.create(Path(folder) / "desk.sqlite")
        writer = DeskWriter(desk, Limits())
        records = _shuffled(told)
        while records:
            cut = told.order.randint(1, len(records))
            writer.write(records[:cut], ())
            if told.order.random() < 0.3:
                writer.write(records[:cut], ())
            if told.order.random() < 0.3:
                writer = DeskWriter(desk, Limits())
            records = records[cut:]
        assert _cells(desk) == _recount(told)
        assert _by_hour(desk, "hours", "hour") == _by_hour(desk, "cells", "minute")
        kept = _sums(desk)
        sum_up(desk)
        assert kept == _sums(desk)
        desk.close()


AT = "2025-11-07T12:00:00.000Z"
STATUSES = ("rejected", "cured", "voted")

_gifts = st.dictionaries(st.sampled_from(["USD", "EUR"]), st.integers(-9, 9), max_size=2)
_total = st.fixed_dictionaries(
    {
        "net": _gifts,
        "elections": st.dictionaries(st.sampled_from(["p", "g"]), _gifts, max_size=2),
    }
)
_profile = st.fixed_dictionaries(
    {
        "version": st.integers(1, 5),
        "zones": st.fixed_dictionaries({"region": st.sampled_from([None, "US-OH", "US-PA"])}),
        "donations": st.fixed_dictionaries(
            {"by_committee": st.dictionaries(st.sampled_from(["C1", "C2"]), _total, max_size=2)}
        ),
        "ballot": st.dictionaries(
            st.sampled_from(["p", "g"]),
            st.builds(lambda status: {"status": status, "at": AT}, st.sampled_from(STATUSES)),
        ),
    }
)
_said = st.lists(st.tuples(st.sampled_from(["van.1", "van.2", "van.3"]), st.none() | _profile), max_size=12)


@given(_said, st.integers(1, 4))
def test_sums_over_people_are_those_of_the_people_that_there_are(said: Sequence[tuple[str, Any]], size: int) -> None:
    with TemporaryDirectory() as folder:
        desk = Desk.create(Path(folder) / "desk.sqlite")
        writer = DeskWriter(desk, Limits())
        for at in range(0, len(said), size):
            writer.write([_profile_record(*each) for each in said[at : at + size]], ())
        kept = _told(desk)
        sum_up(desk)
        assert kept == _told(desk)
        writer.start_over(CONTACT_STATE)
        assert _told(desk) == ([], {}, {})
        desk.close()


def _profile_record(name: str, profile: Any) -> TopicRecord:
    value = None if profile is None else orjson.dumps(profile)
    return TopicRecord(CONTACT_STATE, 0, 0, name.encode(), value, (), 0)


def _told(desk: Desk) -> tuple[object, ...]:
    of_ballots = (ballots_by_region(desk, election, STATUSES, Everything()) for election in ("p", "g"))
    return committees(desk, Everything()), *of_ballots


CELLS = st.lists(st.integers(0, 40), max_size=12).map(
    lambda counts: [Cell((f"turf-{number}",), people) for number, people in enumerate(counts)]
)


@given(CELLS)
def test_nobody_is_lost_or_counted_twice(cells: list[Cell]) -> None:
    shown, merged = merge_small(cells)
    assert sum(cell.people for cell in shown) + (merged.people if merged else 0) == sum(cell.people for cell in cells)


@given(CELLS)
def test_no_cell_that_is_shown_has_fewer_people_than_the_limit(cells: list[Cell]) -> None:
    shown, _ = merge_small(cells)
    assert all(cell.people == 0 or cell.people >= FEWEST for cell in shown)


@given(CELLS)
def test_what_is_merged_gives_no_small_cell_away(cells: list[Cell]) -> None:
    """What was merged follows from the total: so it is of two cells and ten people at least, if there are as many."""
    shown, merged = merge_small(cells)
    if merged is None:
        return
    hidden = [cell for cell in cells if cell not in shown]
    others = [cell for cell in shown if cell.people]
    assert not others or (len(hidden) > 1 and merged.people >= FEWEST)


@given(CELLS)
def test_cells_that_are_all_large_stay_as_they_are(cells: list[Cell]) -> None:
    large = [cell for cell in cells if cell.people >= FEWEST]
    assert merge_small(large) == (large, None)
