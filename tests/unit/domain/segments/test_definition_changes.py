"""What a file changes, what it would break, and in which order its segments are written."""

from streams.domain.file_mistakes import FileMistake
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_changes import (
    SegmentDefinitionChange,
    definition_changes,
    in_order_of_references,
    referring_to,
)
from tests.property.domain.segments.definitions import Table, read

RULES = channel_rules(default_policy())
TAGGED: Table = {"id": "hosts", "all": [{"tag": "host"}]}
REFERRING: Table = {"id": "young-hosts", "all": [{"segment": "hosts"}, {"seen": "first", "within": "7d"}]}


def there(*tables: Table) -> dict[str, SegmentDefinition]:
    return {each.id: each for each in read([*tables])}


def changes(known: dict[str, SegmentDefinition], *tables: Table) -> list[SegmentDefinitionChange]:
    found = definition_changes(known, read([*tables]), RULES)
    assert isinstance(found, list)
    return found


def mistakes(known: dict[str, SegmentDefinition], *tables: Table) -> tuple[FileMistake, ...]:
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
    [mistake] = mistakes(there(TAGGED), REFERRING | {"all": [{"segment": "hoats"}]})
    assert str(mistake) == (
        "young-hosts: refers to hoats, which is not defined; define it or correct its name; did you mean hosts? "
        "see docs/segments.md"
    )
    [change] = changes(there(REFERRING), {"id": "drivers", "all": [{"tag": "driver"}]})
    assert change.id == "drivers"


def test_a_change_after_which_another_segment_could_not_be_judged_is_a_mistake() -> None:
    circle = {"id": "hosts", "all": [{"segment": "young-hosts"}]}
    assert [each.key for each in mistakes(there(TAGGED, REFERRING), circle)] == ["hosts", "young-hosts"]


def test_those_referred_to_are_written_first_and_named_when_they_are_to_go() -> None:
    both = read([REFERRING, TAGGED])
    assert [each.id for each in in_order_of_references(both)] == ["hosts", "young-hosts"]
    assert referring_to(["hosts"], there(TAGGED, REFERRING)) == {"hosts": ["young-hosts"]}
    assert referring_to(["hosts", "young-hosts"], there(TAGGED, REFERRING)) == {}
