"""Who is in a segment, and why."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.segments import SegmentCount, SegmentState
from streams.domain.contact.state import NEVER
from streams.domain.messages import TEMPLATES, english
from streams.domain.pressure import default_policy
from streams.domain.segments.explanation import Explanation, explain
from streams.domain.segments.memberships import NO_MEMBERSHIPS, PersonMemberships, read_memberships, write_memberships
from streams.domain.segments.segment_totals import added_up
from tests.unit.domain.contact.said import DAY, HOUR, NOON, Arrival, appended, gift, refund, report, said
from tests.unit.domain.segments.said_of import holds, person, plan, segment

MAIL, OPENED = "email.sent", "email.opened"
BROWSER = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"


def mail(id_: str, time: int = NOON, **data: Any) -> Arrival:
    return appended(time, said(MAIL, f"sent {id_}", time, message_id=id_, **data))


def opened(id_: str, time: int = NOON, **data: Any) -> Arrival:
    """An open by a person, as far as one can tell: 0.863."""
    return appended(time, said(OPENED, f"opened {id_} {time}", time, message_id=id_, user_agent=BROWSER, **data))


@pytest.mark.parametrize(
    ("arrival", "condition", "window"),
    [
        (gift("1", 50), {"gifts": "count", "at_least": 1}, 30 * DAY),
        (gift("1", 50), {"gifts": "sum", "at_least": 50}, 30 * DAY),
        (gift("1", 50), {"gifts": "net", "at_least": 50}, 30 * DAY),
        (report("1"), {"canvass": "attempts", "at_least": 1}, 30 * DAY),
        (report("1"), {"touches": "count", "channel": "door", "at_least": 1}, 30 * DAY),
        (opened("m"), {"opens": "human", "at_least": 0.5}, 30 * DAY),
        (opened("m"), {"opens": "all", "is": 1}, 6 * DAY),
        (report("1"), {"seen": "first"}, 30 * DAY),
        (report("1"), {"seen": "last"}, 30 * DAY),
    ],
)
def test_a_thing_is_in_a_window_while_it_is_younger_and_leaves_it_when_it_is_due(
    arrival: Arrival, condition: dict[str, Any], window: int
) -> None:
    someone, asked = person(arrival), segment(all=[condition | {"within": f"{window // DAY}d"}])
    assert holds(someone, NOON + window - 1, **condition, within=f"{window // DAY}d")
    assert not holds(someone, NOON + window, **condition, within=f"{window // DAY}d")
    assert plan(asked).read(someone, NOON).due == NOON + window
    assert plan(asked).read(someone, NOON + window).due == NEVER


def test_opens_stand_at_the_beginning_of_their_hour() -> None:
    late = person(opened("m", NOON + HOUR - 1))
    assert holds(late, NOON + 7 * DAY - 1, opens="human", within="7d", at_least=0.5)
    assert not holds(late, NOON + 7 * DAY, opens="human", within="7d", at_least=0.5)


def test_a_number_leaves_a_range_from_either_side() -> None:
    someone = person(gift("1", 50), gift("2", 50, NOON + DAY))
    asked = segment(all=[{"gifts": "count", "within": "30d", "is": 1}])
    dues, at = [], NOON + DAY
    while (at := plan(asked).read(someone, at).due) != NEVER:
        dues.append(at)
    assert dues == [NOON + 30 * DAY, NOON + 31 * DAY]
    assert [holds(someone, due, gifts="count", within="30d", is_=1) for due in dues] == [True, False]


def test_a_refund_counts_where_its_gift_does_and_one_of_an_unknown_gift_by_itself() -> None:
    old = person(gift("1", 50), refund("r", 20, NOON + 40 * DAY, donation_id="actblue:1"))
    assert holds(old, NOON + 40 * DAY, gifts="net", within="30d", is_=0)
    unknown = person(refund("r", 20, NOON + 40 * DAY, donation_id="actblue:9"))
    assert holds(unknown, NOON + 40 * DAY, gifts="net", within="30d", is_=-20)


def test_a_refund_of_an_unknown_gift_leaves_the_window_before_a_later_gift() -> None:
    someone = person(refund("r", 20), gift("1", 50, NOON + DAY))
    assert holds(someone, NOON + DAY, gifts="net", within="30d", is_=30)
    assert holds(someone, NOON + 30 * DAY, gifts="net", within="30d", is_=50)


def test_the_last_mails_are_unanswered_until_a_person_opens_one_of_them() -> None:
    mails = [mail(f"m{number}", NOON + number * DAY) for number in range(5)]
    at = NOON + 5 * DAY
    assert holds(person(*mails), at, unanswered_mails=5)
    assert not holds(person(*mails), at, unanswered_mails=6)
    assert not holds(person(*mails, opened("m2", NOON + 2 * DAY + HOUR)), at, unanswered_mails=3)
    assert holds(person(*mails, opened("m2", NOON + 2 * DAY + HOUR)), at, unanswered_mails=2)


def test_an_open_answers_the_mails_of_its_own_hour_too() -> None:
    late = mail("n", NOON + HOUR - 1)
    assert not holds(person(late, opened("m", NOON)), NOON + DAY, unanswered_mails=1)
    assert holds(person(late, opened("m", NOON - 1)), NOON + DAY, unanswered_mails=1)


def test_an_open_by_a_machine_answers_no_mail() -> None:
    someone = person(mail("m"), opened("m", NOON + HOUR, machine=True))
    assert holds(someone, NOON + DAY, unanswered_mails=1)
    assert holds(someone, NOON + DAY, opens="all", is_=1)
    assert not holds(someone, NOON + DAY, opens="human", at_least=0.5)


def test_a_suppression_closes_every_channel_until_it_ends() -> None:
    someone = person(report("1"), said("contact.suppressed", "2", until="2012-03-03T12:00:00Z"))
    asked = segment(all=[{"channel": "door", "is": "closed"}])
    assert holds(someone, NOON, channel="door", is_="closed")
    assert plan(asked).read(someone, NOON).due == NOON + 2 * DAY
    assert holds(someone, NOON + 2 * DAY, channel="door", is_="open")
    assert plan(asked).read(someone, NOON + 2 * DAY).due == NEVER


def test_leaving_one_list_closes_no_channel_unless_the_policy_says_everyone() -> None:
    someone = person(said("email.unsubscribed", "1", list_id="l"))
    everyone = default_policy().closures.model_copy(update={"list_stop": "everyone"})
    assert holds(someone, NOON, channel="email", is_="open")
    assert holds(
        someone, NOON, default_policy().model_copy(update={"closures": everyone}), channel="email", is_="closed"
    )


def test_a_channel_that_needs_an_address_is_closed_where_the_policy_denies_unknown_ones() -> None:
    assert holds(person(report("1")), NOON, channel="text", is_="closed")
    assert holds(person(report("1")), NOON, channel="email", is_="open")
    assert holds(person(report("1"), name=f"phone:{'0' * 32}"), NOON, channel="text", is_="open")


@pytest.mark.parametrize("opens", [0.862, 0.863])
def test_expected_numbers_are_compared_to_the_third_digit(opens: float) -> None:
    someone = person(mail("m"), opened("m", NOON + HOUR))
    assert holds(someone, NOON + DAY, opens="human", at_least=opens)
    assert not holds(someone, NOON + DAY, opens="human", above=0.863)


def lines(explained: Explanation, depth: int = 0) -> Iterator[str]:
    mark = "yes" if explained.answer else "no"
    found = "" if explained.found is None else f" ({english(explained.found)})"
    yield f"{'  ' * depth}{mark}: {english(explained.told)}{found}"
    for part in explained.parts:
        yield from lines(part, depth + 1)


def test_all_conditions_are_explained_with_what_was_found() -> None:
    someone = person(gift("1", 5_000), gift("2", 2_500, NOON + DAY), report("3", support=2, region="US-OH"))
    asked = segment(
        all=[
            {"gifts": "sum", "currency": "USD", "within": "365d", "at_least": 5_000},
            {"any": [{"region": "US-NY"}, {"support": [1, 2]}]},
        ],
        none=[{"gifts": "count", "committee": "C1", "at_least": 1}, {"tag": "host"}],
    )
    assert [*lines(explain(asked, someone, NOON + DAY))] == [
        "yes: all of these",
        ("  yes: sum of gifts, in USD, within 365 days, at least $50.00 (found: $75.00, by team/a 2, team/a 1)"),
        "  yes: at least one of these",
        "    no: the region is US-NY (found: US-OH, by team/a 3)",
        "    yes: the latest support is 1, 2 (found: 2, by team/a 3)",
        "  yes: none of these",
        "    no: number of gifts, to C1, at least 1 (found: 0)",
        "    no: the tag host holds (nothing is known)",
    ]


def test_a_closed_channel_says_why_and_an_open_one_that_nothing_closes_it() -> None:
    someone = person(said("consent.changed", "1", channel="door", granted=False))
    asked = segment(any=[{"channel": "door", "is": "open"}, {"channel": "letter", "is": "open"}])
    assert [*lines(explain(asked, someone, NOON))][1:] == [
        "  no: the channel door is open (found: this person has withdrawn consent, by team/a 1)",
        "  yes: the channel letter is open (nothing closes it)",
    ]


def test_every_sentence_about_segments_is_used() -> None:
    asked: list[dict[str, Any]] = [
        {"gifts": "net", "is": 0},
        {"gifts": "count", "at_least": 0, "at_most": 4},
        {"canvass": "attempts", "method": "door", "at_most": 4},
        {"canvass": "contacts", "at_most": 4},
        {"touches": "count", "channel": "email", "purpose": "fundraising", "team": "t", "within": "7d", "is": 0},
        *({head: who, "at_least": 0} for head in ("opens", "clicks") for who in ("human", "all")),
        {"unanswered_mails": 1},
        *({"channel": "email", "is": state} for state in ("open", "closed")),
        *({"consent": "email", "is": word} for word in (True, False)),
        {"postal_code": "1"},
        {"age_band": "65+"},
        {"sex": "f"},
        {"polling_station": "0012"},
        {"ballot": "e", "status": ["sent"]},
        {"experiment": "x"},
        {"experiment": "x", "variant": "A"},
        *({"seen": which, "within": "7d"} for which in ("first", "last")),
        {"gifts": "sum", "committee": "C1", "above": 0},
        {"support": [1]},
        {"tag": "host"},
        {"region": "US-NY"},
    ]
    explained = explain(segment(all=asked, any=asked[:1], none=asked[:1]), person(report("1")), NOON)
    used = {code for code in _codes(explained) if code.startswith("segment.")}
    assert all([*lines(explained)])
    assert used == {code for code in TEMPLATES if code.startswith("segment.")}


def _codes(explained: Explanation) -> Iterator[str]:
    yield from _codes_in(explained.told)
    yield from _codes_in(explained.found)
    for part in explained.parts:
        yield from _codes(part)


def _codes_in(field: object) -> Iterator[str]:
    if (code := getattr(field, "code", None)) is not None:
        yield code
    for inner in (*getattr(field, "fields", {}).values(), *getattr(field, "items", ())):
        yield from _codes_in(inner)


TIMES = st.integers(0, 4_000_000_000_000)


@given(st.dictionaries(st.integers(1, 5_000), TIMES), st.one_of(st.just(NEVER), TIMES), st.booleans())
def test_memberships_are_read_as_they_were_written(since: dict[int, int], due: int, is_told: bool) -> None:
    latest = max(since.values(), default=0)
    held = PersonMemberships(latest, {number: latest - at for number, at in since.items()}, due, is_told)
    assert read_memberships(write_memberships(held)) == held
    assert held.since == since


@given(st.dictionaries(st.integers(1, 5_000), TIMES), st.data())
def test_who_moves_stays_in_the_rest_since_the_same_time(since: dict[int, int], data: st.DataObject) -> None:
    held, at = begun(since), data.draw(TIMES)
    left = data.draw(st.sets(st.sampled_from(sorted(since)))) if since else set[int]()
    entered = data.draw(st.sets(st.integers(5_001, 5_100)))
    moved = held.moved(entered, left, at, NEVER)
    kept = {number: began for number, began in since.items() if number not in left}
    assert (moved.since, moved.is_told) == (kept | dict.fromkeys(entered, at), True)
    assert all(ago >= 0 for ago in moved.before.values())


def begun(since: Mapping[int, int]) -> PersonMemberships:
    """Somebody who came into these segments one after the other."""
    held = NO_MEMBERSHIPS
    for number in sorted(since, key=since.__getitem__):
        held = held.moved([number], (), since[number], NOON + DAY)
    return held


def test_ten_memberships_take_no_more_than_a_hundred_and_twenty_bytes() -> None:
    """Whether they began together, as those that a definition gives, or over a year."""
    together = begun(dict.fromkeys(range(100, 110), NOON))
    apart = begun({100 + place: NOON - place * 40 * DAY for place in range(10)})
    assert len(write_memberships(together)) <= 50
    assert len(write_memberships(apart)) <= 120


def count(members: int, edition: str = "e1", state: SegmentState = "complete", day: int = 1) -> SegmentCount:
    as_of = f"2012-02-0{day}T00:00:00.000Z"
    return SegmentCount(edition=edition, state=state, members=members, entered=2, left=1, as_of=as_of)


def test_partitions_are_added_up() -> None:
    total = added_up([count(3), count(4, day=2)], 2)
    assert total is not None
    assert (total.members, total.entered, total.left, total.as_of) == (7, 4, 2, "2012-02-02T00:00:00.000Z")
    assert (total.state, total.edition, total.partitions) == ("complete", "e1", 2)


def test_an_edition_is_complete_once_all_partitions_say_so_of_the_same_one() -> None:
    said = [
        added_up([count(3)], 2),
        added_up([count(3), count(4, state="filling")], 2),
        added_up([count(3), count(4, "e2", day=2)], 2),
        added_up([count(3), count(4)], 2),
    ]
    assert [total and (total.state, total.partitions) for total in said] == [
        *(("filling", 1), ("filling", 1), ("filling", 1), ("complete", 2)),
    ]


def test_a_segment_is_withdrawn_once_all_that_speak_of_it_say_so() -> None:
    assert added_up([], 2) is None
    gone = added_up([count(3, state="withdrawn")], 2)
    assert gone is not None
    assert gone.state == "withdrawn"
