"""References are inlined within limits, and an edition changes with what is said and with nothing else."""

from typing import Any

from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import ChannelRules, channel_rules
from streams.domain.segments.conditions import Group, Reference, SegmentDefinition, Tag
from streams.domain.segments.definition_files import MOST_SEGMENTS, REFERENCE, read_segment
from streams.domain.segments.resolution import DEEPEST_REFERENCE, MOST_CONDITIONS, ResolvedSegments, leaves, resolve
from tests.unit.domain.segments.test_definition_files import is_coded

RULES = channel_rules(default_policy())


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
