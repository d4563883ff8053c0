"""By what a segment chooses people, and what ads may not be directed by."""

import pytest

from streams.domain.advertising.criteria import criteria_of, special_conditions
from streams.domain.file_mistakes import FileMistakes
from streams.domain.segments.conditions import KINDS, SegmentDefinition
from streams.domain.segments.definition_files import read_segments

SEGMENTS = """
[[segment]]
id = "plain"
all = [{ region = "FR-75" }, { segment = "readers" }]

[[segment]]
id = "readers"
any = [{ opens = "human", at_least = 1 }, { all = [{ seen = "last", within = "30d" }] }]

[[segment]]
id = "supporters"
none = [{ any = [{ support = [4, 5] }] }, { tag = "host" }]

[[segment]]
id = "by-way"
all = [{ segment = "behind" }, { segment = "plain" }]

[[segment]]
id = "behind"
all = [{ segment = "supporters" }, { segment = "readers" }]
"""


def definitions() -> dict[str, SegmentDefinition]:
    found = read_segments(SEGMENTS)
    assert not isinstance(found, FileMistakes)
    return {each.id: each for each in found}


def test_a_segment_by_opinion_or_tags_is_special_however_deep_it_says_so() -> None:
    found = special_conditions("supporters", definitions())
    assert [(each.segment, each.said) for each in found] == [
        ("supporters", "support = [4, 5]"),
        ("supporters", "tag = 'host'"),
    ]
    assert special_conditions("by-way", definitions()) == found


def test_a_segment_by_other_things_is_not() -> None:
    assert special_conditions("plain", definitions()) == []


def test_support_and_tags_are_what_is_special() -> None:
    assert {head for head, kind in KINDS.items() if kind.is_special} == {"support", "tag"}


@pytest.mark.parametrize(
    ("segment", "told"),
    [("plain", ["plain", "readers"]), ("by-way", ["by-way", "behind", "plain", "readers", "supporters"])],
)
def test_the_criteria_are_the_definitions_of_all_that_it_refers_to(segment: str, told: list[str]) -> None:
    found = criteria_of(segment, definitions())
    assert [each["id"] for each in found] == told
    assert found[0]["all"][0] in ({"region": "FR-75"}, {"segment": "behind"})
