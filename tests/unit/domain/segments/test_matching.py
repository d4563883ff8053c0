"""What each condition of a segment means, and how it is explained of one person."""

from collections.abc import Iterator
from typing import Any

import pytest

from events.json_types import JSON
from streams.domain.contact.state import NEVER
from streams.domain.file_mistakes import FileMistakes
from streams.domain.messages import TEMPLATES, english
from streams.domain.pressure import default_policy
from streams.domain.pressure.known_by import is_known_otherwise
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_files import read_segments
from streams.domain.segments.explanation import Explanation, explain
from streams.domain.segments.roll_selections import beyond_the_roll, is_known_by_roll_alone
from tests.unit.domain.contact.said import (
    DAY,
    HOUR,
    NOON,
    Arrival,
    appended,
    gift,
    profile_by_the_fold,
    profile_of,
    refund,
    report,
    said,
)
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


# An explanation says every condition in words, its answer, and what was found.
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


# Who is known by an electoral roll alone, and by what a segment may choose them.
SEGMENTS = """
[[segment]]
id = "elders"
all = [{ age_band = "65+" }, { channel = "door", is = "open" }]
any = [{ sex = "f" }, { polling_station = "0012" }]

[[segment]]
id = "known"
all = [{ segment = "elders" }, { any = [{ region = "FR-75" }, { gifts = "count", at_least = 1 }] }]
"""
ROLL: JSON = {"kind": "voter_list", "age_band": "65+"}
REFUSED = ("petition", "staff", "civic_register")


def on_the_roll() -> Arrival:
    return said("provenance.reported", "1", provenance=ROLL)


def definitions() -> dict[str, SegmentDefinition]:
    found = read_segments(SEGMENTS)
    assert not isinstance(found, FileMistakes)
    return {each.id: each for each in found}


def test_what_a_roll_tells_and_open_channels_choose_anybody() -> None:
    assert beyond_the_roll("elders", definitions()) == []
    assert beyond_the_roll("known", definitions()) == ["gifts", "region"]


@pytest.mark.parametrize(
    ("more", "alone"),
    [
        ([], True),
        ([said("email.sent", "m", message_id="m")], True),
        ([report("r", outcome="not_home")], True),
        ([report("r", outcome="contacted")], False),
        ([gift("g", 500)], False),
        ([said("provenance.reported", "p", provenance={"kind": "vendor"})], False),
    ],
)
def test_who_did_nothing_and_was_named_by_nobody_else_is_known_by_the_roll_alone(
    more: list[Arrival], alone: bool
) -> None:
    assert is_known_by_roll_alone(profile_of(on_the_roll(), *more), REFUSED) is alone


def test_a_word_of_a_source_of_which_nothing_is_taken_leaves_somebody_known_by_the_roll_alone() -> None:
    """It came in because it protects: that somebody is too young, or that a number is not theirs."""
    young = said("provenance.reported", "y", provenance={"kind": "civic_register", "of_age": False})
    wrong = report("w", outcome="wrong_number", provenance={"kind": "staff"})
    for protecting in (young, wrong):
        profile = profile_of(on_the_roll(), protecting)
        assert is_known_by_roll_alone(profile, REFUSED), protecting
        assert not is_known_by_roll_alone(profile, ())
    assert is_known_by_roll_alone(profile_of(on_the_roll()), ("voter_list",))


def test_what_is_left_of_a_source_that_was_forgotten_makes_nobody_known() -> None:
    hired = said("provenance.reported", "h", provenance={"kind": "rented", "of_age": False})
    gone = said("contact.provenance_forgotten", "c", NOON + HOUR, kind="rented")
    profile = profile_by_the_fold(on_the_roll(), hired, gone)
    assert is_known_by_roll_alone(profile, ())
    assert is_known_otherwise(profile, ("petition",))
    assert not is_known_otherwise(profile_by_the_fold(hired, gone), ("petition",))


def test_of_whom_nobody_says_where_they_come_from_it_is_not_known() -> None:
    assert not is_known_by_roll_alone(profile_of(report("r", outcome="not_home")), REFUSED)
