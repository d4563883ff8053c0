"""An explanation says every condition in words, its answer, and what was found."""

from collections.abc import Iterator
from typing import Any

from streams.domain.messages import TEMPLATES, english
from streams.domain.segments.explanation import Explanation, explain
from tests.unit.domain.contact.said import DAY, NOON, gift, report, said
from tests.unit.domain.segments.said_of import person, segment


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
