"""Definitions are read with every mistake told by its key and the cure; nothing is taken that cannot be answered."""

import pytest

from streams.domain.file_mistakes import FileMistakes, Told
from streams.domain.messages import CodedMessage
from streams.domain.messages.reading_back import TEXT
from streams.domain.segments.conditions import Gifts, Group, Opens, SegmentDefinition, Tag
from streams.domain.segments.definition_files import (
    DEEPEST,
    MOST_SEGMENTS,
    definition_toml,
    read_segment,
    read_segments,
    read_segments_json,
)


def mistakes(text: str) -> list[str]:
    found = read_segments(text)
    assert isinstance(found, FileMistakes)
    assert all(is_coded(part) for each in found.found for part in (each.wrong, each.remedy)), found
    return str(found).splitlines()


def is_coded(part: Told) -> bool:
    """Whether something is told in every language."""
    return isinstance(part, CodedMessage) and part.code != TEXT


def of_condition(condition: str) -> list[str]:
    """What is told of one condition, without the path to it."""
    told = mistakes(f'[[segment]]\nid = "s"\nall = [{condition}]')
    assert all(line.startswith("segment[0].all[0]") for line in told)
    return [line.removeprefix("segment[0].all[0]").lstrip(".") for line in told]


def test_a_definition_is_read_as_it_is_written() -> None:
    found = read_segments("""
        [[segment]]
        id = "readers"
        owner = "digital"
        members = true
        all = [{ gifts = "sum", currency = "EUR", above = 0 }]
        none = [{ any = [{ tag = "host" }, { opens = "human", within = "36h", at_least = 0.5 }] }]
    """)
    conditions = Group(
        all=(Gifts.model_validate({"gifts": "sum", "currency": "EUR", "above": 0}),),
        none=(
            Group(
                any=(
                    Tag(tag="host"),
                    Opens.model_validate({"opens": "human", "within": "36h", "at_least": 0.5}),
                )
            ),
        ),
    )
    assert found == [SegmentDefinition("readers", conditions, "digital", members=True)]


def test_a_definition_is_written_as_a_person_would_write_it() -> None:
    definition = read_segment({"id": "s", "all": [{"at_least": 1, "within": "7d", "gifts": "count"}]})
    assert not isinstance(definition, FileMistakes)
    assert 'all = [{ gifts = "count", within = "7d", at_least = 1 }]' in definition_toml(definition)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("{ touches = 'count', within = '31d', at_least = 1 }", "within: is '31d'; give at most \"30d\""),
        ("{ touches = 'count', at_least = 1 }", "within: is missing; add it"),
        ("{ opens = 'human', within = '401d', at_least = 1 }", "within: is '401d'; give at most \"400d\""),
        ("{ clicks = 'human', within = '90m', at_least = 1 }", "within: is '90m'; give whole hours or days"),
        ("{ opens = 'all', within = '7d', at_least = 1 }", 'counts "all" within \'7d\'; give at most "6d"'),
        ("{ opens = 'human', at_least = 0.0005 }", "at_least: is 0.0005; give at most three digits"),
        ("{ gifts = 'count', at_least = 0.5 }", "at_least: is 0.5; give a whole number"),
        ("{ gifts = 'count', at_least = true }", "at_least: is True; give a whole number"),
        ("{ gifts = 'count' }", "is compared with nothing; add at_least"),
        ("{ gifts = 'count', is = 1, at_most = 2 }", "has is beside at_most"),
        ("{ gifts = 'count', above = 1, below = 2 }", "is true of nobody: above and below exclude each other"),
        ("{ gifts = 'count', within = '0d', is = 1 }", "within: is '0d'; give more than nothing"),
        ("{ gifts = 'count', currency = 'usd', is = 1 }", "currency: is 'usd'; give three capital letters"),
        (
            "{ gifts = 'sum', comittee = 'C1', is = 1 }",
            "comittee: is not known; correct its name or take it out; did you",
        ),
        (
            "{ gifs = 'count', at_least = 1 }",
            "is no condition that is known: gifs, at_least; correct it; did you mean gi",
        ),
        ("{ tag = 'host', region = 'US-OH' }", "region: is a condition of its own; put it into a table of its own"),
        ("{ support = [6] }", "support[0]: is 6; give 1, 2, 3, 4 or 5"),
        ("{ support = [] }", "support: is empty; name at least one"),
        ("{ support = [1, 1] }", "support: names one twice; name each once"),
        ("{ channel = 'mail', is = 'open' }", "channel: is 'mail'; give 'email', 'text', 'phone', 'door' or 'letter'"),
        ("{ consent = 'email', is = 'yes' }", "is: is 'yes'; give true or false"),
        ("{ gifts = 'count', within = 'week', is = 1 }", "within: is 'week'; give minutes, hours or days"),
        ("{ gifts = 'many', is = 1 }", "gifts: is 'many'; give 'count', 'sum' or 'net'"),
        ("{ touches = 'all', within = '7d', is = 1 }", "touches: is 'all'; give 'count'"),
        ("{ tag = '' }", "tag: is empty; give at least one character"),
        ("{ tag = 5 }", "tag: is 5; give a text in quotes"),
        ("{ postal_code = '" + "4" * 33 + "' }", "postal_code: is '4444"),
        ("{ support = 1 }", "support: is 1; give a list"),
        ("{ region = 'Ohio' }", "region: is 'Ohio'; give ISO 3166-2 in capitals"),
        ("{ ballot = 'e', status = ['asked'] }", "status[0]: is 'asked'; give 'requested', 'sent', 'returned'"),
        ("{ unanswered_mails = 0 }", "unanswered_mails: is 0; give a whole number of e-mails from 1 to 50"),
        ("{ form = 'petition' }", "form: cannot be answered yet: which form somebody has sent in is not kept"),
        ("{ rsvp = 'attended', event = 'e' }", "rsvp: cannot be answered yet: which meeting somebody answered for"),
        ("{ any = [] }", "any: is empty; add a condition, or leave it out"),
        ("{ any = [{ tag = 'host' }], tag = 'host' }", "tag: is a condition of its own"),
        ("'host'", "is 'host'; give a condition in { }"),
    ],
)
def test_a_condition_that_cannot_be_answered_is_told_of_with_the_cure(condition: str, told: str) -> None:
    [line] = of_condition(condition)
    assert line.lstrip(": ").startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("segment = 1", "the file: has no table [[segment]]; give one"),
        ("[[segments]]\nid = 's'", "segments: is not known; rename [[segments]] to [[segment]]"),
        ("id = 's'\n[[segment]]\nall = []", "id: is in no segment; put it below a line [[segment]]"),
        ("[[segment]", "the file: is not TOML"),
        ("[[segment]]\nid = 'a b'\nall = [{ tag = 'x' }]", "segment[0].id: is 'a b'; give 1 to 64 letters"),
        ("[[segment]]\nall = [{ tag = 'x' }]", "segment[0].id: is missing"),
        ("[[segment]]\nid = 's'", "segment[0]: has no conditions; add all, any or none"),
        ("[[segment]]\nid = 's'\nmember = true\nall = [{ tag = 'x' }]", "segment[0].member: is not known"),
        ("[[segment]]\nid = 's'\nmembers = 1\nall = [{ tag = 'x' }]", "segment[0].members: is 1; give true"),
        ("[[segment]]\nid = 's'\nowner = 1\nall = [{ tag = 'x' }]", "segment[0].owner: is 1; give the team"),
    ],
)
def test_a_file_that_is_wrong_is_told_of(text: str, told: str) -> None:
    assert any(line.startswith(told) for line in mistakes(text)), mistakes(text)


def test_all_mistakes_are_told_at_once_and_a_name_that_is_there_twice_is_one() -> None:
    told = mistakes(
        "[[segment]]\nid = 's'\nall = [{ tag = 1 }, { region = 'x' }]\n[[segment]]\nid = 's'\nany = [{ tag = 'x' }]"
    )
    assert [line.partition(":")[0] for line in told] == [
        "segment[0].all[0].tag",
        "segment[0].all[1].region",
        "segment[1].id",
    ]


def test_groups_are_nested_so_deep_and_no_deeper() -> None:
    table: dict[str, object] = {"tag": "x"}
    for _ in range(DEEPEST):
        table = {"all": [table]}
    assert isinstance(read_segment({"id": "s"} | table), SegmentDefinition)
    found = read_segment({"id": "s", "all": [table]})
    assert isinstance(found, FileMistakes)
    assert found.found[0].problem == "is nested too deeply"


def test_a_file_has_so_many_segments_and_no_more() -> None:
    text = "".join(f"[[segment]]\nid = 's{number}'\nall = [{{ tag = 'x' }}]\n" for number in range(MOST_SEGMENTS + 1))
    assert mistakes(text) == [f"segment: are {MOST_SEGMENTS + 1:,}; define {MOST_SEGMENTS:,} at most"]


@pytest.mark.parametrize("text", ["[]", "{", '{"segment": []}', '{"segment": [1]}'])
def test_json_that_is_no_file_of_segments_is_told_of(text: str) -> None:
    assert isinstance(read_segments_json(text), FileMistakes)
