"""The form of rows says what the definition says, for every condition; what it cannot say it does not show."""

from hypothesis import event, given
from hypothesis import strategies as st

from streams.domain.file_mistakes import FileMistakes
from streams.domain.segments.conditions import KINDS
from streams.domain.segments.definition_files import read_segment, read_segments
from streams.services.console.segment_rows import (
    FIELDS,
    PLACES,
    ConditionRow,
    SegmentForm,
    changed_form,
    draft_of_form,
    form_of,
    form_table,
    read_form,
    row_numbers,
)
from tests.property.domain.segments.definitions import Table, read, tables


def posted(form: SegmentForm) -> dict[str, str]:
    """What is sent of a form that nobody touches."""
    said = {"id": form.id, "owner": form.owner, **({"members": "on"} if form.members else {})}
    for number, row in enumerate(form.rows):
        said |= {f"row-{number}-kind": row.kind, f"row-{number}-place": row.place}
        said |= {f"row-{number}-{name}": value for name, value in row.values.items()}
    return said


@given(tables(3))
def test_a_form_says_what_its_definition_says_or_there_is_none(found: list[Table]) -> None:
    for definition in read(found):
        form = form_of(definition)
        event(f"a form: {form is not None}")
        if form is not None:
            assert read_segment(form_table(read_form(posted(form)))) == definition
            assert read_segments(draft_of_form(form).text) == [definition]


def test_groups_within_groups_and_three_bounds_are_no_form() -> None:
    nested = read_segment({"id": "s", "all": [{"any": [{"tag": "host"}]}]})
    bounds = read_segment({"id": "s", "all": [{"gifts": "count", "at_least": 1, "above": 0, "below": 9}]})
    for definition in (nested, bounds):
        assert not isinstance(definition, FileMistakes)
        assert form_of(definition) is None


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(sorted(KINDS))), max_size=5), st.data())
def test_rows_are_added_at_the_end_and_taken_out_one_by_one(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    form: SegmentForm | None = SegmentForm("s")
    for place, kind in rows:
        assert form is not None
        form = changed_form(form, f"add:{place}", kind, "EUR")
    assert form is not None
    assert [(row.place, row.kind) for row in form.rows] == rows
    if rows:
        number = data.draw(st.integers(0, len(rows) - 1))
        less = changed_form(form, f"remove:{number}", "", "EUR")
        assert less is not None
        assert [(row.place, row.kind) for row in less.rows] == [*rows[:number], *rows[number + 1 :]]
    assert changed_form(form, "count", "gifts", "EUR") is None
    assert changed_form(form, "add:all", "nobody", "EUR") == changed_form(form, "remove:x", "", "EUR") == form


def test_what_is_typed_wrongly_stays_and_is_told_by_its_row() -> None:
    row = ConditionRow("none", "gifts", {"gifts": "sum", "within": "a year", "compare1": "above", "number1": "many"})
    form = SegmentForm("s", rows=(ConditionRow("all", "tag", {"tag": "host"}), row))
    assert row_numbers(form) == {"all[0]": 1, "none[0]": 2}
    found = read_segment(form_table(form))
    assert isinstance(found, FileMistakes)
    assert sorted(each.key for each in found.found) == ["none[0].above", "none[0].within"]
    assert read_form(posted(form)) == form


def test_every_condition_has_a_field_that_names_it_first() -> None:
    assert all(fields[0].name == head for head, fields in FIELDS.items())
    assert FIELDS.keys() == KINDS.keys()
