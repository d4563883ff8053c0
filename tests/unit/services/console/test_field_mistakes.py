"""Every mistake of a form of rows is told at a field that the form has, in its own words, whatever was typed."""

import re

import pytest

from streams.domain.file_mistakes import FileMistake, FileMistakes
from streams.domain.messages import message
from streams.domain.segments.conditions import KINDS
from streams.domain.segments.definition_files import read_segment
from streams.services.console.field_mistakes import FieldMistake, field_mistakes
from streams.services.console.segment_rows import FIELDS, ConditionRow, SegmentForm, form_table, is_compared
from tests.unit.services.console.shown_texts import ROOM

FORM = (ROOM / "templates" / "segment_form.html").read_text(encoding="utf-8")


def mistakes(*rows: ConditionRow, id_: str = "s") -> list[FieldMistake]:
    form = SegmentForm(id_, "field", rows=rows)
    found = read_segment(form_table(form))
    return field_mistakes(found.found if isinstance(found, FileMistakes) else (), form)


def told(*rows: ConditionRow, id_: str = "s") -> list[tuple[int, str, str]]:
    return [(each.row, each.field, each.hint) for each in mistakes(*rows, id_=id_)]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("typed", ["", "?!", "a" * 200])
def test_no_mistake_of_a_row_is_told_in_words_of_the_file(kind: str, typed: str) -> None:
    values = {field.name: typed for field in FIELDS[kind] if field.control in ("text", "number")}
    if is_compared(kind):
        values |= {"compare1": "at_least", "number1": typed}
    hints = re.search(r"{% set hints = (.*?) %}", FORM)
    assert hints is not None
    for each in mistakes(ConditionRow("all", kind, values)):
        fields = {field.name for field in FIELDS[kind]} | {"number1", "number2"}
        assert each.field in fields, each
        if each.hint:
            assert f'"{each.hint}":' in hints[1]
        else:
            assert "docs/" not in each.shown.cure, each


def test_each_mistake_stands_at_the_field_that_has_it() -> None:
    gifts = {"gifts": "sum", "currency": "usd", "within": "a year", "compare1": "above", "number1": "many"}
    touches = {"within": "60 days", "compare1": "is", "number1": "2", "compare2": "at_most", "number2": "3"}
    assert told(ConditionRow("all", "gifts", gifts), ConditionRow("none", "touches", touches), id_="so many") == [
        (0, "id", "name"),
        (1, "within", "span"),
        (1, "number1", "amount"),
        (1, "currency", "currency"),
        (2, "touches", "choose"),
        (2, "within", "touches_known"),
    ]


def test_numbers_that_exclude_each_other_are_told_at_the_second() -> None:
    values = {"canvass": "attempts", "compare1": "at_least", "number1": "3", "compare2": "at_most", "number2": "2"}
    assert told(ConditionRow("all", "canvass", values)) == [(1, "number2", "nobody")]
    assert told(ConditionRow("all", "canvass", {"canvass": "attempts"})) == [(1, "number1", "compare")]
    assert told(ConditionRow("all", "canvass", {**values, "compare2": "is"})) == [(1, "number2", "exactly")]


def test_a_segment_that_is_not_defined_is_told_where_it_is_named() -> None:
    rows = (ConditionRow("all", "tag", {"tag": "a"}), ConditionRow("all", "segment", {"segment": "x"}))
    form = SegmentForm("s", rows=rows)
    problem = message("file_mistake.refers_to_unknown", name="x")
    cure = message("file_mistake.define_or_correct_near", near="y", reference=message("file_mistake.see", page="p"))
    [found] = field_mistakes([FileMistake("s", problem, cure)], form)
    assert (found.row, found.field, found.hint, found.near) == (2, "segment", "unknown", "y")
    assert found.target == "row-1-segment"


def test_a_form_without_rows_wants_a_condition() -> None:
    assert told() == [(0, "", "conditions")]
