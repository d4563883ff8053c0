"""Definitions of segments, their changes and what they select."""

from typing import Any

import pytest

from events.json_types import JSON
from streams.domain.file_mistakes import FileMistake, FileMistakes, Told
from streams.domain.messages import CodedMessage
from streams.domain.messages.reading_back import TEXT
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import ChannelRules, channel_rules
from streams.domain.pressure.known_by import is_known_otherwise
from streams.domain.segments.conditions import Gifts, Group, Opens, Reference, SegmentDefinition, Tag
from streams.domain.segments.definition_changes import (
    SegmentDefinitionChange,
    definition_changes,
    in_order_of_references,
    referring_to,
)
from streams.domain.segments.definition_files import (
    DEEPEST,
    MOST_SEGMENTS,
    REFERENCE,
    definition_toml,
    read_segment,
    read_segments,
    read_segments_json,
)
from streams.domain.segments.resolution import DEEPEST_REFERENCE, MOST_CONDITIONS, ResolvedSegments, leaves, resolve
from streams.domain.segments.roll_selections import beyond_the_roll, is_known_by_roll_alone
from tests.property.domain.segments.definitions import Table, read
from tests.unit.domain.contact.said import HOUR, NOON, Arrival, gift, profile_by_the_fold, profile_of, report, said


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


RULES = channel_rules(default_policy())
TAGGED: Table = {"id": "hosts", "all": [{"tag": "host"}]}
REFERRING: Table = {"id": "young-hosts", "all": [{"segment": "hosts"}, {"seen": "first", "within": "7d"}]}


def there(*tables: Table) -> dict[str, SegmentDefinition]:
    return {each.id: each for each in read([*tables])}


def changes(known: dict[str, SegmentDefinition], *tables: Table) -> list[SegmentDefinitionChange]:
    found = definition_changes(known, read([*tables]), RULES)
    assert isinstance(found, list)
    return found


def refused(known: dict[str, SegmentDefinition], *tables: Table) -> tuple[FileMistake, ...]:
    found = definition_changes(known, read([*tables]), RULES)
    assert isinstance(found, tuple)
    return found


def test_a_segment_is_new_changed_or_unchanged_and_judges_anew_only_if_it_says_something_else() -> None:
    owned = TAGGED | {"owner": "field"}
    another = {"id": "hosts", "all": [{"tag": "driver"}]}
    cases = ((there(), TAGGED), (there(TAGGED), TAGGED), (there(TAGGED), owned), (there(TAGGED), another))
    found = [each for known, table in cases for each in changes(known, table)]
    assert [(each.outcome, each.judges_anew) for each in found] == [
        ("new", True),
        ("unchanged", False),
        ("changed", False),
        ("changed", True),
    ]


def test_what_refers_to_nothing_is_a_mistake_with_its_cure_and_what_was_broken_before_is_not() -> None:
    [mistake] = refused(there(TAGGED), REFERRING | {"all": [{"segment": "hoats"}]})
    assert str(mistake) == (
        "young-hosts: refers to hoats, which is not defined; define it or correct its name; did you mean hosts? "
        "see docs/segments.md"
    )
    [change] = changes(there(REFERRING), {"id": "drivers", "all": [{"tag": "driver"}]})
    assert change.id == "drivers"


def test_a_change_after_which_another_segment_could_not_be_judged_is_a_mistake() -> None:
    circle = {"id": "hosts", "all": [{"segment": "young-hosts"}]}
    assert [each.key for each in refused(there(TAGGED, REFERRING), circle)] == [
        "hosts",
        "young-hosts",
    ]


def test_those_referred_to_are_written_first_and_named_when_they_are_to_go() -> None:
    both = read([REFERRING, TAGGED])
    assert [each.id for each in in_order_of_references(both)] == ["hosts", "young-hosts"]
    assert referring_to(["hosts"], there(TAGGED, REFERRING)) == {"hosts": ["young-hosts"]}
    assert referring_to(["hosts", "young-hosts"], there(TAGGED, REFERRING)) == {}


def definition(name: str, **groups: list[dict[str, Any]]) -> SegmentDefinition:
    found = read_segment({"id": name} | groups)
    assert not isinstance(found, FileMistakes), str(found)
    return found


def referring(name: str, *to: str) -> SegmentDefinition:
    return definition(name, all=[{"segment": other} for other in to])


def edition(rules: ChannelRules = RULES, **groups: list[dict[str, Any]]) -> str:
    return resolve([definition("s", **groups)], rules).segments["s"].edition


def told(resolution: ResolvedSegments) -> list[str]:
    assert all(is_coded(part) for each in resolution.mistakes for part in (each.wrong, each.remedy))
    return list(map(str, resolution.mistakes))


def test_a_reference_is_replaced_by_the_conditions_of_the_other_segment() -> None:
    tagged = definition("tagged", all=[{"tag": "host"}])
    found = resolve([referring("again", "tagged"), tagged], RULES)
    assert found.segments["again"].conditions == Group(all=(Group(all=(Tag(tag="host"),)),))
    assert found.segments["again"].edition == found.segments["tagged"].edition
    assert found.mistakes == ()


def test_a_segment_that_is_not_defined_is_told_of_and_so_is_whoever_needs_it() -> None:
    found = resolve([referring("a", "doners"), referring("b", "a"), definition("donors", all=[{"tag": "x"}])], RULES)
    assert [*found.segments] == ["donors"]
    assert told(found) == [
        "a: refers to doners, which is not defined; define it or correct its name; did you mean donors? " + REFERENCE,
        "b: refers to a, which has a mistake; correct a first: " + REFERENCE,
    ]


def test_a_circle_is_told_of_once_for_each_that_is_in_it() -> None:
    found = resolve([referring("a", "b"), referring("b", "c"), referring("c", "b"), referring("d", "d")], RULES)
    assert found.segments == {}
    assert [line.partition(";")[0] for line in told(found)] == [
        "a: refers to b, which has a mistake",
        "b: refers to itself: b → c → b",
        "c: refers to itself: c → b → c",
        "d: refers to itself: d → d",
    ]


def test_conditions_are_counted_with_those_that_are_referred_to() -> None:
    half = definition("half", any=[{"tag": f"t{number}"} for number in range(MOST_CONDITIONS // 2)])
    found = resolve([half, referring("whole", "half", "half"), referring("more", "whole", "half")], RULES)
    assert sorted(found.segments) == ["half", "whole"]
    assert len([*leaves(found.segments["whole"].conditions)]) == MOST_CONDITIONS
    assert told(found)[0].startswith(f"more: has {MOST_CONDITIONS * 3 // 2} conditions")


def test_many_references_to_references_do_not_multiply_in_memory() -> None:
    chain = [definition("s0", all=[{"tag": "x"}])]
    chain += [referring(f"s{number}", *[f"s{number - 1}"] * 8) for number in range(1, 100)]
    found = resolve(chain, RULES)
    assert sorted(found.segments) == ["s0", "s1", "s2"]


def test_references_are_so_deep_and_no_deeper() -> None:
    chain = [definition("s0", all=[{"tag": "x"}])]
    chain += [referring(f"s{number}", f"s{number - 1}") for number in range(1, 30)]
    assert len(resolve(chain, RULES).segments) == DEEPEST_REFERENCE


def test_of_too_many_segments_the_first_by_name_are_kept() -> None:
    many = [SegmentDefinition(f"s{number:04}", Group(all=(Tag(tag="x"),))) for number in range(MOST_SEGMENTS + 1)]
    found = resolve(many, RULES)
    assert len(found.segments) == MOST_SEGMENTS
    assert told(found) == [f"the file: has {MOST_SEGMENTS + 1:,} segments; define {MOST_SEGMENTS:,} at most"]


def test_spelling_makes_no_other_edition() -> None:
    week = edition(all=[{"gifts": "count", "within": "7d", "at_least": 1}])
    assert week == edition(all=[{"gifts": "count", "within": "168h", "above": 0}])
    assert week == edition(any=[{"all": [{"gifts": "count", "within": "7d", "above": 0}]}])
    assert week == edition(none=[{"none": [{"gifts": "count", "within": "7d", "above": 0}]}])
    assert edition(all=[{"gifts": "sum", "is": 1}]) == edition(all=[{"gifts": "sum", "currency": "USD", "is": 1}])
    assert edition(all=[{"support": [1, 2]}]) == edition(all=[{"support": [2, 1]}])


def test_a_policy_makes_another_edition_of_segments_that_ask_it_and_of_no_others() -> None:
    policy = default_policy()
    closures = policy.closures.model_copy(update={"needs_consent": ("text",)})
    other = channel_rules(policy.model_copy(update={"closures": closures}))
    asks: list[dict[str, Any]] = [{"channel": "text", "is": "open"}]
    assert edition(RULES, all=asks) != edition(other, all=asks)
    assert edition(RULES, all=[{"tag": "x"}]) == edition(other, all=[{"tag": "x"}])
    harmless = policy.model_copy(update={"closures": policy.closures.model_copy(update={"without_list": "allow"})})
    assert edition(RULES, all=asks) == edition(channel_rules(harmless), all=asks)


def test_a_reference_is_no_condition_of_its_own() -> None:
    assert [*leaves(referring("a", "b").conditions)] == [Reference(segment="b")]


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
